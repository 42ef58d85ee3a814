//! What is wrong with a schedule.

/// Why a text is no schedule of a secret's rotation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleFault {
    #[error("a schedule is rate(value unit) or cron(minutes hours day-of-month month day-of-week year)")]
    Form,
    #[error("a rate is a whole number and one of hour, hours, day, days")]
    Rate,
    #[error("a rate of 1 takes hour or day, any other one hours or days")]
    Plural,
    #[error("a rate is between 4 hours and 999 days")]
    RateBounds,
    #[error("a cron expression has six fields, {found} are given")]
    Fields { found: usize },
    #[error("the minutes must be 0: windows start on the hour")]
    Minutes,
    #[error("the year must be *")]
    Year,
    #[error("exactly one of day-of-month and day-of-week must be ?")]
    Days,
    #[error("{field}: {value} cannot stand there")]
    Field { field: &'static str, value: String },
    #[error("the expression never comes true")]
    Never,
    #[error("two windows would start less than 4 hours apart")]
    TooOften,
    #[error("AutomaticallyAfterDays is between 1 and 1000")]
    AfterDays,
    #[error("a duration is a number of hours from 1 to 24, such as 3h")]
    Duration,
    #[error("the window would reach past the end of its UTC day or into the next window")]
    TooLong,
}

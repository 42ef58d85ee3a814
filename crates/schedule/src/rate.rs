//! `rate(N hours)` and `rate(N days)`.

use crate::window::floor;
use crate::{DAY, GAP_HOURS_MIN, HOUR, ScheduleFault};
use keywright_types::Timestamp;

const DAYS_MAX: i64 = 999;

/// Every so many hours or days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rate {
    Hours(i64),
    Days(i64),
}

impl Rate {
    pub(crate) fn parse(inside: &str) -> Result<Self, ScheduleFault> {
        let mut words = inside.split(' ').filter(|word| !word.is_empty());
        let (Some(number), Some(unit), None) = (words.next(), words.next(), words.next()) else {
            return Err(ScheduleFault::Rate);
        };
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ScheduleFault::Rate);
        }
        let number: i64 = number.parse().map_err(|_| ScheduleFault::RateBounds)?;
        let (rate, is_plural) = match unit {
            "hour" => (Self::Hours(number), false),
            "hours" => (Self::Hours(number), true),
            "day" => (Self::Days(number), false),
            "days" => (Self::Days(number), true),
            _ => return Err(ScheduleFault::Rate),
        };
        if (number == 1) == is_plural {
            return Err(ScheduleFault::Plural);
        }
        match number > DAYS_MAX * 24 || !(GAP_HOURS_MIN..=DAYS_MAX * 24).contains(&rate.hours()) {
            true => Err(ScheduleFault::RateBounds),
            false => Ok(rate),
        }
    }

    pub(crate) const fn hours(self) -> i64 {
        match self {
            Self::Hours(hours) => hours,
            Self::Days(days) => days * 24,
        }
    }

    pub(crate) const fn counts_hours(self) -> bool {
        matches!(self, Self::Hours(_))
    }

    /// The first start after `after` on the grid that `anchor` lays.
    pub(crate) fn next_start(self, after: Timestamp, anchor: Timestamp) -> Timestamp {
        match self {
            Self::Hours(hours) => next_on_grid(after, anchor, hours * HOUR, HOUR),
            Self::Days(days) => next_on_grid(after, anchor, days * DAY, DAY),
        }
    }
}

/// The first of the instants `period` apart, counted from the unit in which `anchor` lies and without that one itself,
/// that is after `after`.
pub(crate) fn next_on_grid(after: Timestamp, anchor: Timestamp, period: i64, unit: i64) -> Timestamp {
    let base = floor(anchor.as_millis(), unit);
    let passed = (after.as_millis() - base).div_euclid(period);
    Timestamp::from_millis(base + (passed + 1).max(1) * period)
}

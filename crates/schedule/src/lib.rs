//! When a secret rotates: Secrets Manager's dialect of `rate()` and `cron()`, and the windows it opens.
//!
//! What: [`Schedule`] parses strictly and finds windows; [`Window`] is a stretch of time in which a rotation may run.
//! Why here: it is arithmetic on instants alone, so that years of schedules run in a test without a clock.
//!
//! Invariants
//! - Everything is UTC. Windows start on the hour and do not overlap.
//! - Two windows start at least four hours apart; what cannot keep that is refused when it is parsed.
//! - A window ends with its UTC day at the latest.
//!
//! Not here: what happens in a window (secrets), which node sees to it (server).
//! Source: Secrets Manager User Guide, "Schedule expressions"; API Reference, `RotationRulesType`.

mod cron;
mod fault;
mod rate;
#[cfg(test)]
mod tests;
mod window;

pub use fault::ScheduleFault;
pub use window::{Window, WindowLength};

use cron::Cron;
use keywright_types::Timestamp;
use rate::Rate;

pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;
/// The shortest time between the starts of two windows, in hours.
pub(crate) const GAP_HOURS_MIN: i64 = 4;

/// When windows open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Rate(Rate),
    Cron(Box<Cron>),
    /// `AutomaticallyAfterDays`: on the day that lies so many days after the last rotation.
    AfterDays(u32),
}

impl Schedule {
    /// Reads `rate(…)` or `cron(…)`.
    ///
    /// # Errors
    /// [`ScheduleFault`]: what is wrong, and in which field.
    pub fn parse(text: &str) -> Result<Self, ScheduleFault> {
        let inner = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        if let Some(inside) = inner("rate") {
            return Rate::parse(inside).map(|rate| Self(Kind::Rate(rate)));
        }
        if let Some(inside) = inner("cron") {
            return Cron::parse(inside).map(|cron| Self(Kind::Cron(Box::new(cron))));
        }
        Err(ScheduleFault::Form)
    }

    /// `days` days after each rotation, 1 to 1000.
    ///
    /// # Errors
    /// [`ScheduleFault::AfterDays`] outside of these.
    pub fn after_days(days: u32) -> Result<Self, ScheduleFault> {
        match days {
            1..=1000 => Ok(Self(Kind::AfterDays(days))),
            _ => Err(ScheduleFault::AfterDays),
        }
    }

    /// The first window that starts after `after`. `anchor` is when the secret was last rotated, or rotation was set up:
    /// from there rates are counted. None if none starts within eight years.
    #[must_use]
    pub fn next_window(
        &self,
        after: Timestamp,
        anchor: Timestamp,
        length: Option<WindowLength>,
    ) -> Option<Window> {
        let start = match &self.0 {
            Kind::Rate(rate) => rate.next_start(after, anchor),
            Kind::Cron(cron) => cron.next_start(after)?,
            Kind::AfterDays(days) => rate::next_on_grid(after, anchor, i64::from(*days) * DAY, DAY),
        };
        Some(self.window(start, length))
    }

    /// The window that is open at `at`: one that started within the day before.
    #[must_use]
    pub fn open_window(
        &self,
        at: Timestamp,
        anchor: Timestamp,
        length: Option<WindowLength>,
    ) -> Option<Window> {
        let mut from = Timestamp::from_millis(at.as_millis() - DAY);
        loop {
            let window = self.next_window(from, anchor, length)?;
            if window.start > at {
                return None;
            }
            if window.end > at {
                return Some(window);
            }
            from = window.start;
        }
    }

    /// Whether windows of this length fit: none reaches past its UTC day, nor into the next one.
    ///
    /// # Errors
    /// [`ScheduleFault::TooLong`].
    pub fn check_length(&self, length: WindowLength) -> Result<(), ScheduleFault> {
        let last_hour = match &self.0 {
            // An hour that a rate comes to may be any of the day.
            Kind::Rate(rate) if rate.counts_hours() => {
                return match i64::from(length.hours()) <= rate.hours().min(24) {
                    true => Ok(()),
                    false => Err(ScheduleFault::TooLong),
                };
            }
            Kind::Rate(_) | Kind::AfterDays(_) => 0,
            Kind::Cron(cron) => cron.last_hour(),
        };
        let fits_day = last_hour + length.hours() <= 24;
        let fits_gap = match &self.0 {
            Kind::Cron(cron) => cron.shortest_gap_hours().is_none_or(|gap| length.hours() <= gap),
            Kind::Rate(_) | Kind::AfterDays(_) => true,
        };
        if fits_day && fits_gap { Ok(()) } else { Err(ScheduleFault::TooLong) }
    }

    /// What DescribeSecret shows as `AutomaticallyAfterDays`: the days between two windows, rounded up, of a cron
    /// expression the longest such time within the next eight years from `now`.
    #[must_use]
    pub fn days_between(&self, now: Timestamp) -> u32 {
        let hours = match &self.0 {
            Kind::AfterDays(days) => return *days,
            Kind::Rate(rate) => rate.hours(),
            Kind::Cron(cron) => cron.longest_gap_hours(now),
        };
        u32::try_from((hours.max(1) + 23) / 24).unwrap_or(1000).min(1000)
    }

    fn window(&self, start: Timestamp, length: Option<WindowLength>) -> Window {
        let counts_hours = match &self.0 {
            Kind::Rate(rate) => rate.counts_hours(),
            Kind::Cron(cron) => cron.is_several_a_day(),
            Kind::AfterDays(_) => false,
        };
        let end_of_day = (start.as_millis().div_euclid(DAY) + 1) * DAY;
        let end = match length {
            Some(length) => start.as_millis() + i64::from(length.hours()) * HOUR,
            None if counts_hours => start.as_millis() + HOUR,
            None => end_of_day,
        };
        Window { start, end: Timestamp::from_millis(end.min(end_of_day)) }
    }
}

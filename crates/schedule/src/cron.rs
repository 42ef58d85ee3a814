//! `cron(0 hours day-of-month month day-of-week *)` in Secrets Manager's dialect.

use crate::{DAY, GAP_HOURS_MIN, HOUR, ScheduleFault};
use jiff::civil::Date;
use jiff::tz::Offset;
use keywright_types::Timestamp;

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// How far a next time is looked for: long enough for every 29 February but around 2100.
const DAYS_SEARCHED: i64 = 8 * 366;

/// A cron expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cron {
    /// Bit 0 to 23.
    hours: u32,
    /// Bit 1 to 12.
    months: u32,
    days: Days,
}

/// Which days of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    OfMonth {
        /// Bit 1 to 31.
        numbers: u32,
        /// `L`.
        last: bool,
        /// `<DAY>L`, as in `FRIL`: bit 1 is the last Sunday.
        last_weekdays: u32,
    },
    OfWeek {
        /// Bit 1 is Sunday.
        weekdays: u32,
        /// `L` behind a day: the last such day of the month.
        last: u32,
        /// `#`: bit 1 to 7 of the week's number minus one.
        nth: [u32; 5],
    },
}

/// One field's values and what stands between commas.
struct Field<'a> {
    name: &'static str,
    low: u32,
    high: u32,
    names: &'a [&'a str],
    /// The number of the first name.
    first_name: u32,
}

const HOURS: Field<'_> = Field { name: "hours", low: 0, high: 23, names: &[], first_name: 0 };
const DAYS_OF_MONTH: Field<'_> = Field { name: "day-of-month", low: 1, high: 31, names: &[], first_name: 0 };
const MONTH: Field<'_> = Field { name: "month", low: 1, high: 12, names: MONTHS, first_name: 1 };
const DAYS_OF_WEEK: Field<'_> =
    Field { name: "day-of-week", low: 1, high: 7, names: WEEKDAYS, first_name: 1 };

impl Field<'_> {
    fn fault(&self, value: &str) -> ScheduleFault {
        ScheduleFault::Field { field: self.name, value: value.to_owned() }
    }

    fn number(&self, text: &str) -> Result<u32, ScheduleFault> {
        if let Some(at) = self.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
            return Ok(u32::try_from(at).unwrap_or_default() + self.first_name);
        }
        let digits = !text.is_empty() && text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { None };
        number.filter(|number| (self.low..=self.high).contains(number)).ok_or_else(|| self.fault(text))
    }

    /// `a`, `a-b`, `*`, `a/n`, `*/n`, `/n`, `a-b/n`.
    fn item(&self, text: &str) -> Result<u32, ScheduleFault> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => {
                let step: u32 = step.parse().map_err(|_| self.fault(text))?;
                if step == 0 || step > self.high {
                    return Err(self.fault(text));
                }
                (range, Some(step))
            }
            None => (text, None),
        };
        let (from, to) = match range {
            "*" => (self.low, self.high),
            "" if step.is_some() => (self.low, self.high),
            range => match range.split_once('-') {
                Some((from, to)) => {
                    let (from, to) = (self.number(from)?, self.number(to)?);
                    if from > to {
                        return Err(self.fault(text));
                    }
                    (from, to)
                }
                None => {
                    let from = self.number(range)?;
                    (from, if step.is_some() { self.high } else { from })
                }
            },
        };
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(1);
        Ok((from..=to).step_by(step).fold(0, |bits, number| bits | 1 << number))
    }

    fn list(&self, text: &str) -> Result<u32, ScheduleFault> {
        text.split(',').try_fold(0, |bits, item| Ok(bits | self.item(item)?))
    }
}

impl Cron {
    pub(crate) fn parse(inside: &str) -> Result<Self, ScheduleFault> {
        let fields: Vec<&str> = inside.split(' ').filter(|field| !field.is_empty()).collect();
        let [minutes, hours, day_of_month, month, day_of_week, year] = fields[..] else {
            return Err(ScheduleFault::Fields { found: fields.len() });
        };
        if minutes != "0" {
            return Err(ScheduleFault::Minutes);
        }
        if year != "*" {
            return Err(ScheduleFault::Year);
        }
        // Only a step can name several hours: `/8`, `2/10`.
        if hours.contains(['-', ',', '*', '?']) {
            return Err(HOURS.fault(hours));
        }
        let days = match (day_of_month, day_of_week) {
            ("?", "?") => return Err(ScheduleFault::Days),
            (days, "?") => Days::month(days)?,
            ("?", days) => Days::week(days)?,
            _ => return Err(ScheduleFault::Days),
        };
        let months = if month == "?" { Err(MONTH.fault(month)) } else { MONTH.list(month) }?;
        let cron = Self { hours: HOURS.item(hours)?, months, days };
        if cron.shortest_gap_hours().is_some_and(|gap| i64::from(gap) < GAP_HOURS_MIN) {
            return Err(ScheduleFault::TooOften);
        }
        // The first day of a leap year's cycle: every month's every length is within eight years.
        match cron.next_start(Timestamp::from_seconds(946_684_800)) {
            Some(_) => Ok(cron),
            None => Err(ScheduleFault::Never),
        }
    }

    pub(crate) fn last_hour(&self) -> u32 {
        31 - self.hours.leading_zeros()
    }

    pub(crate) fn is_several_a_day(&self) -> bool {
        self.hours.count_ones() > 1
    }

    /// The shortest time between two starts, of which one may be tomorrow's; none with one start a day, which is a day.
    pub(crate) fn shortest_gap_hours(&self) -> Option<u32> {
        let hours: Vec<u32> = (0..24).filter(|hour| self.hours & (1 << hour) != 0).collect();
        let [first, .., last] = hours[..] else { return None };
        let within = hours.windows(2).map(|pair| pair[1] - pair[0]).min();
        // Tomorrow's first, where days can follow each other.
        let over_night = 24 - last + first;
        Some(within.map_or(over_night, |within| within.min(over_night)))
    }

    /// The first start after `after`.
    pub(crate) fn next_start(&self, after: Timestamp) -> Option<Timestamp> {
        let first_day = after.as_millis().div_euclid(DAY);
        (first_day..first_day + DAYS_SEARCHED).find_map(|day| {
            if !self.has(date_of(day)?) {
                return None;
            }
            (0..24)
                .filter(|hour| self.hours & (1 << hour) != 0)
                .map(|hour| Timestamp::from_millis(day * DAY + i64::from(hour) * HOUR))
                .find(|start| *start > after)
        })
    }

    /// The longest time between two starts within eight years of `now`.
    pub(crate) fn longest_gap_hours(&self, now: Timestamp) -> i64 {
        let (mut longest, mut at) = (0, now);
        let end = now.plus_days(8 * 366);
        let mut before: Option<Timestamp> = None;
        while let Some(start) = self.next_start(at).filter(|start| *start < end) {
            if let Some(before) = before {
                longest = longest.max((start.as_millis() - before.as_millis()) / HOUR);
            }
            before = Some(start);
            at = start;
        }
        longest
    }

    fn has(&self, date: Date) -> bool {
        let bit = |number: i8| 1_u32 << u32::try_from(number).unwrap_or_default();
        if self.months & bit(date.month()) == 0 {
            return false;
        }
        let weekday = bit(date.weekday().to_sunday_one_offset());
        let is_last_of_its_kind = date.day() + 7 > date.days_in_month();
        match &self.days {
            Days::OfMonth { numbers, last, last_weekdays } => {
                numbers & bit(date.day()) != 0
                    || (*last && date.day() == date.days_in_month())
                    || (is_last_of_its_kind && last_weekdays & weekday != 0)
            }
            Days::OfWeek { weekdays, last, nth } => {
                let week = usize::try_from((date.day() - 1) / 7).unwrap_or_default();
                weekdays & weekday != 0
                    || (is_last_of_its_kind && last & weekday != 0)
                    || nth.get(week).is_some_and(|days| days & weekday != 0)
            }
        }
    }
}

impl Days {
    fn month(text: &str) -> Result<Self, ScheduleFault> {
        let (mut numbers, mut last, mut last_weekdays) = (0, false, 0);
        for item in text.split(',') {
            match item.strip_suffix('L') {
                Some("") => last = true,
                Some(day) => {
                    let at = WEEKDAYS.iter().position(|name| name.eq_ignore_ascii_case(day));
                    let at = at.ok_or_else(|| DAYS_OF_MONTH.fault(item))?;
                    last_weekdays |= 1 << (at + 1);
                }
                None => numbers |= DAYS_OF_MONTH.item(item)?,
            }
        }
        Ok(Self::OfMonth { numbers, last, last_weekdays })
    }

    fn week(text: &str) -> Result<Self, ScheduleFault> {
        let (mut weekdays, mut last, mut nth) = (0, 0, [0; 5]);
        for item in text.split(',') {
            if let Some((day, number)) = item.split_once('#') {
                let day = DAYS_OF_WEEK.number(day)?;
                let number: usize = number.parse().map_err(|_| DAYS_OF_WEEK.fault(item))?;
                let slot = number.checked_sub(1).and_then(|at| nth.get_mut(at));
                *slot.ok_or_else(|| DAYS_OF_WEEK.fault(item))? |= 1 << day;
            } else if item == "L" {
                // Alone it is the last day of the week: Saturday.
                weekdays |= 1 << 7;
            } else if let Some(day) = item.strip_suffix('L') {
                last |= 1 << DAYS_OF_WEEK.number(day)?;
            } else {
                weekdays |= DAYS_OF_WEEK.item(item)?;
            }
        }
        Ok(Self::OfWeek { weekdays, last, nth })
    }
}

/// The date of a day since 1970.
fn date_of(day: i64) -> Option<Date> {
    let at = jiff::Timestamp::from_second(day.checked_mul(86_400)?).ok()?;
    Some(Offset::UTC.to_datetime(at).date())
}

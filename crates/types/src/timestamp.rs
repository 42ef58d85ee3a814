//! An instant, in whole milliseconds since 1970-01-01T00:00:00Z.

use std::fmt;
use std::time::Duration;

/// An instant with millisecond resolution. The wire shows it as epoch seconds with a fraction
/// (AWS JSON 1.1), the trail as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

const MILLIS_PER_DAY: i64 = 86_400_000;

impl Timestamp {
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    #[must_use]
    pub const fn plus_days(self, days: u32) -> Self {
        Self(self.0.saturating_add((days as i64).saturating_mul(MILLIS_PER_DAY)))
    }

    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Time from `earlier` to here; zero if `earlier` is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    fn zoned(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// RFC 3339 in UTC with whole seconds, as CloudTrail and EventBridge write it: `2026-11-23T10:00:00Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let at = jiff::tz::Offset::UTC.to_datetime(
            jiff::Timestamp::from_second(self.as_seconds()).unwrap_or(jiff::Timestamp::UNIX_EPOCH),
        );
        let Ok(year) = u16::try_from(at.year()) else { return at.to_string() + "Z" };
        // By hand, because every record has one and the general formatter takes ten times as long.
        let mut text = String::with_capacity(20);
        let mut two = |number: u16, after: &str| {
            for digit in [number / 10 % 10, number % 10] {
                text.push(char::from_digit(u32::from(digit), 10).unwrap_or('0'));
            }
            text.push_str(after);
        };
        let part = |number: i8| u16::from(number.unsigned_abs());
        two(year / 100, "");
        two(year % 100, "-");
        two(part(at.month()), "-");
        two(part(at.day()), "T");
        two(part(at.hour()), ":");
        two(part(at.minute()), ":");
        two(part(at.second()), "Z");
        text
    }

    /// RFC 3339 in UTC with milliseconds: `2026-11-23T10:00:00.125Z`.
    #[must_use]
    pub fn rfc3339_millis(self) -> String {
        self.zoned().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    }

    /// The basic form that SigV4 uses: `20261123T100000Z`.
    #[must_use]
    pub fn sigv4_basic(self) -> String {
        self.zoned().strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// The form CloudTrail gives dates inside `responseElements`: `Apr 12, 2021, 6:58:30 PM`.
    #[must_use]
    pub fn cloudtrail_text(self) -> String {
        self.zoned().strftime("%b %-d, %Y, %-I:%M:%S %p").to_string()
    }

    /// Parses the basic form that SigV4 uses, `20261123T100000Z`; `None` if it is not, or names no instant.
    #[must_use]
    pub fn parse_sigv4_basic(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
            return None;
        }
        let number = |from: usize, to: usize| {
            let digits = bytes.get(from..to)?;
            digits.iter().try_fold(0_i16, |number, byte| {
                byte.is_ascii_digit().then(|| number * 10 + i16::from(byte - b'0'))
            })
        };
        let small = |from: usize| number(from, from + 2).and_then(|number| i8::try_from(number).ok());
        let time = jiff::civil::DateTime::new(
            number(0, 4)?,
            small(4)?,
            small(6)?,
            small(9)?,
            small(11)?,
            small(13)?,
            0,
        );
        let instant = jiff::tz::Offset::UTC.to_timestamp(time.ok()?).ok()?;
        Some(Self(instant.as_millisecond()))
    }

    /// Parses RFC 3339; `None` if it is not.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Self(t.as_millisecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn forms() {
        // 1_618_253_910 is 2021-04-12T18:58:30Z (GNU date).
        let t = Timestamp::from_millis(1_618_253_910_125);
        assert_eq!(t.rfc3339(), "2021-04-12T18:58:30Z");
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_827_696, "2000-02-29T12:34:56Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            // Each by GNU date.
            assert_eq!(Timestamp::from_seconds(seconds).rfc3339(), text);
        }
        assert_eq!(t.rfc3339_millis(), "2021-04-12T18:58:30.125Z");
        assert_eq!(t.sigv4_basic(), "20210412T185830Z");
        assert_eq!(t.cloudtrail_text(), "Apr 12, 2021, 6:58:30 PM");
        assert_eq!(Timestamp::parse_rfc3339("2021-04-12T18:58:30.125Z"), Some(t));
        assert_eq!(
            Timestamp::parse_sigv4_basic("20210412T185830Z"),
            Some(Timestamp::from_seconds(1_618_253_910))
        );
        for text in [
            "20210412T185830",
            "20210412T185860Z",
            "20210230T000000Z",
            "2021041 T185830Z",
            "+0210412T185830Z",
        ] {
            assert_eq!(Timestamp::parse_sigv4_basic(text), None, "{text}");
        }
        assert_eq!(t.plus_days(1).rfc3339(), "2021-04-13T18:58:30Z");
    }
}

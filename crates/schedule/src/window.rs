//! Windows: stretches of time in which a rotation may run.

use crate::{HOUR, ScheduleFault};
use keywright_types::Timestamp;

/// From `start`, which belongs to it, to `end`, which does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub start: Timestamp,
    pub end: Timestamp,
}

impl Window {
    /// A moment within the window, in its first nine tenths, that depends on `seed` and the window alone: many secrets of
    /// one schedule do not rotate all at once, and every node comes to the same moment.
    #[must_use]
    pub fn moment(&self, seed: &[u8]) -> Timestamp {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in seed.iter().chain(&self.start.as_millis().to_be_bytes()) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        // FNV's high bits are weak for short seeds.
        hash ^= hash >> 32;
        let length = u64::try_from(self.end.as_millis() - self.start.as_millis()).unwrap_or(1);
        let within = i64::try_from(hash % (length * 9 / 10).max(1)).unwrap_or_default();
        Timestamp::from_millis(self.start.as_millis() + within)
    }

    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }
}

/// How long a window is: whole hours, 1 to 24.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowLength(u32);

impl WindowLength {
    /// Reads the API's `Duration`, such as `3h`.
    ///
    /// # Errors
    /// [`ScheduleFault::Duration`].
    pub fn parse(text: &str) -> Result<Self, ScheduleFault> {
        let digits = text.strip_suffix('h').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        match digits.and_then(|digits| digits.parse().ok()) {
            Some(hours @ 1..=24) => Ok(Self(hours)),
            Some(_) | None => Err(ScheduleFault::Duration),
        }
    }

    #[must_use]
    pub const fn hours(self) -> u32 {
        self.0
    }
}

/// The start of the hour.
pub(crate) fn floor(at: i64, unit: i64) -> i64 {
    debug_assert!(unit % HOUR == 0, "windows start on the hour");
    at.div_euclid(unit) * unit
}

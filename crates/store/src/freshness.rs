//! Whether what a node remembers may still be believed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Tells caches whether this node has lately heard of every change. Clones share the state.
#[derive(Debug, Clone)]
pub struct Freshness {
    heard: Option<Arc<Heard>>,
}

#[derive(Debug)]
struct Heard {
    /// Up to when every change is known here, in milliseconds of time since boot; 0 before the first time.
    until: AtomicU64,
    max_staleness: Duration,
}

impl Freshness {
    /// For a store that this process alone changes: what is remembered is exact.
    #[must_use]
    pub const fn exact() -> Self {
        Self { heard: None }
    }

    /// For a store that others change too: nothing is believed until changes were heard of, and no longer than
    /// `max_staleness` after.
    pub(crate) fn within(max_staleness: Duration) -> Self {
        Self { heard: Some(Arc::new(Heard { until: AtomicU64::new(0), max_staleness })) }
    }

    /// Whether what is remembered may be used.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.age().is_none_or(|age| self.heard.as_ref().is_some_and(|heard| age <= heard.max_staleness))
    }

    /// How long ago every change was known here; none if always, [`Duration::MAX`] if never.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        let heard = self.heard.as_ref()?;
        Some(match heard.until.load(Ordering::Acquire) {
            0 => Duration::MAX,
            until => Duration::from_millis(since_boot().saturating_sub(until)),
        })
    }

    /// Every change made until `at` is known here.
    pub(crate) fn heard_until(&self, at: u64) {
        if let Some(heard) = &self.heard {
            heard.until.fetch_max(at, Ordering::AcqRel);
        }
    }
}

/// Milliseconds since boot, the time of a sleep or suspend included: a node that slept must notice.
pub(crate) fn since_boot() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds * 1000 + nanos / 1_000_000 + 1
}

/// This machine's clock, in milliseconds since the epoch; compared with the database's, which no test can move.
#[expect(
    clippy::disallowed_methods,
    reason = "the service's clock may be moved by tests, the database's cannot"
)]
pub(crate) fn system_millis() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Freshness, since_boot};
    use std::time::Duration;

    #[test]
    fn nothing_is_believed_before_changes_were_heard_of_nor_too_long_after() {
        let freshness = Freshness::within(Duration::from_secs(60));
        assert!(!freshness.is_current());
        freshness.heard_until(since_boot());
        assert!(freshness.is_current());
        let old = Freshness::within(Duration::from_millis(500));
        old.heard_until(since_boot().saturating_sub(501));
        assert!(!old.is_current());
        assert!(Freshness::exact().is_current());
    }
}

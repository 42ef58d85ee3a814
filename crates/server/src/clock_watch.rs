//! The clock rules of destruction.
//!
//! A clock that jumps ahead, a machine that slept, a backup that was restored: none of them may destroy a
//! key at once. The store keeps a heartbeat; when more than an hour lies between it and now, destruction is
//! put on hold until 24 hours of uptime have been observed beyond the deadline. Rotation does not wait: a
//! rotation too early does no harm. A clock that went back is a warning, never a refusal.

use keywright_store::{Column as _, CommitError, Lease, RowVersion, Store, StoreError, WriteSet, row};
use keywright_types::Timestamp;
use std::time::Duration;

row! {
    /// The store's memory of time.
    #[derive(Debug, Clone)]
    pub struct ClockRow in "clock_watch" maced false {
        key { name: String }
        columns {
            heartbeat_at: Timestamp,
            /// Uptime still to be observed before anything is destroyed, in milliseconds.
            destruction_hold_millis: u64,
        }
    }
}

const NAME: &str = "heartbeat";
/// A longer silence than this is a gap.
const GAP: Duration = Duration::from_secs(60 * 60);
/// Uptime to observe after a gap.
const HOLD: Duration = Duration::from_secs(24 * 60 * 60);

/// What a heartbeat found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Beat {
    /// Whether keys whose time is over may be destroyed now.
    pub(crate) may_destroy: bool,
}

/// Notes that the service is alive at `now` and tells whether destruction is allowed.
///
/// # Errors
/// The store's; nothing may be destroyed then.
pub(crate) async fn beat(store: &Store, now: Timestamp, lease: &Lease) -> Result<Beat, BeatError> {
    let found = store.find::<ClockRow>(&[NAME.to_owned().to_value()]).await?;
    let mut writes = WriteSet::default();
    let (row, expected) = match found {
        None => (first(now), None),
        Some(found) => (next(&found.row, now), Some(found.version)),
    };
    let beat = Beat { may_destroy: row.destruction_hold_millis == 0 };
    write(&mut writes, &row, expected);
    writes.under(lease);
    store.commit(writes).await?;
    Ok(beat)
}

/// Why there was no heartbeat.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BeatError {
    #[error(transparent)]
    Read(#[from] StoreError),
    #[error(transparent)]
    Write(#[from] CommitError),
}

fn write(writes: &mut WriteSet, row: &ClockRow, expected: Option<RowVersion>) {
    match expected {
        Some(version) => writes.update(row, version),
        None => writes.insert(row),
    }
}

fn first(now: Timestamp) -> ClockRow {
    ClockRow { name: NAME.to_owned(), heartbeat_at: now, destruction_hold_millis: 0 }
}

/// The state after a heartbeat at `now`.
fn next(last: &ClockRow, now: Timestamp) -> ClockRow {
    let silence = now.since(last.heartbeat_at);
    let hold = Duration::from_millis(last.destruction_hold_millis);
    let hold = if silence > GAP {
        tracing::warn!(
            since = %last.heartbeat_at,
            "no heartbeat for more than an hour: keys whose deletion is due are kept for 24 hours of uptime"
        );
        HOLD
    } else {
        hold.saturating_sub(silence)
    };
    if now < last.heartbeat_at.minus(Duration::from_secs(60)) {
        tracing::warn!(last = %last.heartbeat_at, %now, "the system's clock went back");
    }
    ClockRow {
        name: NAME.to_owned(),
        heartbeat_at: now,
        destruction_hold_millis: u64::try_from(hold.as_millis()).unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::{ClockRow, first, next};
    use keywright_types::Timestamp;
    use std::time::Duration;

    const START: Timestamp = Timestamp::from_seconds(1_700_000_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn run(mut row: ClockRow, steps: usize, step: Duration) -> ClockRow {
        for _ in 0..steps {
            row = next(&row, row.heartbeat_at.plus(step));
        }
        row
    }

    #[test]
    fn a_steady_clock_never_holds_destruction() {
        assert_eq!(run(first(START), 1000, Duration::from_secs(1800)).destruction_hold_millis, 0);
    }

    #[test]
    fn a_gap_holds_destruction_for_a_day_of_observed_uptime() {
        let after_gap = next(&first(START), START.plus(HOUR * 24 * 30));
        assert_eq!(after_gap.destruction_hold_millis, 86_400_000);
        assert!(run(after_gap.clone(), 47, HOUR / 2).destruction_hold_millis > 0);
        assert_eq!(run(after_gap, 48, HOUR / 2).destruction_hold_millis, 0);
    }

    #[test]
    fn another_gap_starts_the_day_again_and_a_clock_going_back_does_not_shorten_it() {
        let half_way = run(next(&first(START), START.plus(HOUR * 2)), 24, HOUR / 2);
        assert_eq!(half_way.destruction_hold_millis, 43_200_000);
        let again = next(&half_way, half_way.heartbeat_at.plus(HOUR * 3));
        assert_eq!(again.destruction_hold_millis, 86_400_000);
        let back = next(&half_way, half_way.heartbeat_at.minus(HOUR));
        assert_eq!(back.destruction_hold_millis, 43_200_000);
    }
}

//! When a key was last used: noted in memory, written behind.
//!
//! A Decrypt must not cost a write. Uses are coalesced per key and flushed every few seconds by
//! `server::scheduler` and at stop; a kill loses at most those seconds of this observation (the trail
//! has every use).

use keywright_store::{WriteSet, row};
use keywright_types::{AccountId, EventId, KeyArn, KeyId, Region, RequestId, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

row! {
    #[derive(Debug, Clone)]
    pub struct LastUsageRow in "key_last_usage" maced false {
        key { account: AccountId, region: Region, key_id: KeyId }
        columns { operation: String, used_at: Timestamp, event_id: EventId, request_id: RequestId }
    }
}

/// The last use of one key.
#[derive(Debug, Clone, Copy)]
pub struct LastUse {
    pub operation: &'static str,
    pub used_at: Timestamp,
    pub event_id: EventId,
    pub request_id: RequestId,
}

/// Uses noted since the last flush; one entry per key, at most [`NOTED_MAX`].
#[derive(Debug, Default)]
pub struct LastUsage {
    uses: Mutex<Uses>,
}

#[derive(Debug, Default)]
struct Uses {
    noted: HashMap<KeyArn, LastUse>,
    /// Being written: still the newest known until they are in the store.
    in_flight: Arc<HashMap<KeyArn, LastUse>>,
}

/// Beyond this many keys used between two flushes, further ones are not noted until the next flush.
const NOTED_MAX: usize = 100_000;

/// Rows in one write set.
const ROWS_AT_ONCE: usize = 500;

impl LastUsage {
    pub fn note(&self, key: &KeyArn, last_use: LastUse) {
        let noted = &mut self.uses.lock().noted;
        if let Some(entry) = noted.get_mut(key) {
            *entry = last_use;
        } else if noted.len() < NOTED_MAX {
            noted.insert(key.clone(), last_use);
        }
    }

    /// The use noted here and not yet in the store.
    #[must_use]
    pub fn find(&self, key: &KeyArn) -> Option<LastUse> {
        let uses = self.uses.lock();
        uses.noted.get(key).or_else(|| uses.in_flight.get(key)).copied()
    }

    /// What was noted, as write sets of a bounded size, made one at a time. Once they are committed, or given up,
    /// [`LastUsage::flushed`] must be called.
    pub fn flush(&self) -> impl Iterator<Item = WriteSet> + Send + use<> {
        let in_flight = {
            let mut uses = self.uses.lock();
            uses.in_flight = Arc::new(std::mem::take(&mut uses.noted));
            Arc::clone(&uses.in_flight)
        };
        let keys: Vec<KeyArn> = in_flight.keys().cloned().collect();
        let mut at = 0;
        std::iter::from_fn(move || {
            let mut writes = WriteSet::default();
            for arn in keys.iter().skip(at).take(ROWS_AT_ONCE) {
                let last_use = in_flight.get(arn)?;
                let row = LastUsageRow {
                    account: arn.account,
                    region: arn.region.clone(),
                    key_id: arn.key_id,
                    operation: last_use.operation.to_owned(),
                    used_at: last_use.used_at,
                    event_id: last_use.event_id,
                    request_id: last_use.request_id,
                };
                writes.put_newest(&row, "used_at");
            }
            at += ROWS_AT_ONCE;
            (!writes.is_empty()).then_some(writes)
        })
    }

    /// What was being written is in the store now.
    pub fn flushed(&self) {
        self.uses.lock().in_flight = Arc::default();
    }
}

#[cfg(test)]
mod tests {
    use super::{LastUsage, LastUse};
    use keywright_types::{AccountId, EventId, KeyArn, KeyId, Region, RequestId, Timestamp};

    #[test]
    fn a_use_is_known_all_the_way_into_the_store() {
        let key = |byte| KeyArn {
            region: Region::from_store("eu-central-1"),
            account: AccountId::parse("111122223333").expect("an account"),
            key_id: KeyId::from_random([byte; 16]),
        };
        let use_at = |seconds| LastUse {
            operation: "Decrypt",
            used_at: Timestamp::from_seconds(seconds),
            event_id: EventId::from_random([1; 16]),
            request_id: RequestId::from_random([2; 16]),
        };
        let usage = LastUsage::default();
        let seen = |byte| usage.find(&key(byte)).map(|found| found.used_at.as_seconds());
        for byte in 0..200 {
            usage.note(&key(byte), use_at(1));
        }
        let flush = usage.flush();
        assert_eq!(seen(7), Some(1), "not yet in the store");
        usage.note(&key(7), use_at(2));
        assert_eq!(seen(7), Some(2));
        assert_eq!(flush.count(), 1);
        usage.flushed();
        assert_eq!((seen(7), seen(8)), (Some(2), None));
        assert_eq!(usage.flush().count(), 1);
        usage.flushed();
        assert_eq!(usage.flush().count(), 0, "nothing was used");
    }
}

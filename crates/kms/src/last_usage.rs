//! When a key was last used: noted in memory, written behind.
//!
//! A Decrypt must not cost a write. Uses are coalesced per key and flushed every few seconds by
//! `server::scheduler` and at stop; a kill loses at most those seconds of this observation (the trail
//! has every use).

use keywright_store::{WriteSet, row};
use keywright_types::{AccountId, EventId, KeyArn, KeyId, Region, RequestId, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;

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
    noted: Mutex<HashMap<KeyArn, LastUse>>,
}

/// Beyond this many keys used between two flushes, further ones are not noted until the next flush.
const NOTED_MAX: usize = 100_000;

/// Rows in one write set.
const ROWS_AT_ONCE: usize = 500;

impl LastUsage {
    pub fn note(&self, key: &KeyArn, last_use: LastUse) {
        let mut noted = self.noted.lock();
        if let Some(entry) = noted.get_mut(key) {
            *entry = last_use;
        } else if noted.len() < NOTED_MAX {
            noted.insert(key.clone(), last_use);
        }
    }

    /// The use noted here and not yet flushed.
    #[must_use]
    pub fn find(&self, key: &KeyArn) -> Option<LastUse> {
        self.noted.lock().get(key).copied()
    }

    /// What was noted, as write sets of a bounded size, made one at a time.
    pub fn drain(&self) -> impl Iterator<Item = WriteSet> + Send + use<> {
        let mut noted = std::mem::take(&mut *self.noted.lock()).into_iter();
        std::iter::from_fn(move || {
            let mut writes = WriteSet::default();
            for (arn, last_use) in noted.by_ref().take(ROWS_AT_ONCE) {
                writes.put(&LastUsageRow {
                    account: arn.account,
                    region: arn.region,
                    key_id: arn.key_id,
                    operation: last_use.operation.to_owned(),
                    used_at: last_use.used_at,
                    event_id: last_use.event_id,
                    request_id: last_use.request_id,
                });
            }
            (!writes.is_empty()).then_some(writes)
        })
    }
}

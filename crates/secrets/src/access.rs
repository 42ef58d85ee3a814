//! The day on which a secret and its versions were last read: noted in memory, written behind.
//!
//! Source: Secrets Manager API Reference, `LastAccessedDate`: a date, without a time.

use crate::secret::{Secret, SecretKey};
use keywright_store::{Column as _, Store, StoreError, WriteSet, row};
use keywright_types::{AccountId, Region, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

row! {
    /// The day of the last read of a version; with an empty version id, of the secret.
    #[derive(Debug, Clone)]
    pub struct AccessRow in "secret_access" maced false {
        key { account: AccountId, region: Region, name: String, version_id: String }
        columns { accessed_on: Timestamp }
    }
}

const DAY_MILLIS: i64 = 86_400_000;
/// Beyond this many versions read between two flushes, further ones are not noted until the next.
const NOTED_MAX: usize = 100_000;
/// Rows in one write set.
const ROWS_AT_ONCE: usize = 500;

/// Reads noted since the last flush. What was written on a day is not written again that day.
#[derive(Debug, Default)]
pub struct Access {
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    /// By ARN and version id; false once it is in the store.
    days: HashMap<(Arc<str>, String), Day>,
}

#[derive(Debug)]
struct Day {
    key: SecretKey,
    on: i64,
    is_written: bool,
}

fn day_of(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(DAY_MILLIS)
}

impl Access {
    pub fn note(&self, secret: &Secret, version_id: &str, at: Timestamp) {
        let on = day_of(at);
        let mut noted = self.noted.lock();
        for id in ["", version_id] {
            let name = (Arc::clone(&secret.arn), id.to_owned());
            let is_full = noted.days.len() >= NOTED_MAX;
            match noted.days.get_mut(&name) {
                Some(day) if day.on >= on => {}
                Some(day) => {
                    day.on = on;
                    day.is_written = false;
                }
                None if !is_full => {
                    let key = secret.row.secret_key();
                    noted.days.insert(name, Day { key, on, is_written: false });
                }
                None => {
                    // What is written is known to the store.
                    noted.days.retain(|_, day| !day.is_written);
                }
            }
        }
    }

    /// What was noted and is not in the store, as write sets of a bounded size.
    pub fn flush(&self) -> Vec<WriteSet> {
        let mut rows = Vec::new();
        for ((_, version_id), day) in &mut self.noted.lock().days {
            if !std::mem::replace(&mut day.is_written, true) {
                rows.push(AccessRow {
                    account: day.key.account,
                    region: day.key.region.clone(),
                    name: day.key.name.clone(),
                    version_id: version_id.clone(),
                    accessed_on: Timestamp::from_millis(day.on * DAY_MILLIS),
                });
            }
        }
        rows.chunks(ROWS_AT_ONCE)
            .map(|rows| {
                let mut writes = WriteSet::default();
                for row in rows {
                    writes.put_newest(row, "accessed_on");
                }
                writes
            })
            .collect()
    }

    /// A write set of [`Access::flush`] was not committed: everything of it is written at the next.
    pub fn not_flushed(&self) {
        for day in self.noted.lock().days.values_mut() {
            day.is_written = false;
        }
    }

    /// The day of the last read of a version, or of the secret under an empty id.
    ///
    /// # Errors
    /// The store's.
    pub async fn last(
        &self,
        store: &Store,
        secret: &Secret,
        version_id: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let name = (Arc::clone(&secret.arn), version_id.to_owned());
        let noted = self.noted.lock().days.get(&name).map(|day| Timestamp::from_millis(day.on * DAY_MILLIS));
        if noted.is_some() {
            return Ok(noted);
        }
        let [account, region, secret_name] = secret.row.secret_key().values();
        let found = store
            .find::<AccessRow>(&[account, region, secret_name, version_id.to_owned().to_value()])
            .await?;
        Ok(found.map(|stored| stored.row.accessed_on))
    }
}

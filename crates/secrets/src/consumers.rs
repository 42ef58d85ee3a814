//! Who reads a secret, and which version each of them has: so that nobody is surprised when the old one ends.
//!
//! Noted in memory at each read of a value and at each report of an agent, written behind, like the day of the last read.

use crate::secret::{Secret, SecretKey};
use keywright_store::{Store, StoreError, WriteSet, row};
use keywright_types::{AccountId, Region, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

row! {
    /// What a consumer had last. An observation.
    #[derive(Debug, Clone)]
    pub struct ConsumerRow in "secret_consumers" maced false {
        key { account: AccountId, region: Region, name: String, consumer: String }
        columns { version_id: String, seen_at: Timestamp }
    }
}

/// Noted between two flushes, at most; further ones are not noted until the next.
const NOTED_MAX: usize = 100_000;
const ROWS_AT_ONCE: usize = 500;
/// The consumers of one secret that are kept, the latest.
const KEPT: usize = 100;
/// Who read nothing for so long is no consumer any more.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The same version, seen again, is written no more often than this.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// What was seen since the last flush.
#[derive(Debug, Default)]
pub struct Consumers {
    noted: Mutex<HashMap<SecretAndConsumer, Seen>>,
}

/// The secret's identifier, and the consumer's name.
type SecretAndConsumer = (Arc<str>, Arc<str>);

#[derive(Debug)]
struct Seen {
    key: SecretKey,
    version_id: String,
    at: Timestamp,
    written_at: Option<Timestamp>,
}

impl Consumers {
    /// Notes that `consumer`, an ARN or an ARN and the name of an instance, has this version.
    pub fn note(&self, secret: &Secret, consumer: &str, version_id: &str, at: Timestamp) {
        let mut noted = self.noted.lock();
        let name: (Arc<str>, Arc<str>) = (Arc::clone(&secret.arn), consumer.into());
        if let Some(seen) = noted.get_mut(&name) {
            seen.at = at;
            if seen.version_id != version_id {
                version_id.clone_into(&mut seen.version_id);
                seen.written_at = None;
            }
            return;
        }
        if noted.len() >= NOTED_MAX {
            noted.retain(|_, seen| seen.written_at.is_none());
        }
        if noted.len() < NOTED_MAX {
            let key = secret.row.secret_key();
            noted.insert(name, Seen { key, version_id: version_id.to_owned(), at, written_at: None });
        }
    }

    /// What is news, as write sets of a bounded size.
    pub fn flush(&self) -> Vec<WriteSet> {
        let mut rows = Vec::new();
        for ((_, consumer), seen) in &mut *self.noted.lock() {
            if seen.written_at.is_some_and(|written| seen.at.since(written) < AGAIN_AFTER) {
                continue;
            }
            seen.written_at = Some(seen.at);
            rows.push(ConsumerRow {
                account: seen.key.account,
                region: seen.key.region.clone(),
                name: seen.key.name.clone(),
                consumer: consumer.to_string(),
                version_id: seen.version_id.clone(),
                seen_at: seen.at,
            });
        }
        rows.chunks(ROWS_AT_ONCE)
            .map(|rows| {
                let mut writes = WriteSet::default();
                for row in rows {
                    writes.put_newest(row, "seen_at");
                    let key = SecretKey {
                        account: row.account,
                        region: row.region.clone(),
                        name: row.name.clone(),
                    };
                    writes.keep_newest_children::<ConsumerRow>(key.values().to_vec(), "seen_at", KEPT);
                }
                writes
            })
            .collect()
    }

    /// A write set of [`Consumers::flush`] was not committed: everything is written at the next.
    pub fn not_flushed(&self) {
        for seen in self.noted.lock().values_mut() {
            seen.written_at = None;
        }
    }

    /// The consumers of a secret that were seen lately, as far as they are in the store or noted here.
    ///
    /// # Errors
    /// The store's.
    pub async fn find(
        &self,
        store: &Store,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Vec<ConsumerRow>, StoreError> {
        let rows = store
            .select::<ConsumerRow>(
                "WHERE account = $1 AND region = $2 AND name = $3 ORDER BY consumer",
                &secret.row.secret_key().values(),
            )
            .await?;
        let mut found: Vec<ConsumerRow> = rows.into_iter().map(|stored| stored.row).collect();
        for ((arn, consumer), seen) in &*self.noted.lock() {
            if *arn != secret.arn {
                continue;
            }
            match found.iter_mut().find(|row| row.consumer == **consumer) {
                Some(row) if row.seen_at <= seen.at => {
                    row.version_id.clone_from(&seen.version_id);
                    row.seen_at = seen.at;
                }
                Some(_) => {}
                None => found.push(ConsumerRow {
                    account: seen.key.account,
                    region: seen.key.region.clone(),
                    name: seen.key.name.clone(),
                    consumer: consumer.to_string(),
                    version_id: seen.version_id.clone(),
                    seen_at: seen.at,
                }),
            }
        }
        let since = now.minus(FORGOTTEN_AFTER);
        found.retain(|row| row.seen_at >= since && row.seen_at >= secret.row.created_at);
        found.sort_by(|one, two| one.consumer.cmp(&two.consumer));
        Ok(found)
    }
}

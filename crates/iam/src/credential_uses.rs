//! When access keys and roles were last used: noted in memory, written behind.
//!
//! A request must not cost a write for this. Uses are coalesced by name and flushed every few seconds by
//! `server::scheduler` and at stop; a kill loses at most those seconds of this observation (the trail has every use).

use keywright_auth::RequestContext;
use keywright_auth::identities::CredentialUseRow;
use keywright_store::WriteSet;
use keywright_types::{Principal, Region, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// The last use of one credential.
#[derive(Debug, Clone)]
struct LastUse {
    used_at: Timestamp,
    region: Region,
    /// The service's name in addresses, such as `kms`.
    service: &'static str,
}

/// Uses noted since the last flush; one entry for each access key, user or role, at most [`NOTED_MAX`].
#[derive(Debug, Default)]
pub struct CredentialUses {
    uses: Mutex<Uses>,
}

#[derive(Debug, Default)]
struct Uses {
    noted: HashMap<String, LastUse>,
    /// Being written: still the newest known until they are in the store.
    in_flight: Arc<HashMap<String, LastUse>>,
}

/// Beyond this many credentials used between two flushes, further ones are not noted until the next flush.
const NOTED_MAX: usize = 100_000;

/// Rows in one write set.
const ROWS_AT_ONCE: usize = 500;

impl CredentialUses {
    /// Notes what a request was signed with, once it is done: an access key, or the role behind a session.
    pub fn note(&self, request: &RequestContext, service: &'static str) {
        let caller = &request.caller;
        let name = match (&caller.principal, &caller.session) {
            (Principal::RoleSession { role_id, .. }, _) => role_id.as_str(),
            (Principal::Root { .. } | Principal::User { .. }, None) => caller.access_key_id.as_str(),
            // AWS, too, tells the last use of long-term access keys only.
            (Principal::Root { .. } | Principal::User { .. }, Some(_)) => return,
            (Principal::Federated { .. } | Principal::Service { .. }, _) => return,
        };
        self.note_use(name, request.received_at, &request.region, service);
    }

    fn note_use(&self, name: &str, used_at: Timestamp, region: &Region, service: &'static str) {
        let noted = &mut self.uses.lock().noted;
        if let Some(entry) = noted.get_mut(name) {
            // Requests end in another order than they came.
            if entry.used_at <= used_at {
                entry.used_at = used_at;
                entry.service = service;
                if entry.region != *region {
                    entry.region = region.clone();
                }
            }
        } else if noted.len() < NOTED_MAX {
            noted.insert(name.to_owned(), LastUse { used_at, region: region.clone(), service });
        }
    }

    /// The use noted here and not yet in the store.
    #[must_use]
    pub(crate) fn find(&self, name: &str) -> Option<CredentialUseRow> {
        let uses = self.uses.lock();
        let found = uses.noted.get(name).or_else(|| uses.in_flight.get(name))?;
        Some(row(name, found))
    }

    /// What was noted, as write sets of a bounded size, made one at a time. Once they are committed, or given up,
    /// [`CredentialUses::flushed`] must be called.
    pub fn flush(&self) -> impl Iterator<Item = WriteSet> + Send + use<> {
        let in_flight = {
            let mut uses = self.uses.lock();
            uses.in_flight = Arc::new(std::mem::take(&mut uses.noted));
            Arc::clone(&uses.in_flight)
        };
        let names: Vec<String> = in_flight.keys().cloned().collect();
        let mut at = 0;
        std::iter::from_fn(move || {
            let mut writes = WriteSet::default();
            for name in names.iter().skip(at).take(ROWS_AT_ONCE) {
                writes.put_newest(&row(name, in_flight.get(name)?), "used_at");
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

fn row(name: &str, last_use: &LastUse) -> CredentialUseRow {
    CredentialUseRow {
        name: name.to_owned(),
        used_at: last_use.used_at,
        region: last_use.region.as_str().to_owned(),
        service: last_use.service.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::CredentialUses;
    use keywright_types::{Region, Timestamp};

    #[test]
    fn a_use_is_known_all_the_way_into_the_store() {
        let uses = CredentialUses::default();
        let region = Region::from_store("eu-central-1");
        let note = |name: &str, seconds, service| {
            uses.note_use(name, Timestamp::from_seconds(seconds), &region, service);
        };
        let seen = |name| uses.find(name).map(|row| (row.used_at.as_seconds(), row.service));
        for number in 0..1_200 {
            note(&format!("AKIA{number}"), 1, "kms");
        }
        let flush = uses.flush();
        assert_eq!(seen("AKIA7"), Some((1, "kms".to_owned())), "not yet in the store");
        note("AKIA7", 3, "iam");
        note("AKIA7", 2, "kms");
        assert_eq!(seen("AKIA7"), Some((3, "iam".to_owned())), "the later one, whichever came first");
        assert_eq!(flush.count(), 3, "write sets of 500");
        uses.flushed();
        assert_eq!((seen("AKIA7").is_some(), seen("AKIA8")), (true, None));
        assert_eq!(uses.flush().count(), 1);
        uses.flushed();
        assert_eq!(uses.flush().count(), 0, "nothing was used");
    }
}

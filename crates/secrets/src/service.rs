//! The service's settings and caches, and how a name becomes a secret.

use crate::access::Access;
use crate::consumers::Consumers;
use crate::error::SecretsError;
use crate::secret::{Secret, SecretKey, SecretRow};
use crate::version::VersionRow;
use keywright_auth::{ServiceError as _, View};
use keywright_kms::Kms;
use keywright_rotators::Rotators;
use keywright_store::{Changes, Column as _, EntityCache, Store, StoreError, Value};
use keywright_types::{AccountId, Region, RegionSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Secrets kept in memory, at most, without their values.
const SECRETS_CACHED_MAX: usize = 100_000;
/// Sealed values kept in memory, at most, and how long such a one may be.
const VALUES_CACHED_MAX: usize = 50_000;
const CACHED_VALUE_BYTES_MAX: usize = 4096;

/// Names one sealing of one version: what is cached under it never changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Sealing {
    secret: Arc<str>,
    version_id: String,
    sealed: u32,
}

/// The secrets manager.
pub struct Secrets {
    pub kms: Arc<Kms>,
    pub regions: RegionSet,
    pub access: Access,
    pub consumers: Consumers,
    pub rotators: Arc<Rotators>,
    /// Told of every change of a secret, here or on another node.
    changed: Notify,
    is_stopping: AtomicBool,
    /// Wakes the rotation machine: there is something to do now.
    pub wake: Notify,
    secrets: EntityCache<SecretKey, Arc<Secret>>,
    /// Sealed: opening one takes a data key that KMS decrypts for the caller, each time.
    values: EntityCache<Sealing, Arc<VersionRow>>,
}

impl Secrets {
    /// Makes the service and has its caches follow the store's commits.
    #[must_use]
    pub fn new(kms: Arc<Kms>, rotators: Arc<Rotators>, store: &Store) -> Arc<Self> {
        let service = Arc::new(Self {
            regions: kms.regions.clone(),
            kms,
            access: Access::default(),
            consumers: Consumers::default(),
            changed: Notify::new(),
            is_stopping: AtomicBool::new(false),
            rotators,
            wake: Notify::new(),
            secrets: EntityCache::new(SECRETS_CACHED_MAX, store.freshness()),
            values: EntityCache::new(VALUES_CACHED_MAX, store.freshness()),
        });
        let following = Arc::downgrade(&service);
        store.observe(move |changes| {
            if let Some(service) = following.upgrade() {
                service.follow(changes);
            }
        });
        service
    }

    fn follow(&self, changes: Changes<'_>) {
        let Changes::Rows(changes) = changes else {
            self.secrets.forget_all();
            self.values.forget_all();
            self.changed.notify_waiters();
            return;
        };
        let of_secrets = changes.iter().any(|change| change.table.as_ref() == "secrets");
        for change in changes {
            if change.table.as_ref() != "secrets" {
                continue;
            }
            match change.key.as_slice() {
                [Value::Text(account), Value::Text(region), Value::Text(name)] => {
                    match AccountId::parse(account) {
                        Ok(account) => {
                            let region = Region::from_store(region);
                            self.secrets.forget(&SecretKey { account, region, name: name.clone() });
                        }
                        Err(_) => self.secrets.forget_all(),
                    }
                }
                _ => self.secrets.forget_all(),
            }
        }
        if of_secrets {
            self.changed.notify_waiters();
        }
    }

    /// What resolves at the next change of any secret.
    pub fn next_change(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Ends every wait for a change: the server stops.
    pub fn stop_waiting(&self) {
        self.is_stopping.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    /// The secret of that name. A store that other nodes change too is asked whether what is cached is still so: what a
    /// caller wrote there, it reads here.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer or the row was tampered with.
    pub async fn find(
        &self,
        view: View<'_, Self>,
        key: &SecretKey,
    ) -> Result<Option<Arc<Secret>>, StoreError> {
        if view.fresh {
            self.secrets.forget(key);
        } else if let Some(secret) = self.secrets.peek(key) {
            if !view.store.is_shared() || is_current(view.store, key, &secret).await? {
                return Ok(Some(secret));
            }
            self.secrets.forget(key);
        }
        self.secrets.get_or_load(key, load(view.store, key)).await
    }

    /// The sealed value of a version; none if it has none.
    ///
    /// # Errors
    /// As [`Secrets::find`].
    pub async fn find_value(
        &self,
        view: View<'_, Self>,
        secret: &Secret,
        version_id: &str,
    ) -> Result<Option<Arc<VersionRow>>, StoreError> {
        let load = async {
            let found = find_version(view.store, &secret.row.secret_key(), version_id).await?;
            Ok::<_, StoreError>(found.map(Arc::new))
        };
        let Some(version) = secret.versions().find(version_id) else { return load.await };
        if !version.has_value() {
            return Ok(None);
        }
        let name = Sealing {
            secret: Arc::clone(&secret.arn),
            version_id: version_id.to_owned(),
            sealed: version.sealed,
        };
        if let Some(found) = self.values.peek(&name) {
            return Ok(Some(found));
        }
        let found = load.await?;
        if let Some(found) = &found
            && found.value.len() <= CACHED_VALUE_BYTES_MAX
        {
            self.values.keep(name, Arc::clone(found));
        }
        Ok(found)
    }
}

async fn load(store: &Store, key: &SecretKey) -> Result<Option<Arc<Secret>>, StoreError> {
    let found = store.find::<SecretRow>(&key.values()).await?;
    found.map(|row| Secret::from_row(row).map(Arc::new)).transpose()
}

/// One indexed read, without the MAC: it only says whether to read again.
async fn is_current(store: &Store, key: &SecretKey, secret: &Secret) -> Result<bool, StoreError> {
    let rows = store
        .query(
            "secrets",
            "SELECT row_version FROM secrets WHERE account = $1 AND region = $2 AND name = $3",
            &key.values(),
        )
        .await?;
    let version: Option<i64> = rows.into_iter().next().map(|mut row| row.take()).transpose()?;
    Ok(version == Some(secret.version.number()))
}

/// The stored value of a version, past the cache.
pub(crate) async fn find_version(
    store: &Store,
    key: &SecretKey,
    version_id: &str,
) -> Result<Option<VersionRow>, StoreError> {
    let [account, region, name] = key.values();
    let found = store.find::<VersionRow>(&[account, region, name, version_id.to_owned().to_value()]).await?;
    Ok(found.map(|stored| stored.row))
}

/// A fault of the store, as this service tells it.
pub(crate) fn store_fault(fault: StoreError) -> SecretsError {
    SecretsError::from_store(fault)
}

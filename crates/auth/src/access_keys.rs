//! Access keys: who holds which secret, and the cache that verification uses.

use keywright_aws::sigv4::SigningKeys;
use keywright_crypto::{ColumnContext, Keyring, SealedColumn};
use keywright_store::{
    Changes, Column as _, EntityCache, Row as _, Store, StoreError, Tampering, Value, row,
};
use keywright_types::{AccessKeyId, AccountId, Principal, Rng, SecretText, Timestamp};
use std::sync::Arc;

row! {
    /// An access key as stored; the secret is sealed.
    pub struct AccessKeyRow in "access_keys" maced true {
        key { access_key_id: AccessKeyId }
        columns {
            account: AccountId,
            /// Whose key it is: `root` for the account's root user.
            principal: String,
            status: String,
            sealed_secret: Vec<u8>,
            created_at: Timestamp,
        }
    }
}

/// Whether an access key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessKeyStatus {
    Active,
    Inactive,
}

impl AccessKeyStatus {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        }
    }
}

const ROOT: &str = "root";

/// What verification needs of an access key.
pub struct Credential {
    pub access_key_id: AccessKeyId,
    pub account: AccountId,
    pub principal: Principal,
    /// The principal's text, made once.
    pub arn: Arc<str>,
    pub secret: SecretText,
    /// Derived from the secret; they go when it goes.
    pub signing_keys: SigningKeys,
}

impl AccessKeyRow {
    /// The row of a root user's active access key.
    pub fn root(
        access_key_id: AccessKeyId,
        account: AccountId,
        secret: &SecretText,
        keyring: &Keyring,
        rng: &dyn Rng,
        now: Timestamp,
    ) -> Self {
        let id = access_key_id.to_string();
        let sealed = keyring.seal_column(&column(&id), secret.expose().as_bytes(), rng);
        Self {
            access_key_id,
            account,
            principal: ROOT.to_owned(),
            status: AccessKeyStatus::Active.as_str().to_owned(),
            sealed_secret: sealed.to_bytes(),
            created_at: now,
        }
    }

    /// The credential, if the key is active.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] when the secret does not open, [`StoreError::Corrupt`] for a principal
    /// that this program does not know.
    pub fn open(&self, keyring: &Keyring) -> Result<Option<Credential>, StoreError> {
        if self.status != AccessKeyStatus::Active.as_str() {
            return Ok(None);
        }
        let tampered = || StoreError::Tampered {
            table: Self::TABLE.name,
            key: self.access_key_id.to_string(),
            how: Tampering::Changed,
        };
        let sealed = SealedColumn::from_bytes(&self.sealed_secret).ok_or_else(tampered)?;
        let id = self.access_key_id.to_string();
        let secret = keyring.open_column(&column(&id), &sealed).map_err(|_| tampered())?;
        let secret = std::str::from_utf8(secret.expose()).map_err(|_| tampered())?.to_owned();
        let principal = match self.principal.as_str() {
            ROOT => Principal::Root { account: self.account },
            _ => return Err(StoreError::Corrupt { table: Self::TABLE.name, column: 2, wanted: "principal" }),
        };
        Ok(Some(Credential {
            access_key_id: self.access_key_id.clone(),
            account: self.account,
            arn: Arc::from(principal.to_string()),
            principal,
            secret: SecretText::new(secret),
            signing_keys: SigningKeys::default(),
        }))
    }
}

fn column(access_key_id: &str) -> ColumnContext<'_> {
    ColumnContext { table: "access_keys", row_id: access_key_id, column: "sealed_secret" }
}

/// The access keys in use, unsealed, at most a bounded number of them.
pub struct AccessKeys {
    cache: EntityCache<AccessKeyId, Arc<Credential>>,
}

const CACHED_MAX: usize = 10_000;

impl AccessKeys {
    /// Makes the cache and has it follow the store's commits: a changed access key is forgotten, and what was
    /// derived from its secret with it.
    pub fn new(store: &Store) -> Arc<Self> {
        let keys = Arc::new(Self { cache: EntityCache::new(CACHED_MAX, store.freshness()) });
        let following = Arc::downgrade(&keys);
        store.observe(move |changes| {
            let Some(keys) = following.upgrade() else { return };
            let Changes::Rows(changes) = changes else { return keys.cache.forget_all() };
            for change in changes.iter().filter(|change| change.table == AccessKeyRow::TABLE.name) {
                if let [Value::Text(id)] = change.key.as_slice()
                    && let Ok(id) = AccessKeyId::parse(id)
                {
                    keys.cache.forget(&id);
                }
            }
        });
        keys
    }

    /// The credential of an active access key.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer or the row was tampered with.
    pub async fn find(
        &self,
        store: &Store,
        keyring: &Keyring,
        id: &AccessKeyId,
    ) -> Result<Option<Arc<Credential>>, StoreError> {
        if let Some(credential) = self.cache.peek(id) {
            return Ok(Some(credential));
        }
        self.cache
            .get_or_load(id, async {
                match store.find::<AccessKeyRow>(&[id.to_value()]).await? {
                    Some(stored) => Ok(stored.row.open(keyring)?.map(Arc::new)),
                    None => Ok(None),
                }
            })
            .await
    }
}

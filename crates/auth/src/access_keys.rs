//! Access keys: who holds which secret, and the cache that verification uses.

use keywright_aws::sigv4::SigningKeys;
use keywright_crypto::{ColumnContext, Keyring, SealedColumn};
use keywright_store::{
    Changes, Column as _, EntityCache, Row as _, Store, StoreError, Tampering, Value, row,
};
use keywright_types::{AccessKeyId, AccountId, Principal, Rng, SecretText, Timestamp, UniqueId};
use std::sync::Arc;
use zeroize::Zeroize as _;

row! {
    /// An access key as stored; the secret is sealed.
    #[derive(Clone)]
    pub struct AccessKeyRow in "access_keys" maced true {
        key { access_key_id: AccessKeyId }
        columns {
            account: AccountId,
            /// Whose key it is: `root` for the account's root user, else a user's unique id.
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
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        }
    }
}

/// Whose access keys, MFA devices and passwords are the root user's.
pub const ROOT: &str = "root";

/// What verification needs of an access key.
pub struct Credential {
    pub access_key_id: AccessKeyId,
    /// Whose it is; a user's name is looked up when it acts.
    pub principal: Principal,
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
        Self::of(ROOT.to_owned(), access_key_id, account, secret, keyring, rng, now)
    }

    /// The row of a new, active access key of a user ([`ROOT`] or a unique id).
    pub fn of(
        principal: String,
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
            principal,
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
        let account = self.account;
        let corrupt = |_| StoreError::Corrupt { table: Self::TABLE.name, column: 2, wanted: "principal" };
        let principal = match self.principal.as_str() {
            ROOT => Principal::Root { account },
            id => Principal::User {
                account,
                user_id: UniqueId::parse(id).map_err(corrupt)?,
                name: "".into(),
                arn: "".into(),
            },
        };
        Ok(Some(Credential {
            access_key_id: self.access_key_id.clone(),
            principal,
            secret: SecretText::new(secret),
            signing_keys: SigningKeys::default(),
        }))
    }
}

/// A new access key id: the prefix and sixteen characters.
#[must_use]
pub fn new_id(prefix: &str, rng: &dyn Rng) -> AccessKeyId {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let random: [u8; 16] = rng.array();
    let id: String = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
    AccessKeyId::parse(&format!("{prefix}{id}")).expect("twenty characters of the alphabet")
}

/// A new secret access key: forty characters of base64's alphabet, 240 random bits.
#[must_use]
pub fn new_secret(rng: &dyn Rng) -> SecretText {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut random: [u8; 40] = rng.array();
    let text: String = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 63)])).collect();
    random.zeroize();
    SecretText::new(text)
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
        fresh: bool,
    ) -> Result<Option<Arc<Credential>>, StoreError> {
        if fresh {
            self.cache.forget(id);
        } else if let Some(credential) = self.cache.peek(id) {
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

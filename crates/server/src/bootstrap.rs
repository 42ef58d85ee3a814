//! The first start: store id, root key, account, root credential. And every later one: opening them.

use crate::config::{Config, StoreChoice};
use crate::error::StartError;
use keywright_auth::{AccessKeyRow, AccountRow};
use keywright_crypto::{FileSeal, KeyPurpose, Keyring, KeyringError, RootKey, SealError, SealedKey};
use keywright_store::{Column as _, CommitError, Store, WriteSet, row};
use keywright_types::{AccessKeyId, AccountId, Clock, Rng, SecretText, StoreId, Timestamp};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

row! {
    /// Facts about the store itself.
    #[derive(Debug, Clone)]
    pub struct MetaRow in "store_meta" maced false {
        key { name: String }
        columns { value: String }
    }
}

row! {
    /// A key of the hierarchy, wrapped under the root key; what it opens is authenticated by its wrapping.
    pub struct SealedKeyRow in "sealed_keys" maced false {
        key { purpose: String, epoch: u32 }
        columns { wrapped: Vec<u8>, created_at: Timestamp }
    }
}

const STORE_ID: &str = "store_id";
const ACCOUNT: &str = "account";
/// The Region that the printed credentials profile names.
const DEFAULT_REGION: &str = "us-east-1";

/// The root user's key pair given by the operator in the environment.
pub struct RootCredential {
    pub access_key_id: AccessKeyId,
    pub secret: SecretText,
}

impl RootCredential {
    /// From `KEYWRIGHT_ROOT_ACCESS_KEY_ID` and `KEYWRIGHT_ROOT_SECRET_ACCESS_KEY`; none if neither is set.
    ///
    /// # Errors
    /// [`StartError::RootCredentialGiven`] if one is missing or does not fit.
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, StartError> {
        const ID: &str = "KEYWRIGHT_ROOT_ACCESS_KEY_ID";
        const SECRET: &str = "KEYWRIGHT_ROOT_SECRET_ACCESS_KEY";
        let problem = |name, problem| StartError::RootCredentialGiven { name, problem };
        match (lookup(ID), lookup(SECRET).map(SecretText::new)) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(problem(SECRET, "it goes with the access key id and is not set")),
            (None, Some(_)) => Err(problem(ID, "it goes with the secret and is not set")),
            (Some(id), Some(secret)) => {
                let access_key_id = AccessKeyId::parse(&id)
                    .map_err(|_| problem(ID, "16 to 128 letters, digits and underscores are wanted"))?;
                if secret.len() < 32 {
                    return Err(problem(SECRET, "at least 32 characters are wanted"));
                }
                Ok(Some(Self { access_key_id, secret }))
            }
        }
    }
}

/// What a start found or made.
pub struct Bootstrap {
    pub store: Store,
    pub keyring: Keyring,
    pub account: AccountId,
    /// Whether this start made the store.
    pub initialised: bool,
    /// Where the generated root credential is; none when the operator gave one.
    pub credentials_file: Option<PathBuf>,
}

/// Opens the store, or makes everything on an empty one.
///
/// # Errors
/// [`StartError`]; on a store that has data nothing is changed.
pub async fn initialise(
    config: &Config,
    store: Store,
    clock: &dyn Clock,
    rng: &dyn Rng,
    given: Option<RootCredential>,
) -> Result<Bootstrap, StartError> {
    let id_row = [STORE_ID.to_owned().to_value()];
    if store.find::<MetaRow>(&id_row).await?.is_some() {
        return open(config, store, clock, rng, given).await;
    }
    // Of several nodes that find the store empty, one makes it; the others wait here and open it.
    let alone = store.bootstrapping().await?;
    let made = match store.find::<MetaRow>(&id_row).await? {
        Some(_) => open(config, store, clock, rng, given).await,
        None => create(config, store, clock, rng, given).await,
    };
    drop(alone);
    made
}

/// The store's name for messages.
pub(crate) fn named(config: &Config) -> String {
    match &config.store {
        StoreChoice::Sqlite => config.data.display().to_string(),
        StoreChoice::Postgres(options) => options.to_string(),
    }
}

async fn create(
    config: &Config,
    store: Store,
    clock: &dyn Clock,
    rng: &dyn Rng,
    given: Option<RootCredential>,
) -> Result<Bootstrap, StartError> {
    let now = clock.now();
    // A root key that is already there was put there for this store (or by a start that died before its
    // commit): it is used, never replaced.
    let root = match FileSeal::open(&config.seal_file) {
        Ok(root) => root,
        Err(SealError::NotFound { .. }) => {
            let root = RootKey::generate(rng);
            FileSeal::create(&config.seal_file, &root)?;
            root
        }
        Err(fault) => return Err(fault.into()),
    };
    let store_id = StoreId::from_random(rng.array());
    let (keyring, sealed) = Keyring::create(&root, store_id, rng);
    store.unlock(keyring.row_mac());
    let account = config.account_id.unwrap_or_else(|| AccountId::from_random(rng.array()));
    let credentials_file = given.is_none().then(|| config.data.join("root-credentials"));
    let credential = match given {
        Some(given) => given,
        None => generate_credential(rng),
    };
    if let Some(path) = &credentials_file {
        write_credentials(path, &credential, config)
            .map_err(|cause| StartError::Credential { path: path.clone(), cause })?;
    }
    let mut writes = WriteSet::default();
    writes.insert(&MetaRow { name: STORE_ID.to_owned(), value: store_id.to_string() });
    writes.insert(&MetaRow { name: ACCOUNT.to_owned(), value: account.to_string() });
    for key in sealed {
        writes.insert(&SealedKeyRow {
            purpose: key.purpose.as_str().to_owned(),
            epoch: key.epoch,
            wrapped: key.wrapped,
            created_at: now,
        });
    }
    writes.insert(&AccountRow { account, created_at: now, alias: None, password_policy: None });
    let row = AccessKeyRow::root(credential.access_key_id, account, &credential.secret, &keyring, rng, now);
    writes.insert(&row);
    store.commit(writes).await?;
    Ok(Bootstrap { store, keyring, account, initialised: true, credentials_file })
}

/// Opens the keys of a store that was made before.
///
/// # Errors
/// [`StartError`]: the store was never made, or its root key is not at hand.
pub async fn open_keyring(config: &Config, store: &Store) -> Result<Keyring, StartError> {
    let meta = store.find::<MetaRow>(&[STORE_ID.to_owned().to_value()]).await?;
    let meta = meta.ok_or_else(|| StartError::NeverMade { store: named(config) })?;
    let root = FileSeal::open(&config.seal_file).map_err(|fault| match fault {
        SealError::NotFound { .. } => {
            StartError::RootKeyMissing { store: named(config), seal_file: config.seal_file.clone() }
        }
        other => other.into(),
    })?;
    let store_id = StoreId::parse(&meta.row.value).map_err(|_| keywright_store::StoreError::Corrupt {
        table: "store_meta",
        column: 1,
        wanted: "store id",
    })?;
    let rows = store.select::<SealedKeyRow>("ORDER BY purpose, epoch", &[]).await?;
    let mut sealed = Vec::with_capacity(rows.len());
    for stored in rows {
        let purpose = KeyPurpose::parse(&stored.row.purpose).ok_or(keywright_store::StoreError::Corrupt {
            table: "sealed_keys",
            column: 0,
            wanted: "key purpose",
        })?;
        sealed.push(SealedKey { purpose, epoch: stored.row.epoch, wrapped: stored.row.wrapped });
    }
    Keyring::open(&root, store_id, &sealed).map_err(|fault| match fault {
        KeyringError::ForeignRootKey => {
            StartError::ForeignRootKey { store: named(config), seal_file: config.seal_file.clone() }
        }
        other => StartError::Keyring(other),
    })
}

async fn open(
    config: &Config,
    store: Store,
    clock: &dyn Clock,
    rng: &dyn Rng,
    given: Option<RootCredential>,
) -> Result<Bootstrap, StartError> {
    let keyring = open_keyring(config, &store).await?;
    store.unlock(keyring.row_mac());
    let account = store
        .find::<MetaRow>(&[ACCOUNT.to_owned().to_value()])
        .await?
        .and_then(|meta| AccountId::parse(&meta.row.value).ok())
        .ok_or(keywright_store::StoreError::Corrupt {
            table: "store_meta",
            column: 1,
            wanted: "account id",
        })?;
    if let Some(wanted) = config.account_id
        && wanted != account
    {
        return Err(StartError::OtherAccount { found: account.to_string(), wanted: wanted.to_string() });
    }
    if let Some(given) = given {
        let replaced = replace_root_credential(&store, account, &given, &keyring, clock, rng).await;
        match replaced {
            // Another node that starts now has the same pair to put in place.
            Err(StartError::Commit(CommitError::Conflict)) => {
                replace_root_credential(&store, account, &given, &keyring, clock, rng).await?;
            }
            other => other?,
        }
    }
    let credentials_file = Some(config.data.join("root-credentials")).filter(|path| path.exists());
    Ok(Bootstrap { store, keyring, account, initialised: false, credentials_file })
}

/// The operator's pair becomes the root user's, and the pairs before it end.
async fn replace_root_credential(
    store: &Store,
    account: AccountId,
    given: &RootCredential,
    keyring: &Keyring,
    clock: &dyn Clock,
    rng: &dyn Rng,
) -> Result<(), StartError> {
    let rows = store
        .select::<AccessKeyRow>(
            "WHERE account = $1 AND principal = $2",
            &[account.to_value(), "root".to_owned().to_value()],
        )
        .await?;
    for stored in &rows {
        if let Some(current) = stored.row.open(keyring)?
            && current.access_key_id == given.access_key_id
            && current.secret == given.secret
            && rows.len() == 1
        {
            return Ok(());
        }
    }
    let mut writes = WriteSet::default();
    let new =
        AccessKeyRow::root(given.access_key_id.clone(), account, &given.secret, keyring, rng, clock.now());
    let mut inserted = false;
    for stored in rows {
        if stored.row.access_key_id == new.access_key_id {
            writes.update(&new, stored.version);
            inserted = true;
        } else {
            writes.delete(&stored);
        }
    }
    if !inserted {
        writes.insert(&new);
    }
    store.commit(writes).await?;
    tracing::warn!(access_key_id = %new.access_key_id, "the root credential was replaced by the one in the environment");
    Ok(())
}

fn generate_credential(rng: &dyn Rng) -> RootCredential {
    RootCredential {
        access_key_id: keywright_auth::new_id("AKIA", rng),
        secret: keywright_auth::new_secret(rng),
    }
}

/// Writes the pair as an AWS credentials file that `AWS_SHARED_CREDENTIALS_FILE` can name.
fn write_credentials(path: &Path, credential: &RootCredential, config: &Config) -> std::io::Result<()> {
    // Left by a first start that died before its commit: that pair was never valid.
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
        Err(cause) => return Err(cause),
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut text = zeroize::Zeroizing::new(String::new());
    text.push_str("[keywright]\naws_access_key_id = ");
    text.push_str(credential.access_key_id.as_str());
    text.push_str("\naws_secret_access_key = ");
    text.push_str(credential.secret.expose());
    text.push_str(&format!("\nregion = {DEFAULT_REGION}\nendpoint_url = http://{}\n", config.listen));
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    match path.parent() {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

//! Second factors: MFA devices, whose they are, and whether a code is theirs.
//!
//! What: a device under the serial number that a caller gave; the user (or root user) that it belongs to; the check of
//! one code, and of two in a row that set a device's clock right.
//! Why here: EnableMFADevice, ResyncMFADevice and STS ask the same questions and must get the same answers.
//!
//! Invariants
//! - A code is accepted once: the device's row with the step that was used is written with what the code was used for.
//! - Whether MFA is on stands in the user's own row (`mfa_serials`) and nowhere else: a device's row that is gone makes
//!   its codes wrong, never unneeded.
//! - A device counts only if its row and its user's row name each other.
//! - A right code after too many wrong ones is as wrong as they were, and looks the same.
//!
//! Source: RFC 6238; IAM User Guide, "AWS Multi-factor authentication in IAM".

use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use crate::tags;
use keywright_auth::identities::{Json, MfaDeviceRow, UserRow, find_user_by_id};
use keywright_auth::{
    AccountRow, Cause, Check, Env, Protected, ROOT, RequestContext, ServiceError as _, View,
};
use keywright_crypto::{ColumnContext, Keyring, STEP_SECONDS, SealedColumn, matching_step};
use keywright_policy::ConditionValue;
use keywright_store::{Column as _, StoreError, Tampering, Versioned, WriteSet};
use keywright_types::{AccountId, Principal, Rng, SecretBytes, SecretText, Timestamp, UniqueId, root_arn};

/// Devices of one user (IAM User Guide, "IAM and AWS STS quotas").
const DEVICES_MAX: usize = 8;

/// Steps by which a code may be early or late (RFC 6238, section 5.2, recommends one).
const TOLERANCE: i64 = 1;

/// How far two codes in a row may be off: ten minutes.
const SEARCHED: i64 = 20;

/// Bytes of a new seed: as long as AWS's.
const SEED_LEN: usize = 40;

/// `used_step` of a device whose codes were never used.
const NEVER: i64 = -1;

/// A device under the serial number that the caller gave.
#[derive(Debug, Clone)]
pub struct Device {
    pub(crate) serial: String,
    found: Option<Versioned<MfaDeviceRow>>,
}

impl Device {
    /// # Errors
    /// The store's.
    pub(crate) async fn find(
        view: View<'_, Iam>,
        account: AccountId,
        serial: &str,
    ) -> Result<Self, IamError> {
        let key = [account.to_value(), serial.to_owned().to_value()];
        let found = view.store.find::<MfaDeviceRow>(&key).await.map_err(IamError::from_store)?;
        Ok(Self { serial: serial.to_owned(), found })
    }

    /// # Errors
    /// NoSuchEntity with AWS's text.
    pub(crate) fn get(&self) -> Result<&Versioned<MfaDeviceRow>, IamError> {
        self.found.as_ref().ok_or_else(|| IamError::NoSuchEntity {
            message: format!("VirtualMFADevice with serial number {} doesn't exist.", self.serial),
        })
    }

    pub(crate) fn found(&self) -> Option<&Versioned<MfaDeviceRow>> {
        self.found.as_ref()
    }

    /// May the caller do `action` to it?
    pub(crate) fn check(&self, action: &'static str) -> Check {
        Check { action, protected: Protected::ByIdentity { arn: self.serial.clone() } }
    }

    /// The condition keys of a device that is acted upon.
    pub(crate) fn condition<'a>(&'a self, name: &str) -> ConditionValue<'a> {
        self.found.as_ref().map_or(ConditionValue::Absent, |found| tags::of_resource(&found.row.tags, name))
    }

    /// The device, if it is switched on for `owner`.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub(crate) fn of(&self, owner: &Owner) -> Result<&Versioned<MfaDeviceRow>, IamError> {
        let (id, serials) = (owner.id()?, owner.serials()?);
        self.found
            .as_ref()
            .filter(|found| found.row.user_id.as_deref() == Some(id) && serials.contains(&self.serial))
            .ok_or_else(|| IamError::NoSuchEntity {
                message: format!(
                    "MFA Device with serial number {} is not enabled for the user.",
                    self.serial
                ),
            })
    }
}

/// Whose devices an operation is about.
#[derive(Debug, Clone)]
pub enum Owner {
    /// The account's root user, which has no row of its own.
    Root {
        account: Versioned<AccountRow>,
        arn: String,
    },
    User(Entity<UserRow>),
}

impl Owner {
    /// The user of that name, or the caller itself if none is given. The root user calls itself by its account's number,
    /// because EnableMFADevice and ResyncMFADevice must be given a name.
    ///
    /// # Errors
    /// ValidationException when the caller has no devices and names nobody.
    pub(crate) async fn find(
        view: View<'_, Iam>,
        request: &RequestContext,
        name: Option<&str>,
    ) -> Result<Self, IamError> {
        let caller = &request.caller;
        let itself = name.is_none_or(|name| name == caller.account.as_str());
        if itself && matches!(caller.principal, Principal::Root { .. }) {
            return Self::root(view, request).await;
        }
        entities::user_or_self(view, request, name).await.map(Self::User)
    }

    async fn root(view: View<'_, Iam>, request: &RequestContext) -> Result<Self, IamError> {
        let account = request.caller.account;
        let found = view.store.find::<AccountRow>(&[account.to_value()]).await;
        let found = found
            .map_err(IamError::from_store)?
            .ok_or_else(|| IamError::internal(Cause::new("the caller's account has no row")))?;
        Ok(Self::Root { account: found, arn: root_arn(account) })
    }

    /// Whose the device is, if it is somebody's.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn of(
        view: View<'_, Iam>,
        request: &RequestContext,
        device: &Device,
    ) -> Result<Option<Self>, IamError> {
        match device.found().and_then(|found| found.row.user_id.as_deref()) {
            None => Ok(None),
            Some(ROOT) => Self::root(view, request).await.map(Some),
            Some(id) => {
                let corrupt =
                    |_| IamError::internal(Cause::new("an MFA device names a user by what is no id"));
                let id = UniqueId::parse(id).map_err(corrupt)?;
                let found = find_user_by_id(view.store, &id).await.map_err(IamError::from_store)?;
                Ok(found.map(|found| Self::User(entities::known_user(found))))
            }
        }
    }

    /// The rows of its devices.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn devices(
        &self,
        view: View<'_, Iam>,
    ) -> Result<Vec<Versioned<MfaDeviceRow>>, IamError> {
        let (account, id) = match self {
            Self::Root { account, .. } => (account.row.account, ROOT),
            Self::User(user) => match user.found() {
                Some(found) => (found.row.account, found.row.user_id.as_str()),
                None => return Ok(Vec::new()),
            },
        };
        let params = [account.to_value(), id.to_owned().to_value()];
        let condition = "WHERE account = $1 AND user_id = $2 ORDER BY serial";
        view.store.select::<MfaDeviceRow>(condition, &params).await.map_err(IamError::from_store)
    }

    pub(crate) fn check(&self, action: &'static str) -> Check {
        match self {
            Self::Root { arn, .. } => Check { action, protected: Protected::ByIdentity { arn: arn.clone() } },
            Self::User(user) => user.check(action),
        }
    }

    pub(crate) fn condition<'a>(&'a self, name: &str) -> ConditionValue<'a> {
        match self {
            Self::Root { .. } => ConditionValue::Absent,
            Self::User(user) => entities::user_conditions(user, name),
        }
    }

    /// The name that answers show: the root user has none, and its account's number stands for it.
    pub(crate) fn name(&self) -> Result<&str, IamError> {
        match self {
            Self::Root { account, .. } => Ok(account.row.account.as_str()),
            Self::User(user) => Ok(&user.get()?.row.name),
        }
    }

    /// As a device's row names it.
    fn id(&self) -> Result<&str, IamError> {
        match self {
            Self::Root { .. } => Ok(ROOT),
            Self::User(user) => Ok(user.get()?.row.user_id.as_str()),
        }
    }

    /// The devices that are switched on, in the order in which they were.
    pub(crate) fn serials(&self) -> Result<&[String], IamError> {
        match self {
            Self::Root { account, .. } => Ok(root_serials(&account.row)),
            Self::User(user) => Ok(&user.get()?.row.mfa_serials.0),
        }
    }

    /// Writes the owner's row with other devices.
    fn write(&self, serials: Vec<String>, writes: &mut WriteSet) -> Result<(), IamError> {
        match self {
            Self::Root { account, .. } => {
                let mut changed = account.row.clone();
                changed.root_mfa_serials = Some(Json(serials));
                writes.update(&changed, account.version);
            }
            Self::User(user) => {
                let user = user.get()?;
                let mut changed = user.row.clone();
                changed.mfa_serials = Json(serials);
                writes.update(&changed, user.version);
            }
        }
        Ok(())
    }
}

/// The serial numbers of the root user's devices.
pub(crate) fn root_serials(account: &AccountRow) -> &[String] {
    account.root_mfa_serials.as_ref().map_or(&[], |serials| &serials.0)
}

/// A new device, which belongs to nobody yet, and its seed.
pub(crate) fn new_device(
    account: AccountId,
    serial: String,
    tags: keywright_types::Tags,
    env: Env<'_, Iam>,
) -> (MfaDeviceRow, SecretBytes) {
    let seed = SecretBytes::new(random(env.rng));
    let row_id = row_id(account, &serial);
    let sealed = env.keyring.seal_column(&column(&row_id), seed.expose(), env.rng);
    let row = MfaDeviceRow {
        account,
        serial,
        sealed_seed: sealed.to_bytes(),
        created_at: env.now,
        user_id: None,
        enabled_at: None,
        used_step: NEVER,
        drift_steps: 0,
        tags,
    };
    (row, seed)
}

fn random(rng: &dyn Rng) -> Vec<u8> {
    let mut bytes = vec![0; SEED_LEN];
    rng.fill(&mut bytes);
    bytes
}

/// Switches a device on for somebody who shows two of its codes in a row.
///
/// # Errors
/// NoSuchEntity, EntityAlreadyExists for one that is switched on, LimitExceeded, InvalidAuthenticationCode.
pub(crate) fn enable(
    owner: &Owner,
    device: &Device,
    codes: [&SecretText; 2],
    env: Env<'_, Iam>,
    request: &RequestContext,
) -> Result<WriteSet, IamError> {
    let id = owner.id()?.to_owned();
    let found = device.get()?;
    if found.row.user_id.is_some() {
        return Err(IamError::EntityAlreadyExists { message: "MFA device already in use.".to_owned() });
    }
    let mut serials = owner.serials()?.to_vec();
    if serials.len() >= DEVICES_MAX {
        return Err(IamError::quota("MfaDevicesPerUser", DEVICES_MAX));
    }
    let mut row = synchronised(&found.row, codes, env, request)?;
    row.user_id = Some(id);
    row.enabled_at = Some(env.now);
    serials.retain(|known| *known != row.serial);
    serials.push(row.serial.clone());
    let mut writes = WriteSet::default();
    writes.update(&row, found.version);
    owner.write(serials, &mut writes)?;
    Ok(writes)
}

/// Switches a device off; its codes that were used stay used.
///
/// # Errors
/// NoSuchEntity unless it is the owner's.
pub(crate) fn deactivate(owner: &Owner, device: &Device) -> Result<WriteSet, IamError> {
    let mut writes = WriteSet::default();
    // The owner's row decides: a device whose own row was lost can still be taken off.
    match device.of(owner) {
        Ok(found) => {
            let row = MfaDeviceRow { user_id: None, enabled_at: None, ..found.row.clone() };
            writes.update(&row, found.version);
        }
        Err(absent) if device.found.is_some() || !owner.serials()?.contains(&device.serial) => {
            return Err(absent);
        }
        Err(_) => {}
    }
    let serials = owner.serials()?.iter().filter(|known| **known != device.serial).cloned().collect();
    owner.write(serials, &mut writes)?;
    Ok(writes)
}

/// Sets a device's clock right by two of its codes in a row.
///
/// # Errors
/// NoSuchEntity unless it is the owner's, InvalidAuthenticationCode.
pub(crate) fn resync(
    owner: &Owner,
    device: &Device,
    codes: [&SecretText; 2],
    env: Env<'_, Iam>,
    request: &RequestContext,
) -> Result<WriteSet, IamError> {
    let found = device.of(owner)?;
    let row = synchronised(&found.row, codes, env, request)?;
    let mut writes = WriteSet::default();
    writes.update(&row, found.version);
    Ok(writes)
}

/// A second factor that a caller shows for its own request: the caller, and the device of the serial number it named.
#[derive(Debug, Clone)]
pub struct SecondFactor {
    owner: Owner,
    device: Device,
}

impl SecondFactor {
    /// # Errors
    /// The store's; ValidationException when the caller is neither a user nor root.
    pub(crate) async fn find(
        view: View<'_, Iam>,
        request: &RequestContext,
        serial: &str,
    ) -> Result<Self, IamError> {
        Ok(Self {
            owner: Owner::find(view, request, None).await?,
            device: Device::find(view, request.caller.account, serial).await?,
        })
    }

    /// Checks the code, and writes down that it is used: `writes` must be committed with what it is used for.
    ///
    /// # Errors
    /// InvalidAuthenticationCode: for a wrong code, for one that was used, and for a device that is not the caller's.
    pub(crate) fn prove(
        &self,
        code: &SecretText,
        env: Env<'_, Iam>,
        request: &RequestContext,
        writes: &mut WriteSet,
    ) -> Result<(), IamError> {
        let found = self.device.of(&self.owner).map_err(|_| invalid_code())?;
        let row = accepted(&found.row, code, env, request)?;
        writes.update(&row, found.version);
        Ok(())
    }
}

/// The device's row once `code` is used.
fn accepted(
    row: &MfaDeviceRow,
    code: &SecretText,
    env: Env<'_, Iam>,
    request: &RequestContext,
) -> Result<MfaDeviceRow, IamError> {
    guarded(row, env, request, |seed| after_code(row, seed, code, env.now))
}

fn after_code(row: &MfaDeviceRow, seed: &[u8], code: &SecretText, now: Timestamp) -> Option<MfaDeviceRow> {
    let expected = step_at(now) + row.drift_steps;
    let steps = expected - TOLERANCE..=expected + TOLERANCE;
    let step = matching_step(seed, code.expose().as_bytes(), steps).filter(|step| *step > row.used_step)?;
    Some(MfaDeviceRow { used_step: step, ..row.clone() })
}

/// The device's row once two codes in a row are used, and its clock is known by them.
fn synchronised(
    row: &MfaDeviceRow,
    codes: [&SecretText; 2],
    env: Env<'_, Iam>,
    request: &RequestContext,
) -> Result<MfaDeviceRow, IamError> {
    guarded(row, env, request, |seed| after_pair(row, seed, codes, env.now))
}

fn after_pair(
    row: &MfaDeviceRow,
    seed: &[u8],
    [first, second]: [&SecretText; 2],
    now: Timestamp,
) -> Option<MfaDeviceRow> {
    let now = step_at(now);
    let mut found = None;
    for step in now - SEARCHED..=now + SEARCHED {
        let one = matching_step(seed, first.expose().as_bytes(), step..=step);
        let two = matching_step(seed, second.expose().as_bytes(), step + 1..=step + 1);
        // Both are always computed: how long it takes does not tell whether the first was right.
        if one.is_some() & two.is_some() {
            found = Some(step);
        }
    }
    let first = found.filter(|step| *step > row.used_step)?;
    let ahead = first + 1 - now;
    // Within the tolerance it is the time that typing takes, not the clock.
    let drift_steps = if ahead.abs() <= TOLERANCE { 0 } else { ahead };
    Some(MfaDeviceRow { used_step: first + 1, drift_steps, ..row.clone() })
}

/// Opens the seed and judges by it, unless too many tries failed.
fn guarded(
    row: &MfaDeviceRow,
    env: Env<'_, Iam>,
    request: &RequestContext,
    judge: impl FnOnce(&[u8]) -> Option<MfaDeviceRow>,
) -> Result<MfaDeviceRow, IamError> {
    let name = row_id(row.account, &row.serial);
    if env.service.attempts.begin(&name, request.request_id, env.now).is_err() {
        tracing::warn!(
            serial = row.serial,
            "too many wrong codes of an MFA device; none is accepted for a while"
        );
        return Err(invalid_code());
    }
    let seed = open_seed(row, env.keyring).map_err(IamError::from_store)?;
    let judged = judge(seed.expose()).ok_or_else(invalid_code)?;
    env.service.attempts.passed(&name);
    Ok(judged)
}

fn step_at(now: Timestamp) -> i64 {
    now.as_seconds().div_euclid(STEP_SECONDS)
}

fn invalid_code() -> IamError {
    IamError::InvalidAuthenticationCode { message: "Authentication code for device is not valid.".to_owned() }
}

fn open_seed(row: &MfaDeviceRow, keyring: &Keyring) -> Result<SecretBytes, StoreError> {
    let row_id = row_id(row.account, &row.serial);
    let opened = SealedColumn::from_bytes(&row.sealed_seed)
        .and_then(|sealed| keyring.open_column(&column(&row_id), &sealed).ok());
    opened.ok_or(StoreError::Tampered { table: "mfa_devices", key: row_id, how: Tampering::Changed })
}

fn row_id(account: AccountId, serial: &str) -> String {
    format!("{account}/{serial}")
}

fn column(row_id: &str) -> ColumnContext<'_> {
    ColumnContext { table: "mfa_devices", row_id, column: "sealed_seed" }
}

#[cfg(test)]
mod tests;

//! The key: everything about it but its key material.

use crate::alias::AliasNames;
use crate::error::KmsError;
use crate::imported::ImportedMaterials;
use crate::key_spec::{KeySpec, KeyUsage};
use crate::key_state::{KeyState, KeyUse, StateFault};
use crate::rotation::RotationPlan;
use crate::succession::Lineage;
use keywright_auth::identities::{Json, Pins};
use keywright_auth::{Decision, Operation};
use keywright_policy::Document;
use keywright_store::{Row as _, RowVersion, StoreError, Versioned, WriteSet, row};
use keywright_types::{AccountId, KeyArn, KeyId, MaterialId, Principal, Region, Tags, Timestamp};
use std::sync::Arc;

/// Who looks after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyManager {
    /// A customer key.
    Customer,
    /// A service-managed key, `alias/aws/…`: made and rotated by the service, used only through it.
    Service,
}

impl KeyManager {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "CUSTOMER",
            Self::Service => "AWS",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "CUSTOMER" => Some(Self::Customer),
            "AWS" => Some(Self::Service),
            _ => None,
        }
    }
}

/// Where the key material came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Made here; AWS's name stays on the wire.
    Generated,
    /// Brought by the key's owner.
    External,
}

impl Origin {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generated => "AWS_KMS",
            Self::External => "EXTERNAL",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "AWS_KMS" => Some(Self::Generated),
            "EXTERNAL" => Some(Self::External),
            _ => None,
        }
    }
}

/// What a multi-Region key is among its related keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MultiRegion {
    /// Decides what all share: key material and its rotation. It alone can be replicated.
    Primary,
    Replica {
        primary: Region,
    },
}

impl MultiRegion {
    /// The API's MultiRegionKeyType.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Primary => "PRIMARY",
            Self::Replica { .. } => "REPLICA",
        }
    }
}

row! {
    /// A key as stored. One row, so that one read is consistent and one MAC covers all of it.
    #[derive(Debug, Clone)]
    pub struct KeyRow in "keys" maced true {
        key { account: AccountId, region: Region, key_id: KeyId }
        columns {
            manager: String,
            key_spec: String,
            key_usage: String,
            origin: String,
            state: String,
            delete_at: Option<Timestamp>,
            pending_window_days: Option<u32>,
            description: String,
            created_at: Timestamp,
            /// [`NO_MATERIAL`] until some was imported.
            current_material_id: MaterialId,
            current_material_at: Timestamp,
            material_count: u32,
            rotation_period_days: Option<u32>,
            rotation_tag_days: Option<u32>,
            next_rotation_at: Option<Timestamp>,
            on_demand_rotations: u32,
            tags: Tags,
            policy: String,
            /// None in rows from before there were users and roles to name.
            policy_pins: Option<Json<Pins>>,
            /// None in rows from before there was this column.
            alias_names: Option<Json<AliasNames>>,
            /// Of keys of Origin EXTERNAL only.
            imported: Option<Json<ImportedMaterials>>,
            /// [`ImportedMaterials::next_expiry`].
            material_expires_at: Option<Timestamp>,
            /// Of multi-Region keys only: where the primary key is, which may be this one.
            primary_region: Option<Region>,
            /// None of keys that follow no other and have no successor.
            lineage: Option<Json<Lineage>>,
            /// [`Key::next_step`].
            succession_at: Option<Timestamp>,
            succession_step: Option<String>,
        }
    }
}

/// Stands for "none yet" in a column that older stores have without null.
const NO_MATERIAL: MaterialId = MaterialId::from_bytes([0; 32]);

row! {
    /// What remains of a destroyed key, so that its id is never used again and its end can be shown.
    #[derive(Debug, Clone)]
    pub struct TombstoneRow in "key_tombstones" maced false {
        key { account: AccountId, region: Region, key_id: KeyId }
        columns { created_at: Timestamp, deleted_at: Timestamp }
    }
}

/// A key as the service works with it: its row, parsed, with its policy compiled.
#[derive(Debug, Clone)]
pub struct Key {
    pub arn: KeyArn,
    /// The ARN as text, made once: it is in every answer and every record.
    pub arn_text: Arc<str>,
    pub manager: KeyManager,
    pub spec: KeySpec,
    pub usage: KeyUsage,
    pub origin: Origin,
    pub state: KeyState,
    pub description: String,
    pub created_at: Timestamp,
    /// None of a key that waits for its first import.
    pub current_material: Option<MaterialId>,
    pub current_material_at: Timestamp,
    /// How many backing keys the key has had; the newest one's ordinal.
    pub material_count: u32,
    pub rotation: RotationPlan,
    pub tags: Tags,
    /// Tied to those whom it named when it was written.
    pub policy: Arc<Document>,
    /// Their unique ids by the ARNs that they had then.
    pub policy_pins: Pins,
    /// The key's aliases, which conditions ask about. They stand in the key's row as well as in rows of their own: who
    /// gives or takes a name changes the key, and whatever relied on the key hears of it.
    pub alias_names: AliasNames,
    /// Empty unless the key's Origin is EXTERNAL.
    pub imported: ImportedMaterials,
    /// None of a single-Region key.
    pub multi_region: Option<MultiRegion>,
    /// The keys before and after it under its aliases.
    pub lineage: Lineage,
    /// The row's version when it was read; what a change of the key relies on.
    pub version: RowVersion,
}

impl Key {
    /// # Errors
    /// [`StoreError::Corrupt`] if a column holds what this program does not write.
    pub fn from_row(stored: Versioned<KeyRow>, policy: Arc<Document>) -> Result<Self, StoreError> {
        let corrupt = |wanted| StoreError::Corrupt { table: KeyRow::TABLE.name, column: 0, wanted };
        let Versioned { row, version } = stored;
        let state = match (row.state.as_str(), row.delete_at, row.pending_window_days) {
            ("Enabled", None, None) => KeyState::Enabled,
            ("Disabled", None, None) => KeyState::Disabled,
            ("PendingImport", None, None) => KeyState::PendingImport,
            ("PendingReplicaDeletion", None, Some(window_days)) => {
                KeyState::PendingReplicaDeletion { window_days }
            }
            ("PendingDeletion", Some(delete_at), Some(window_days)) => {
                KeyState::PendingDeletion { delete_at, window_days }
            }
            _ => return Err(corrupt("key state")),
        };
        let multi_region = match (row.key_id, row.primary_region) {
            (KeyId::Uuid(_), None) => None,
            (KeyId::MultiRegion(_), Some(primary)) if primary == row.region => Some(MultiRegion::Primary),
            (KeyId::MultiRegion(_), Some(primary)) => Some(MultiRegion::Replica { primary }),
            (KeyId::Uuid(_), Some(_)) | (KeyId::MultiRegion(_), None) => {
                return Err(corrupt("primary Region"));
            }
        };
        let arn = KeyArn { region: row.region, account: row.account, key_id: row.key_id };
        Ok(Self {
            arn_text: Arc::from(arn.to_string()),
            arn,
            manager: KeyManager::parse(&row.manager).ok_or_else(|| corrupt("key manager"))?,
            spec: KeySpec::parse(&row.key_spec).ok_or_else(|| corrupt("key spec"))?,
            usage: KeyUsage::parse(&row.key_usage).ok_or_else(|| corrupt("key usage"))?,
            origin: Origin::parse(&row.origin).ok_or_else(|| corrupt("origin"))?,
            state,
            description: row.description,
            created_at: row.created_at,
            current_material: Some(row.current_material_id).filter(|id| *id != NO_MATERIAL),
            current_material_at: row.current_material_at,
            material_count: row.material_count,
            rotation: RotationPlan {
                period_days: row.rotation_period_days,
                tag_period_days: row.rotation_tag_days,
                next_at: row.next_rotation_at,
                on_demand_count: row.on_demand_rotations,
            },
            tags: row.tags,
            policy,
            policy_pins: row.policy_pins.unwrap_or_default().0,
            alias_names: row.alias_names.unwrap_or_default().0,
            imported: row.imported.unwrap_or_default().0,
            multi_region,
            lineage: row.lineage.unwrap_or_default().0,
            version,
        })
    }

    #[must_use]
    pub fn to_row(&self) -> KeyRow {
        let (delete_at, pending_window_days) = match self.state {
            KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport => (None, None),
            KeyState::PendingReplicaDeletion { window_days } => (None, Some(window_days)),
            KeyState::PendingDeletion { delete_at, window_days } => (Some(delete_at), Some(window_days)),
        };
        KeyRow {
            account: self.arn.account,
            region: self.arn.region.clone(),
            key_id: self.arn.key_id,
            manager: self.manager.as_str().to_owned(),
            key_spec: self.spec.as_str().to_owned(),
            key_usage: self.usage.as_str().to_owned(),
            origin: self.origin.as_str().to_owned(),
            state: self.state.as_str().to_owned(),
            delete_at,
            pending_window_days,
            description: self.description.clone(),
            created_at: self.created_at,
            current_material_id: self.current_material.unwrap_or(NO_MATERIAL),
            current_material_at: self.current_material_at,
            material_count: self.material_count,
            rotation_period_days: self.rotation.period_days,
            rotation_tag_days: self.rotation.tag_period_days,
            next_rotation_at: self.rotation.next_at,
            on_demand_rotations: self.rotation.on_demand_count,
            tags: self.tags.clone(),
            policy: self.policy.text().to_owned(),
            policy_pins: Some(Json(self.policy_pins.clone())),
            alias_names: Some(Json(self.alias_names.clone())),
            imported: match self.origin {
                Origin::Generated => None,
                Origin::External => Some(Json(self.imported.clone())),
            },
            material_expires_at: self.imported.next_expiry(),
            primary_region: self.multi_region.as_ref().map(|role| match role {
                MultiRegion::Primary => self.arn.region.clone(),
                MultiRegion::Replica { primary } => primary.clone(),
            }),
            lineage: (!self.lineage.is_empty()).then(|| Json(self.lineage.clone())),
            succession_at: self.next_step().map(|(_, at)| at),
            succession_step: self.next_step().map(|(step, _)| step.as_str().to_owned()),
        }
    }
}

impl Key {
    /// # Errors
    /// UnsupportedOperationException, without a message as on AWS, for keys that keep their material for life.
    pub(crate) fn check_rotates(&self) -> Result<(), KmsError> {
        if self.spec.rotates() { Ok(()) } else { Err(KmsError::Unsupported { message: None }) }
    }

    /// # Errors
    /// UnsupportedOperationException, with AWS's text, for keys that are given their material from outside.
    pub(crate) fn check_generated(&self) -> Result<(), KmsError> {
        match self.origin {
            Origin::Generated => Ok(()),
            Origin::External => Err(KmsError::origin(self)),
        }
    }

    /// # Errors
    /// The same for those that are not.
    pub(crate) fn check_external(&self) -> Result<(), KmsError> {
        match self.origin {
            Origin::External => Ok(()),
            Origin::Generated => Err(KmsError::origin(self)),
        }
    }

    /// Whether the caller is the service that manages the key, acting by itself: its own key is there for that.
    pub(crate) fn is_own_key_of(&self, caller: &Principal) -> bool {
        let Principal::Service { name } = caller else { return false };
        let Some((service, "amazonaws.com")) = name.split_once('.') else { return false };
        self.manager == KeyManager::Service && self.alias_names.contains(&format!("alias/aws/{service}"))
    }

    /// Takes imported key material away; a key that needs it cannot be used any more. `forget_pending`: one that only
    /// waits for a rotation is forgotten altogether.
    pub(crate) fn remove_imported(&mut self, id: MaterialId, forget_pending: bool) {
        self.imported.remove(id, forget_pending);
        if matches!(self.state, KeyState::Enabled | KeyState::Disabled) && !self.imported.is_complete() {
            self.state = KeyState::PendingImport;
        }
    }

    /// Whether all the key material that belongs to the key is there.
    pub(crate) fn has_material(&self) -> bool {
        match self.origin {
            Origin::Generated => true,
            Origin::External => self.imported.is_complete(),
        }
    }

    /// # Errors
    /// What AWS answers for a cryptographic use in the key's state. Imported key material is not used beyond its end,
    /// even while nobody has removed it yet.
    pub(crate) fn check_usable(&self, now: Timestamp) -> Result<(), KmsError> {
        self.state.allows(KeyUse::Cryptographic).map_err(|fault| KmsError::state(&self.arn_text, fault))?;
        match self.imported.usable_until() {
            Some(end) if end <= now => {
                Err(KmsError::state(&self.arn_text, StateFault::Invalid("pending import")))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The write that gives this key other names.
    pub(crate) fn rename(&self, writes: &mut WriteSet, rename: impl FnOnce(&mut AliasNames)) {
        let mut changed = self.clone();
        rename(&mut changed.alias_names);
        writes.update(&changed.to_row(), self.version);
    }

    /// The decision that writes `changed` in this key's place, relying on the key as it was read.
    pub(crate) fn change<Op: Operation>(&self, changed: &Key, output: Op::Output) -> Decision<Op> {
        let mut writes = WriteSet::default();
        writes.update(&changed.to_row(), self.version);
        Decision::write(output, writes)
    }
}

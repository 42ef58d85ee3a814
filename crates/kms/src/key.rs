//! The key: everything about it but its key material.

use crate::alias::AliasNames;
use crate::error::KmsError;
use crate::key_spec::{KeySpec, KeyUsage};
use crate::key_state::KeyState;
use crate::rotation::RotationPlan;
use keywright_auth::identities::{Json, Pins};
use keywright_auth::{Decision, Operation};
use keywright_policy::Document;
use keywright_store::{Row as _, RowVersion, StoreError, Versioned, WriteSet, row};
use keywright_types::{AccountId, KeyArn, KeyId, MaterialId, Region, Tags, Timestamp};
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
}

impl Origin {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generated => "AWS_KMS",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        (text == "AWS_KMS").then_some(Self::Generated)
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
        }
    }
}

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
    pub current_material: MaterialId,
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
            ("PendingDeletion", Some(delete_at), Some(window_days)) => {
                KeyState::PendingDeletion { delete_at, window_days }
            }
            _ => return Err(corrupt("key state")),
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
            current_material: row.current_material_id,
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
            version,
        })
    }

    #[must_use]
    pub fn to_row(&self) -> KeyRow {
        let (delete_at, pending_window_days) = match self.state {
            KeyState::Enabled | KeyState::Disabled => (None, None),
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
            current_material_id: self.current_material,
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
        }
    }
}

impl Key {
    /// # Errors
    /// UnsupportedOperationException, without a message as on AWS, for keys that keep their material for life.
    pub(crate) fn check_rotates(&self) -> Result<(), KmsError> {
        if self.spec.rotates() { Ok(()) } else { Err(KmsError::Unsupported { message: None }) }
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

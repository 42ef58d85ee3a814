//! Users, groups, roles and policies as stored.
//!
//! What decides about one identity stands in its one row, under one MAC: whoever can write the database can neither
//! take a Deny away by removing a row nor put a user into a group.

use super::names::{EntityKind, Json, NameKey, entity_arn};
use keywright_store::row;
use keywright_types::{AccountId, Tags, Timestamp, UniqueId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Inline policies: their texts by name.
pub type InlinePolicies = BTreeMap<String, String>;
/// The unique ids that a policy's principals had when it was written, by ARN.
pub type Pins = BTreeMap<String, String>;

row! {
    /// A user.
    #[derive(Debug, Clone)]
    pub struct UserRow in "iam_users" maced true {
        key { account: AccountId, name_key: NameKey }
        columns {
            name: String,
            path: String,
            user_id: UniqueId,
            created_at: Timestamp,
            /// Ids of groups.
            member_of: Json<Vec<UniqueId>>,
            /// ARNs of managed policies, in the order in which they were attached.
            attached: Json<Vec<String>>,
            inline: Json<InlinePolicies>,
            /// ARN of the managed policy that bounds what the others allow.
            boundary: Option<String>,
            tags: Tags,
            /// Serial numbers of the MFA devices that are switched on.
            mfa_serials: Json<Vec<String>>,
            /// The password's hash, sealed; none if the user cannot sign in by password.
            sealed_password: Option<Vec<u8>>,
            password_set_at: Option<Timestamp>,
            password_reset_required: Option<bool>,
        }
    }
}

row! {
    /// A group.
    #[derive(Debug, Clone)]
    pub struct GroupRow in "iam_groups" maced true {
        key { account: AccountId, name_key: NameKey }
        columns {
            name: String,
            path: String,
            group_id: UniqueId,
            created_at: Timestamp,
            attached: Json<Vec<String>>,
            inline: Json<InlinePolicies>,
        }
    }
}

row! {
    /// A role.
    #[derive(Debug, Clone)]
    pub struct RoleRow in "iam_roles" maced true {
        key { account: AccountId, name_key: NameKey }
        columns {
            name: String,
            path: String,
            role_id: UniqueId,
            created_at: Timestamp,
            description: Option<String>,
            /// 3,600 to 43,200.
            max_session_seconds: u32,
            /// Who may assume the role.
            trust_policy: String,
            trust_pins: Json<Pins>,
            attached: Json<Vec<String>>,
            inline: Json<InlinePolicies>,
            boundary: Option<String>,
            tags: Tags,
        }
    }
}

/// One version of a managed policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    pub document: String,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

row! {
    /// A managed policy of an account, with its versions (at most five).
    #[derive(Debug, Clone)]
    pub struct PolicyRow in "iam_policies" maced true {
        key { account: AccountId, name_key: NameKey }
        columns {
            name: String,
            path: String,
            policy_id: UniqueId,
            created_at: Timestamp,
            updated_at: Timestamp,
            description: Option<String>,
            /// The number of the version in force: 1 for `v1`.
            default_version: u32,
            /// The highest number ever given; numbers are not used again.
            latest_version: u32,
            versions: Json<BTreeMap<u32, PolicyVersion>>,
            tags: Tags,
        }
    }
}

/// Why an entity stands in the list of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// A user, group or role has a managed policy.
    UserPolicy,
    GroupPolicy,
    RolePolicy,
    /// A managed policy bounds a user or role.
    UserBoundary,
    RoleBoundary,
    /// A user is in a group.
    Member,
}

impl LinkKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserPolicy => "user-policy",
            Self::GroupPolicy => "group-policy",
            Self::RolePolicy => "role-policy",
            Self::UserBoundary => "user-boundary",
            Self::RoleBoundary => "role-boundary",
            Self::Member => "member",
        }
    }
}

row! {
    /// For lists and counts, never for a decision: see the migration.
    #[derive(Debug, Clone)]
    pub struct LinkRow in "iam_links" maced false {
        key { account: AccountId, target: String, kind: String, entity_id: UniqueId }
        columns {}
    }
}

row! {
    /// An MFA device: a seed for one-time codes.
    #[derive(Debug, Clone)]
    pub struct MfaDeviceRow in "mfa_devices" maced true {
        key { account: AccountId, serial: String }
        columns {
            sealed_seed: Vec<u8>,
            created_at: Timestamp,
            /// Whose it is once it is switched on; a root user's is `root`.
            user_id: Option<String>,
            enabled_at: Option<Timestamp>,
            /// The time step of the last code that was accepted: none of it or before it is accepted again.
            used_step: i64,
            /// How many time steps the device's clock is ahead of ours, as it was found to be.
            drift_steps: i64,
            tags: Tags,
        }
    }
}

row! {
    /// When an access key, a password or a role was last used: an observation.
    #[derive(Debug, Clone)]
    pub struct CredentialUseRow in "credential_uses" maced false {
        key { name: String }
        columns { used_at: Timestamp, region: String, service: String }
    }
}

impl UserRow {
    #[must_use]
    pub fn arn(&self) -> String {
        entity_arn(self.account, EntityKind::User, &self.path, &self.name)
    }
}

impl GroupRow {
    #[must_use]
    pub fn arn(&self) -> String {
        entity_arn(self.account, EntityKind::Group, &self.path, &self.name)
    }
}

impl RoleRow {
    #[must_use]
    pub fn arn(&self) -> String {
        entity_arn(self.account, EntityKind::Role, &self.path, &self.name)
    }
}

impl PolicyRow {
    #[must_use]
    pub fn arn(&self) -> String {
        entity_arn(self.account, EntityKind::Policy, &self.path, &self.name)
    }

    /// The document in force; none in a row that this program did not write.
    #[must_use]
    pub fn default_document(&self) -> Option<&str> {
        self.versions.0.get(&self.default_version).map(|version| version.document.as_str())
    }
}

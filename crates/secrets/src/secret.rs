//! A secret: everything about it but its values.

use crate::labels::Versions;
use crate::replication::Replication;
use crate::rotation::{Rotation, Run};
use keywright_auth::identities::{Json, Pins};
use keywright_policy::{Document, Kind};
use keywright_store::{Column as _, Row as _, RowVersion, StoreError, Value, Versioned, row};
use keywright_types::{AccountId, PARTITION, Region, Tags, Timestamp};
use std::sync::Arc;

row! {
    /// A secret as stored. One row, so that one read is consistent and one MAC covers all of it.
    #[derive(Debug, Clone)]
    pub struct SecretRow in "secrets" maced true {
        key { account: AccountId, region: Region, name: String }
        columns {
            /// The random end of its ARN.
            suffix: String,
            description: Option<String>,
            secret_type: Option<String>,
            /// As its owner named it; none is the service's own key.
            kms_key: Option<String>,
            tags: Tags,
            versions: Json<Versions>,
            policy: Option<String>,
            policy_pins: Option<Json<Pins>>,
            created_at: Timestamp,
            changed_at: Timestamp,
            /// When its deletion was asked for.
            deleted_at: Option<Timestamp>,
            /// The end of its recovery window.
            delete_at: Option<Timestamp>,
            /// Of a replica: where its primary secret is.
            primary_region: Option<Region>,
            /// Of a replica: the version of the primary secret's row that it was made like.
            synced: Option<i64>,
            /// Of a replica: not before this it is made like its primary secret again.
            sync_at: Option<Timestamp>,
            replication: Option<Json<Replication>>,
            rotation: Option<Json<Rotation>>,
            /// The rotation under way.
            run: Option<Json<Run>>,
            /// A hex digit: the part of the service's own work that the secret belongs to.
            part: String,
            /// When the rotation machine has something to do; `rotation::wake` is its one author.
            rotation_at: Option<Timestamp>,
            last_rotated_at: Option<Timestamp>,
            next_rotation_at: Option<Timestamp>,
            /// Why a rotation that is due is held.
            held: Option<String>,
        }
    }
}

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretKey {
    pub account: AccountId,
    pub region: Region,
    pub name: String,
}

impl SecretKey {
    /// The columns that name it.
    #[must_use]
    pub fn values(&self) -> [Value; 3] {
        [self.account.to_value(), self.region.to_value(), self.name.to_value()]
    }

    /// Its ARN without the random end.
    #[must_use]
    pub fn partial_arn(&self) -> String {
        format!("arn:{PARTITION}:secretsmanager:{}:{}:secret:{}", self.region, self.account, self.name)
    }

    /// The part of the service's own work that it belongs to: a hex digit, as evenly spread as names' digests.
    #[must_use]
    pub fn part(&self) -> String {
        let digest = keywright_crypto::sha256(self.partial_arn().as_bytes());
        format!("{:x}", digest[0] >> 4)
    }

    #[must_use]
    pub fn arn(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.partial_arn())
    }
}

/// A secret as the service works with it: its row, with its policy compiled.
#[derive(Debug, Clone)]
pub struct Secret {
    pub row: SecretRow,
    pub version: RowVersion,
    pub arn: Arc<str>,
    /// Tied to those whom it named when it was written; one that says nothing of anybody if there is none.
    pub policy: Arc<Document>,
}

impl Secret {
    /// # Errors
    /// [`StoreError::Corrupt`] if its policy is none.
    pub fn from_row(stored: Versioned<SecretRow>) -> Result<Self, StoreError> {
        let Versioned { row, version } = stored;
        let policy = match &row.policy {
            None => keywright_auth::no_policy(),
            Some(text) => {
                let mut policy = Document::parse(text, Kind::Resource).map_err(|_| StoreError::Corrupt {
                    table: SecretRow::TABLE.name,
                    column: 0,
                    wanted: "resource policy",
                })?;
                if let Some(pins) = &row.policy_pins {
                    policy.pin(&pins.0);
                }
                Arc::new(policy)
            }
        };
        Ok(Self { arn: Arc::from(row.secret_key().arn(&row.suffix)), policy, row, version })
    }

    #[must_use]
    pub const fn is_replica(&self) -> bool {
        self.row.primary_region.is_some()
    }

    #[must_use]
    pub fn versions(&self) -> &Versions {
        &self.row.versions.0
    }
}

impl SecretRow {
    #[must_use]
    pub fn secret_key(&self) -> SecretKey {
        SecretKey { account: self.account, region: self.region.clone(), name: self.name.clone() }
    }
}

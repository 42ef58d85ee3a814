//! Replicas: secrets in other Regions that follow a primary secret.
//!
//! What: a replica is a row like every secret's, with the same name and end of its ARN; it says where its primary secret is and
//! which version of that row it was made like. [`SyncReplica`] makes it like the primary one again, whenever that has changed.
//! Why here: nothing that changes a secret has to know of its replicas.
//!
//! Invariants
//! - A replica has its values under a key of its own Region, sealed for its own ARN.
//! - Nobody writes a replica but the service; who wants to changes the primary secret, or makes the replica one of its own.
//! - What is copied is copied in one commit: labels never point at a value that is not there.
//!
//! Source: Secrets Manager User Guide, "Replicate AWS Secrets Manager secrets across Regions".

mod add;
mod shown;
mod sync;

pub(crate) use add::{Adding, NewReplica, ReplicasToAdd};
pub(crate) use shown::{Replicas, shown};
pub use sync::{SyncReplica, replicas_to_sync};

use crate::rotation::KeyGrant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of a secret's replication: of a primary one what failed, of a replica how it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replication {
    /// Of a primary secret: why there is no replica in a Region that was asked for.
    pub(crate) failed: BTreeMap<String, String>,
    /// Of a replica: why it could not be made like its primary secret.
    pub(crate) fault: Option<String>,
    /// The grants that the service has on the keys: of a primary secret to read, of a replica to write.
    pub(crate) grants: Vec<KeyGrant>,
}

//! Multi-Region keys: keys of one id, one a Region, that share key material.
//!
//! What: which keys are related, and what they share.
//!
//! Invariants
//! - One of them is primary; every row says where. Key material, its rotation and the list of what was imported are the
//!   same in all; everything else is each key's own.
//! - Whatever is shared changes in one commit, in all rows: no Region is ever behind another.
//! - Who adds or removes a related key writes the primary key's row too, so that of a rotation and a replication that
//!   meet one sees the other.
//!
//! Source: KMS Developer Guide, "Multi-Region keys in AWS KMS".

use crate::error::KmsError;
use crate::key::{Key, MultiRegion};
use crate::service::{Kms, Resolved};
use keywright_auth::{Decision, Operation, ServiceError as _, View};
use keywright_aws::kms;
use keywright_store::{Column as _, WriteSet};
use keywright_types::{KeyArn, Region};
use std::sync::Arc;

/// A key and those that are related to it.
#[derive(Debug, Clone)]
pub struct Family {
    pub(crate) resolved: Resolved,
    /// Without the key itself, in the order of their Regions; none for single-Region keys.
    pub(crate) related: Vec<Arc<Key>>,
}

impl Family {
    /// Reads the keys related to a resolved one.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn find(view: View<'_, Kms>, resolved: Resolved) -> Result<Self, KmsError> {
        let related = match &resolved {
            Resolved::Key(key) => find_related(view, key).await?,
            Resolved::NoKey(_) | Resolved::NoAlias(_) => Vec::new(),
        };
        Ok(Self { resolved, related })
    }

    /// As [`Resolved::get`].
    ///
    /// # Errors
    /// NotFoundException.
    pub(crate) fn get(&self) -> Result<&Arc<Key>, KmsError> {
        self.resolved.get()
    }

    /// The decision that writes `changed` in the key's place, and its rotation into the keys that share it.
    pub(crate) fn change<Op: Operation>(&self, key: &Key, changed: &Key, output: Op::Output) -> Decision<Op> {
        let mut writes = WriteSet::default();
        writes.update(&changed.to_row(), key.version);
        for other in self.related.iter().filter(|other| other.rotation != changed.rotation) {
            let followed = Key { rotation: changed.rotation, ..Key::clone(other) };
            writes.update(&followed.to_row(), other.version);
        }
        Decision::write(output, writes)
    }
}

/// The other keys of `key`'s id.
///
/// # Errors
/// The store's.
pub(crate) async fn find_related(view: View<'_, Kms>, key: &Key) -> Result<Vec<Arc<Key>>, KmsError> {
    if key.multi_region.is_none() {
        return Ok(Vec::new());
    }
    let rows = view
        .store
        .query(
            "keys",
            "SELECT region FROM keys WHERE account = $1 AND key_id = $2 AND region <> $3 ORDER BY region",
            &[key.arn.account.to_value(), key.arn.key_id.to_value(), key.arn.region.to_value()],
        )
        .await
        .map_err(KmsError::from_store)?;
    let mut related = Vec::with_capacity(rows.len());
    for mut row in rows {
        let region = row.take::<Region>().map_err(KmsError::from_store)?;
        let arn = KeyArn { region, ..key.arn.clone() };
        related.extend(view.service.find_key(view, &arn).await.map_err(KmsError::from_store)?);
    }
    Ok(related)
}

impl Key {
    /// # Errors
    /// UnsupportedOperationException, with AWS's text, for a replica: what all share is decided at the primary key.
    pub(crate) fn check_not_replica(&self) -> Result<(), KmsError> {
        match self.multi_region {
            Some(MultiRegion::Replica { .. }) => Err(not_primary(self)),
            Some(MultiRegion::Primary) | None => Ok(()),
        }
    }

    /// # Errors
    /// The same for a replica and for a single-Region key.
    pub(crate) fn check_primary(&self) -> Result<(), KmsError> {
        match self.multi_region {
            Some(MultiRegion::Primary) => Ok(()),
            Some(MultiRegion::Replica { .. }) | None => Err(not_primary(self)),
        }
    }

    pub(crate) fn is_replica(&self) -> bool {
        matches!(self.multi_region, Some(MultiRegion::Replica { .. }))
    }
}

fn not_primary(key: &Key) -> KmsError {
    KmsError::unsupported(format!("{} is not a multi-region primary key.", key.arn_text))
}

/// MultiRegionConfiguration of KeyMetadata; none for single-Region keys.
#[must_use]
pub(crate) fn configuration(key: &Key, related: &[Arc<Key>]) -> Option<kms::MultiRegionConfiguration> {
    let role = key.multi_region.as_ref()?;
    let shown = |key: &Key| kms::MultiRegionKey {
        arn: Some(key.arn_text.to_string()),
        region: Some(key.arn.region.to_string()),
    };
    let all = || std::iter::once(key).chain(related.iter().map(AsRef::as_ref));
    let mut replicas: Vec<&Key> = all().filter(|key| key.is_replica()).collect();
    replicas.sort_by(|a, b| a.arn.region.cmp(&b.arn.region));
    Some(kms::MultiRegionConfiguration {
        multi_region_key_type: kms::MultiRegionKeyType::parse(role.as_str()),
        primary_key: all().find(|key| !key.is_replica()).map(shown),
        replica_keys: Some(replicas.into_iter().map(shown).collect()),
    })
}

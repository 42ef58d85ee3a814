//! How replicas show.

use crate::error::SecretsError;
use crate::secret::{Secret, SecretRow};
use crate::service::{Secrets, store_fault};
use keywright_auth::View;
use keywright_aws::secretsmanager::{ReplicationStatusType, StatusType};
use keywright_store::{Column as _, Versioned};
use std::sync::Arc;

/// The replicas of a secret, in the order of their Regions.
pub(crate) struct Replicas(pub(crate) Vec<Arc<Secret>>);

impl Replicas {
    /// The replicas of a primary secret; of a replica, of its primary one.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn find(view: View<'_, Secrets>, secret: &Secret) -> Result<Self, SecretsError> {
        let primary = secret.row.primary_region.as_ref().unwrap_or(&secret.row.region);
        let rows = view
            .store
            .select::<SecretRow>(
                "WHERE account = $1 AND name = $2 AND primary_region = $3 ORDER BY region",
                &[secret.row.account.to_value(), secret.row.name.to_value(), primary.to_value()],
            )
            .await
            .map_err(store_fault)?;
        let of_this = |stored: &Versioned<SecretRow>| stored.row.suffix == secret.row.suffix;
        rows.into_iter()
            .filter(of_this)
            .map(|stored| Secret::from_row(stored).map(Arc::new).map_err(store_fault))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// As DescribeSecret and the operations on replicas tell it; none of a secret without any.
pub(crate) fn shown(secret: &Secret, replicas: &Replicas) -> Option<Vec<ReplicationStatusType>> {
    let mut all: Vec<ReplicationStatusType> =
        replicas.0.iter().map(|replica| of_replica(&replica.row)).collect();
    for (region, message) in secret.row.replication.iter().flat_map(|replication| &replication.0.failed) {
        all.push(ReplicationStatusType {
            region: Some(region.clone()),
            kms_key_id: None,
            status: Some(StatusType::Failed),
            status_message: Some(message.clone()),
            last_accessed_date: None,
        });
    }
    (!all.is_empty()).then_some(all)
}

/// A replica that was asked for shows as under way until it is there.
pub(crate) fn of_replica(row: &SecretRow) -> ReplicationStatusType {
    let fault = row.replication.as_ref().and_then(|replication| replication.0.fault.clone());
    let (status, message) = match (fault, row.synced) {
        (Some(fault), _) => (StatusType::Failed, Some(fault)),
        (None, None) => (StatusType::InProgress, None),
        (None, Some(_)) => (StatusType::InSync, Some("Replication succeeded".to_owned())),
    };
    ReplicationStatusType {
        region: Some(row.region.to_string()),
        kms_key_id: Some(row.kms_key.clone().unwrap_or_else(|| crate::sealing::DEFAULT_KEY.to_owned())),
        status: Some(status),
        status_message: message,
        last_accessed_date: None,
    }
}

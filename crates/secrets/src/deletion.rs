//! The end of a secret: what was scheduled is carried out.
//!
//! Invariant: a secret is deleted only after its whole recovery window, and not while destruction is on hold because the
//! clock jumped (server::clock_watch).

use crate::PRINCIPAL;
use crate::access::AccessRow;
use crate::consumers::ConsumerRow;
use crate::error::SecretsError;
use crate::rotation::LogRow;
use crate::secret::{Secret, SecretKey};
use crate::service::{Secrets, store_fault};
use crate::version::VersionRow;
use keywright_auth::{Env, ServiceEvent, View, Work};
use keywright_store::{Column as _, Store, StoreError, Versioned, WriteSet};
use keywright_types::{AccountId, Region, Timestamp};
use serde_json::json;
use std::sync::Arc;

/// At most `limit` secrets whose recovery window is over at `now`.
///
/// # Errors
/// The store's.
pub async fn secrets_to_delete(
    store: &Store,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<SecretKey>, StoreError> {
    let rows = store
        .query(
            "secrets",
            "SELECT account, region, name FROM secrets WHERE delete_at <= $1 ORDER BY delete_at LIMIT $2",
            &[now.to_value(), limit.to_value()],
        )
        .await?;
    rows.into_iter()
        .map(|mut row| {
            Ok(SecretKey {
                account: row.take::<AccountId>()?,
                region: row.take::<Region>()?,
                name: row.take()?,
            })
        })
        .collect()
}

/// Deletes one secret whose recovery window is over.
#[derive(Debug)]
pub struct EndDeletion {
    pub secret: SecretKey,
}

impl Work for EndDeletion {
    type Service = Secrets;
    type Facts = Option<Arc<Secret>>;
    type Error = SecretsError;

    async fn facts(&self, view: View<'_, Secrets>) -> Result<Option<Arc<Secret>>, SecretsError> {
        view.service.find(View { fresh: true, ..view }, &self.secret).await.map_err(store_fault)
    }

    fn decide(
        &self,
        secret: &Option<Arc<Secret>>,
        env: Env<'_, Secrets>,
    ) -> Result<Option<WriteSet>, SecretsError> {
        let Some(secret) = secret else { return Ok(None) };
        if secret.row.delete_at.is_none_or(|at| at > env.now) {
            return Ok(None);
        }
        let mut writes = removal(secret);
        for (id, _) in secret.versions().iter() {
            writes.audit(
                ServiceEvent {
                    event_source: PRINCIPAL,
                    event_name: "EndSecretVersionDelete",
                    account: secret.row.account,
                    region: &secret.row.region,
                    resource_type: "AWS::SecretsManager::Secret",
                    resource_arn: &secret.arn,
                    response_elements: None,
                    details: Some(json!({ "SecretId": &*secret.arn, "SecretVersionId": id })),
                }
                .row(&env),
            );
        }
        Ok(Some(writes))
    }
}

/// Everything of a secret goes, in one commit.
pub(crate) fn removal(secret: &Secret) -> WriteSet {
    let of_secret = secret.row.secret_key().values().to_vec();
    let mut writes = WriteSet::default();
    writes.delete(&Versioned { row: secret.row.clone(), version: secret.version });
    writes.delete_children::<VersionRow>(of_secret.clone());
    writes.delete_children::<AccessRow>(of_secret.clone());
    writes.delete_children::<ConsumerRow>(of_secret.clone());
    writes.delete_children::<LogRow>(of_secret);
    writes
}

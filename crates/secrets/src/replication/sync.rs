//! Makes a replica like its primary secret.

use super::Replication;
use crate::error::SecretsError;
use crate::ops::write_value::prunable;
use crate::rotation::own_request;
use crate::sealing::{KeyToUse, Opening, Sealing};
use crate::secret::{Secret, SecretKey};
use crate::service::{Secrets, find_version, store_fault};
use crate::version::VersionRow;
use keywright_auth::identities::Json;
use keywright_auth::{Env, View, Work};
use keywright_kms::NewServiceKey;
use keywright_store::{Column as _, Store, StoreError, Versioned, WriteSet};
use keywright_types::{AccountId, EventId, Region, RequestId, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// How long a replica waits that could not be made like its primary secret.
const PAUSE: Duration = Duration::from_secs(60);

/// At most `limit` replicas whose primary secrets have changed since they were made like them.
///
/// # Errors
/// The store's.
pub async fn replicas_to_sync(
    store: &Store,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<SecretKey>, StoreError> {
    let rows = store
        .query(
            "secrets",
            "SELECT r.account, r.region, r.name FROM secrets r JOIN secrets p ON p.account = r.account \
             AND p.region = r.primary_region AND p.name = r.name AND p.suffix = r.suffix \
             WHERE r.primary_region IS NOT NULL AND r.sync_at <= $1 \
             AND (r.synced IS NULL OR r.synced <> p.row_version) ORDER BY r.sync_at LIMIT $2",
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

/// Makes one replica like its primary secret, as the service.
#[derive(Debug)]
pub struct SyncReplica {
    pub replica: SecretKey,
    pub request_id: RequestId,
    pub event_id: EventId,
}

/// Both, and the values that the replica lacks.
pub struct SyncFacts {
    replica: Arc<Secret>,
    primary: Arc<Secret>,
    missing: Vec<Missing>,
    prunable: Vec<Versioned<VersionRow>>,
}

struct Missing {
    created_at: Timestamp,
    opening: Opening,
    sealing: Sealing,
}

impl Work for SyncReplica {
    type Service = Secrets;
    type Facts = Option<SyncFacts>;
    type Error = SecretsError;

    async fn facts(&self, view: View<'_, Secrets>) -> Result<Option<SyncFacts>, SecretsError> {
        let view = View { fresh: true, ..view };
        let find = async |key: &SecretKey| view.service.find(view, key).await.map_err(store_fault);
        let Some(replica) = find(&self.replica).await? else { return Ok(None) };
        let Some(region) = replica.row.primary_region.clone() else { return Ok(None) };
        let of_primary = SecretKey { region, ..self.replica.clone() };
        let Some(primary) = find(&of_primary).await? else { return Ok(None) };
        if primary.row.suffix != replica.row.suffix || replica.row.synced == Some(primary.version.number()) {
            return Ok(None);
        }
        let ids = (self.request_id, self.event_id);
        let (reading, writing) =
            (own_request(&of_primary, view.now, ids), own_request(&self.replica, view.now, ids));
        let new = NewServiceKey::default();
        let key = KeyToUse { named: replica.row.kms_key.as_deref(), new: &new };
        let mut missing = Vec::new();
        for (id, version) in primary.versions().iter().filter(|(_, version)| version.has_value()) {
            if find_version(view.store, &self.replica, id).await.map_err(store_fault)?.is_some() {
                continue;
            }
            let Some(row) = view.service.find_value(view, &primary, id).await.map_err(store_fault)? else {
                continue;
            };
            missing.push(Missing {
                created_at: version.created_at(),
                opening: Opening::prepare(view, &primary, &row, &reading).await?,
                sealing: Sealing::prepare(view, &self.replica, &replica.arn, id, key, &writing).await?,
            });
        }
        let (prunable, _) = prunable(view, &replica, view.now).await?;
        Ok(Some(SyncFacts { replica, primary, missing, prunable }))
    }

    fn decide(
        &self,
        facts: &Option<SyncFacts>,
        env: Env<'_, Secrets>,
    ) -> Result<Option<WriteSet>, SecretsError> {
        let Some(SyncFacts { replica, primary, missing, prunable }) = facts else { return Ok(None) };
        let mut row = replica.row.clone();
        let grants = row.replication.take().unwrap_or_default().0.grants;
        let mut writes = WriteSet::default();
        let copied = missing.iter().try_for_each(|version| {
            let (value, records) = version.opening.open(&env).map_err(|fault| (fault, "read"))?;
            let (mut sealed, of_key) =
                version.sealing.seal(&value, &env).map_err(|fault| (fault, "encrypt"))?;
            sealed.created_at = version.created_at;
            writes.merge(records);
            writes.merge(of_key);
            writes.insert(&sealed);
            Ok::<(), (SecretsError, &str)>(())
        });
        match copied {
            Ok(()) => {}
            Err((fault @ (SecretsError::Internal(_) | SecretsError::Unavailable(_)), _)) => {
                return Err(fault);
            }
            Err((_, what)) => {
                let key = if what == "read" { &primary.row.kms_key } else { &replica.row.kms_key };
                let fault = format!(
                    "Replication failed: the service cannot {what} the secret's value under the KMS key {}: the key is \
                     not enabled, or the service's grant on it is gone.",
                    key.as_deref().unwrap_or(crate::sealing::DEFAULT_KEY)
                );
                let known = replica.row.replication.as_ref().and_then(|before| before.0.fault.as_deref());
                let is_news = known != Some(fault.as_str());
                row.replication =
                    Some(Json(Replication { fault: Some(fault), grants, ..Replication::default() }));
                row.sync_at = Some(env.now.plus(PAUSE));
                let mut writes = WriteSet::default();
                writes.update(&row, replica.version);
                if is_news {
                    tracing::warn!(name = row.name, region = %row.region, "a secret could not be replicated");
                }
                return Ok(Some(writes));
            }
        }
        for old in prunable.iter().filter(|old| primary.versions().find(&old.row.version_id).is_none()) {
            writes.delete(old);
        }
        row.versions = Json(primary.versions().replicated());
        row.description.clone_from(&primary.row.description);
        row.secret_type.clone_from(&primary.row.secret_type);
        row.tags = primary.row.tags.clone();
        row.policy.clone_from(&primary.row.policy);
        row.policy_pins.clone_from(&primary.row.policy_pins);
        row.last_rotated_at = primary.row.last_rotated_at;
        row.next_rotation_at = primary.row.next_rotation_at;
        row.changed_at = primary.row.changed_at;
        row.replication = Some(Json(Replication { grants, ..Replication::default() }));
        row.synced = Some(primary.version.number());
        row.sync_at = Some(env.now);
        writes.update(&row, replica.version);
        // A primary secret that changed meanwhile is copied once more.
        writes.expect(&primary.row, primary.version);
        Ok(Some(writes))
    }
}

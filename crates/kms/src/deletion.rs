//! The end of a key: what was scheduled is carried out.
//!
//! Invariants
//! - A key is destroyed only after its whole waiting period, and not while destruction is on hold
//!   because the clock jumped (server::clock_watch).
//! - Key, material, aliases, grants and last use go in one commit; a tombstone keeps the id from being used again.

use crate::alias::AliasRow;
use crate::census::{MaterialCallersRow, MaterialUsesRow};
use crate::error::KmsError;
use crate::grant::GrantRow;
use crate::key::{Key, KeyRow, TombstoneRow};
use crate::key_state::KeyState;
use crate::last_usage::LastUsageRow;
use crate::material::MaterialRow;
use crate::multi_region::find_related;
use crate::service::Kms;
use keywright_auth::{BusEvent, Env, ServiceError as _, ServiceEvent, View, Work};
use keywright_store::{Column as _, Row as _, StoreError, Versioned, WriteSet};
use keywright_types::{AccountId, KeyArn, KeyId, Region, Timestamp};
use std::sync::Arc;

/// At most `limit` keys whose waiting period is over at `now`.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub async fn keys_to_destroy(
    store: &keywright_store::Store,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<KeyArn>, StoreError> {
    let rows = store
        .query(
            "keys",
            "SELECT account, region, key_id FROM keys \
             WHERE state = $1 AND delete_at <= $2 ORDER BY delete_at LIMIT $3",
            &["PendingDeletion".to_owned().to_value(), now.to_value(), limit.to_value()],
        )
        .await?;
    rows.into_iter()
        .map(|mut row| {
            Ok(KeyArn {
                account: row.take::<AccountId>()?,
                region: row.take::<Region>()?,
                key_id: row.take::<KeyId>()?,
            })
        })
        .collect()
}

/// Destroys one key whose waiting period is over.
#[derive(Debug)]
pub struct DestroyKey {
    pub key: KeyArn,
}

/// The key and the aliases that go with it.
pub struct Doomed {
    key: Arc<Key>,
    related: Vec<Arc<Key>>,
    aliases: Vec<Versioned<AliasRow>>,
}

impl Work for DestroyKey {
    type Service = Kms;
    type Facts = Option<Doomed>;
    type Error = KmsError;

    async fn facts(&self, view: View<'_, Kms>) -> Result<Option<Doomed>, KmsError> {
        let view = View { fresh: true, ..view };
        let Some(key) = view.service.find_key(view, &self.key).await.map_err(KmsError::from_store)? else {
            return Ok(None);
        };
        // No alias can join meanwhile: that would need the key's version before it was pending deletion.
        let aliases = view
            .store
            .select::<AliasRow>(
                "WHERE account = $1 AND region = $2 AND key_id = $3",
                &[self.key.account.to_value(), self.key.region.to_value(), self.key.key_id.to_value()],
            )
            .await
            .map_err(KmsError::from_store)?;
        let related = find_related(view, &key).await?;
        Ok(Some(Doomed { key, related, aliases }))
    }

    fn decide(&self, doomed: &Option<Doomed>, env: Env<'_, Kms>) -> Result<Option<WriteSet>, KmsError> {
        let Some(Doomed { key, related, aliases }) = doomed else { return Ok(None) };
        match key.state {
            KeyState::PendingDeletion { delete_at, .. } if delete_at <= env.now => {}
            KeyState::PendingDeletion { .. }
            | KeyState::PendingReplicaDeletion { .. }
            | KeyState::PendingImport
            | KeyState::Enabled
            | KeyState::Disabled => return Ok(None),
        }
        let row: KeyRow = key.to_row();
        let of_key = row.key_values();
        let mut writes = WriteSet::default();
        writes.delete(&Versioned { row, version: key.version });
        writes.delete_children::<MaterialRow>(of_key.clone());
        // However many: a grant is made only on a key that is not on its way out, relying on the key's version.
        writes.delete_children::<GrantRow>(of_key.clone());
        writes.delete_children::<MaterialUsesRow>(of_key.clone());
        writes.delete_children::<MaterialCallersRow>(of_key.clone());
        writes.delete_children::<LastUsageRow>(of_key);
        for alias in aliases {
            writes.delete(alias);
        }
        if key.is_replica() {
            release_primary(&mut writes, related, &env);
        }
        // A replica can be made anew, and end again.
        writes.put(&TombstoneRow {
            account: key.arn.account,
            region: key.arn.region.clone(),
            key_id: key.arn.key_id,
            created_at: key.created_at,
            deleted_at: env.now,
        });
        let event = BusEvent {
            source: "aws.kms",
            detail_type: "KMS CMK Deletion",
            account: key.arn.account,
            region: key.arn.region.clone(),
            resources: vec![key.arn_text.to_string()],
            detail: serde_json::json!({ "key-id": key.arn.key_id.to_string() }),
        };
        writes.announce(&event.row(&env));
        let record = ServiceEvent {
            event_source: "kms.amazonaws.com",
            event_name: "DeleteKey",
            account: key.arn.account,
            region: &key.arn.region,
            resource_type: "AWS::KMS::Key",
            resource_arn: &key.arn_text,
            response_elements: Some(serde_json::json!({ "keyId": &*key.arn_text })),
            details: None,
        };
        writes.audit(record.row(&env));
        Ok(Some(writes))
    }
}

/// A primary key that waits for the end of its replicas begins its own waiting period with the last one. Its row is
/// written in any case: of two replicas that end at once, one sees the other gone.
fn release_primary(writes: &mut WriteSet, related: &[Arc<Key>], env: &Env<'_, Kms>) {
    let Some(primary) = related.iter().find(|other| !other.is_replica()) else { return };
    let mut changed = Key::clone(primary);
    if let KeyState::PendingReplicaDeletion { window_days } = primary.state
        && related.len() == 1
    {
        changed.state = KeyState::PendingDeletion { delete_at: env.now.plus_days(window_days), window_days };
    }
    writes.update(&changed.to_row(), primary.version);
}

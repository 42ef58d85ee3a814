//! The reconciler that removes imported key material at the end of its validity.

use crate::error::KmsError;
use crate::key::Key;
use crate::material::{MaterialRow, find_materials};
use crate::multi_region::find_related;
use crate::service::Kms;
use keywright_auth::{BusEvent, Env, ServiceError as _, ServiceEvent, View, Work};
use keywright_store::{Column as _, StoreError, Versioned, WriteSet};
use keywright_types::{AccountId, KeyArn, KeyId, MaterialId, Region, Timestamp};
use std::sync::Arc;

/// At most `limit` keys that have imported key material whose end has come by `now`.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub async fn keys_with_expired_material(
    store: &keywright_store::Store,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<KeyArn>, StoreError> {
    let rows = store
        .query(
            "keys",
            "SELECT account, region, key_id FROM keys WHERE material_expires_at <= $1 \
             ORDER BY material_expires_at LIMIT $2",
            &[now.to_value(), limit.to_value()],
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

/// Removes what has expired of one key.
#[derive(Debug)]
pub struct ExpireKeyMaterial {
    pub key: KeyArn,
}

/// The key, and the bytes of its key material.
pub struct Expiring {
    key: Arc<Key>,
    related: Vec<Arc<Key>>,
    rows: Vec<Versioned<MaterialRow>>,
}

impl Work for ExpireKeyMaterial {
    type Service = Kms;
    type Facts = Option<Expiring>;
    type Error = KmsError;

    async fn facts(&self, view: View<'_, Kms>) -> Result<Option<Expiring>, KmsError> {
        let view = View { fresh: true, ..view };
        let Some(key) = view.service.find_key(view, &self.key).await.map_err(KmsError::from_store)? else {
            return Ok(None);
        };
        let related = find_related(view, &key).await?;
        let mut rows = Vec::new();
        for material in key.imported.expired(view.now) {
            rows.extend(find_materials(view, &key, Some(material.id)).await?);
        }
        Ok(Some(Expiring { key, related, rows }))
    }

    fn decide(&self, facts: &Option<Expiring>, env: Env<'_, Kms>) -> Result<Option<WriteSet>, KmsError> {
        let Some(Expiring { key, related, rows }) = facts else { return Ok(None) };
        let ended: Vec<MaterialId> = key.imported.expired(env.now).map(|material| material.id).collect();
        if ended.is_empty() {
            return Ok(None);
        }
        let mut writes = WriteSet::default();
        let mut changed = vec![(Key::clone(key), key.version)];
        for id in &ended {
            let is_pending = key.imported.find(*id).is_some_and(|material| material.is_pending());
            let everywhere = is_pending && !key.is_replica();
            if everywhere && changed.len() == 1 {
                changed.extend(related.iter().map(|other| (Key::clone(other), other.version)));
            }
            let concerned = if everywhere { changed.len() } else { 1 };
            for (one, _) in &mut changed[..concerned] {
                one.remove_imported(*id, everywhere);
                for row in rows.iter().filter(|row| row.row.material_id == *id) {
                    if row.row.region == one.arn.region {
                        writes.delete(row);
                    }
                }
            }
            tell(&mut writes, key, *id, &env);
        }
        for (one, version) in &changed {
            writes.update(&one.to_row(), *version);
        }
        Ok(Some(writes))
    }
}

/// The event on the bus and the service's own record in the trail (KMS Developer Guide, "Monitor KMS keys with Amazon
/// EventBridge" and "Logging: DeleteExpiredKeyMaterial").
fn tell(writes: &mut WriteSet, key: &Key, material: MaterialId, env: &Env<'_, Kms>) {
    let event = BusEvent {
        source: "aws.kms",
        detail_type: "KMS Imported Key Material Expiration",
        account: key.arn.account,
        region: key.arn.region.clone(),
        resources: vec![key.arn_text.to_string()],
        detail: serde_json::json!({
            "key-id": key.arn.key_id.to_string(),
            "key-material-id": material.to_string(),
        }),
    };
    writes.announce(&event.row(env));
    let record = ServiceEvent {
        event_source: "kms.amazonaws.com",
        event_name: "DeleteExpiredKeyMaterial",
        account: key.arn.account,
        region: &key.arn.region,
        resource_type: "AWS::KMS::Key",
        resource_arn: &key.arn_text,
        response_elements: None,
        details: Some(serde_json::json!({
            "keyId": &*key.arn_text,
            "keyMaterialId": material.to_string(),
        })),
    };
    writes.audit(record.row(env));
}

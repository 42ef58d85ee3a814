//! The reconciler: finds keys that are due and rotates each once.

use super::switch::{RotationType, rotate};
use crate::error::KmsError;
use crate::key::Key;
use crate::key_state::KeyUse;
use crate::multi_region::find_related;
use crate::service::Kms;
use keywright_auth::{Env, ServiceError as _, View, Work};
use keywright_store::{Column as _, StoreError, WriteSet};
use keywright_types::{AccountId, KeyArn, KeyId, Region, Timestamp};
use std::sync::Arc;

/// At most `limit` keys whose rotation is due at `now`, the longest overdue first, of those whose ids end in one of
/// `digits`. Disabled keys and keys pending deletion are not among them: they wait until they are enabled.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub async fn due_keys(
    store: &keywright_store::Store,
    now: Timestamp,
    digits: &[char],
    limit: i64,
) -> Result<Vec<KeyArn>, StoreError> {
    if digits.is_empty() {
        return Ok(Vec::new());
    }
    // Digits and quotes only: nothing of it comes from outside.
    let listed: Vec<String> =
        digits.iter().filter(|digit| digit.is_ascii_hexdigit()).map(|digit| format!("'{digit}'")).collect();
    let sql = format!(
        "SELECT account, region, key_id FROM keys WHERE state = $1 AND next_rotation_at <= $2 \
         AND (primary_region IS NULL OR primary_region = region) \
         AND key_spec = 'SYMMETRIC_DEFAULT' \
         AND substr(key_id, length(key_id), 1) IN ({}) ORDER BY next_rotation_at LIMIT $3",
        listed.join(", ")
    );
    let params = ["Enabled".to_owned().to_value(), now.to_value(), limit.to_value()];
    let rows = store.query("keys", &sql, &params).await?;
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

/// The digit by which the work on a key is divided among nodes.
#[must_use]
pub fn last_digit(key: &KeyArn) -> char {
    key.key_id.to_string().chars().last().unwrap_or('0')
}

/// Rotates one key, if it is (still) due.
#[derive(Debug)]
pub struct RotateDueKey {
    pub key: KeyArn,
}

/// A key that may be due, and those that share its key material.
pub struct Due {
    key: Arc<Key>,
    related: Vec<Arc<Key>>,
}

impl Work for RotateDueKey {
    type Service = Kms;
    type Facts = Option<Due>;
    type Error = KmsError;

    async fn facts(&self, view: View<'_, Kms>) -> Result<Option<Due>, KmsError> {
        // Always from the store: the list of due keys may be older than the key.
        let view = View { fresh: true, ..view };
        let Some(key) = view.service.find_key(view, &self.key).await.map_err(KmsError::from_store)? else {
            return Ok(None);
        };
        let related = find_related(view, &key).await?;
        Ok(Some(Due { key, related }))
    }

    fn decide(&self, due: &Option<Due>, env: Env<'_, Kms>) -> Result<Option<WriteSet>, KmsError> {
        let Some(Due { key, related }) = due else { return Ok(None) };
        let due = key.rotation.next_at.is_some_and(|at| at <= env.now);
        if !due || key.succeeds() || key.is_replica() || key.state.allows(KeyUse::Rotate).is_err() {
            return Ok(None);
        }
        Ok(Some(rotate(key, related, RotationType::Automatic, &env)))
    }
}

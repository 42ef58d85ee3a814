//! Public keys that an alias publishes: those of its line that sign, will sign, or signed not long ago.

use crate::alias::AliasRow;
use crate::key::Key;
use crate::key_spec::KeyUsage;
use crate::key_state::KeyState;
use crate::service::Kms;
use keywright_auth::View;
use keywright_crypto::JwkParts;
use keywright_store::{Column as _, StoreError};
use keywright_types::{AccountId, AliasName, KeyArn, KeyId};
use std::sync::Arc;

/// Keys before the current one that are listed, at most.
const PREDECESSORS_MAX: usize = 100;

/// One public key.
#[derive(Debug, Clone)]
pub struct PublishedKey {
    pub key_id: KeyId,
    pub jwk: JwkParts,
}

impl Kms {
    /// What the account's aliases of that name publish, in all Regions: of each line the coming key, the current one, and
    /// those that have not retired. None if nothing of that name is published: nobody learns whether it is there.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer or a row was tampered with.
    pub async fn published(
        &self,
        view: View<'_, Self>,
        account: AccountId,
        name: &AliasName,
    ) -> Result<Option<Vec<PublishedKey>>, StoreError> {
        let aliases = view
            .store
            .select::<AliasRow>(
                "WHERE account = $1 AND name = $2 ORDER BY region",
                &[account.to_value(), name.clone().to_value()],
            )
            .await?;
        let mut found = None;
        for alias in aliases {
            let arn = KeyArn { region: alias.row.region, account, key_id: alias.row.key_id };
            let Some(current) = self.find_key(view, &arn).await? else { continue };
            if current.is_published() {
                self.publish_line(view, &current, found.get_or_insert_default()).await?;
            }
        }
        Ok(found)
    }

    async fn publish_line(
        &self,
        view: View<'_, Self>,
        current: &Arc<Key>,
        into: &mut Vec<PublishedKey>,
    ) -> Result<(), StoreError> {
        let sibling = |key_id| KeyArn { key_id, ..current.arn.clone() };
        if let Some(key_id) = current.lineage.successor
            && let Some(coming) = self.find_key(view, &sibling(key_id)).await?
        {
            self.publish(view, &coming, into).await?;
        }
        self.publish(view, current, into).await?;
        let mut before = current.lineage.predecessor;
        for _ in 0..PREDECESSORS_MAX {
            let Some(key_id) = before else { break };
            let Some(key) = self.find_key(view, &sibling(key_id)).await? else { break };
            // They retire in the order in which they were superseded, but for what an operator did.
            if key.lineage.superseded.is_some_and(|superseded| !superseded.retired) {
                self.publish(view, &key, into).await?;
            }
            before = key.lineage.predecessor;
        }
        Ok(())
    }

    async fn publish(
        &self,
        view: View<'_, Self>,
        key: &Key,
        into: &mut Vec<PublishedKey>,
    ) -> Result<(), StoreError> {
        // What a disabled key signed is still its own; what is to be destroyed is no longer vouched for.
        if key.usage != KeyUsage::SignVerify || !matches!(key.state, KeyState::Enabled | KeyState::Disabled) {
            return Ok(());
        }
        let Some(material) = self.find_current_material(view, key).await? else { return Ok(()) };
        let jwk = material.pair().ok().and_then(|pair| pair.public_key().jwk());
        into.extend(jwk.map(|jwk| PublishedKey { key_id: key.arn.key_id, jwk }));
        Ok(())
    }
}

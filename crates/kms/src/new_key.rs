//! Making a key: its row and its first backing key.

use crate::alias::AliasNames;
use crate::key::{Key, KeyManager, Origin};
use crate::key_spec::{KeySpec, KeyUsage};
use crate::key_state::KeyState;
use crate::rotation::{RotationPlan, SERVICE_PERIOD_DAYS, first_material};
use crate::service::Kms;
use keywright_auth::Env;
use keywright_auth::identities::Pins;
use keywright_crypto::KeyMaterial;
use keywright_policy::Document;
use keywright_store::{RowVersion, WriteSet};
use keywright_types::{KeyArn, Tags};
use std::sync::Arc;

/// A key to be made.
pub(crate) struct NewKey {
    pub(crate) arn: KeyArn,
    pub(crate) manager: KeyManager,
    pub(crate) spec: KeySpec,
    pub(crate) usage: KeyUsage,
    pub(crate) description: String,
    pub(crate) policy: Arc<Document>,
    pub(crate) policy_pins: Pins,
}

impl NewKey {
    /// The key and the rows that make it durable. The caller may still change the key (its tags) and
    /// inserts its row.
    pub(crate) fn make(self, material: &KeyMaterial, env: &Env<'_, Kms>) -> (Key, WriteSet) {
        let material = first_material(&self.arn, self.spec, material, env);
        let mut rotation = RotationPlan::default();
        match self.manager {
            KeyManager::Customer => {}
            KeyManager::Service => rotation.set_period(Some(SERVICE_PERIOD_DAYS), env.now),
        }
        let key = Key {
            arn_text: Arc::from(self.arn.to_string()),
            arn: self.arn,
            manager: self.manager,
            spec: self.spec,
            usage: self.usage,
            origin: Origin::Generated,
            state: KeyState::Enabled,
            description: self.description,
            created_at: env.now,
            current_material: material.material_id,
            current_material_at: env.now,
            material_count: 1,
            rotation,
            tags: Tags::default(),
            policy: self.policy,
            policy_pins: self.policy_pins,
            alias_names: AliasNames::new(),
            version: RowVersion::FIRST,
        };
        let mut writes = WriteSet::default();
        writes.insert(&material);
        (key, writes)
    }
}

/// Fresh material for a key of that spec; of an RSA key it may take seconds when the stock is empty.
pub(crate) fn fresh_material(spec: KeySpec, env: &Env<'_, Kms>) -> KeyMaterial {
    match spec {
        KeySpec::SymmetricDefault => KeyMaterial::generate(env.rng),
        KeySpec::Mac(spec) => spec.generate(env.rng),
        KeySpec::Pair(spec) => env.service.stock.take(spec).material(),
    }
}

//! Making a key: its row and its first backing key.

use crate::alias::{AliasNames, AliasRow};
use crate::imported::ImportedMaterials;
use crate::key::{Key, KeyManager, MultiRegion, Origin};
use crate::key_policy;
use crate::key_spec::{KeySpec, KeyUsage};
use crate::key_state::KeyState;
use crate::rotation::{RotationPlan, SERVICE_PERIOD_DAYS, first_material};
use crate::service::{Kms, local_arn};
use crate::succession::Lineage;
use keywright_auth::identities::Pins;
use keywright_auth::{Env, RequestContext};
use keywright_crypto::KeyMaterial;
use keywright_policy::Document;
use keywright_store::{RowVersion, WriteSet};
use keywright_types::{AliasName, KeyArn, KeyId, Rng, Tags};
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
        let mut key = self.key(Origin::Generated, env);
        key.current_material = Some(material.material_id);
        key.material_count = 1;
        match key.manager {
            KeyManager::Customer => {}
            KeyManager::Service => key.rotation.set_period(Some(SERVICE_PERIOD_DAYS), env.now),
        }
        let mut writes = WriteSet::default();
        writes.insert(&material);
        (key, writes)
    }

    /// The key without key material, which its owner brings.
    pub(crate) fn make_empty(self, env: &Env<'_, Kms>) -> Key {
        let mut key = self.key(Origin::External, env);
        key.state = KeyState::PendingImport;
        key
    }

    fn key(self, origin: Origin, env: &Env<'_, Kms>) -> Key {
        Key {
            arn_text: Arc::from(self.arn.to_string()),
            manager: self.manager,
            spec: self.spec,
            usage: self.usage,
            origin,
            state: KeyState::Enabled,
            description: self.description,
            created_at: env.now,
            current_material: None,
            current_material_at: env.now,
            material_count: 0,
            rotation: RotationPlan::default(),
            tags: Tags::default(),
            policy: self.policy,
            policy_pins: self.policy_pins,
            alias_names: AliasNames::new(),
            imported: ImportedMaterials::default(),
            multi_region: match self.arn.key_id {
                KeyId::Uuid(_) => None,
                KeyId::MultiRegion(_) => Some(MultiRegion::Primary),
            },
            lineage: Lineage::default(),
            version: RowVersion::FIRST,
            arn: self.arn,
        }
    }
}

/// Fresh material for a key of that spec; of an RSA key it may take seconds when the stock is empty.
pub(crate) fn fresh_material(spec: KeySpec, env: &Env<'_, Kms>) -> KeyMaterial {
    env.service.make_material(spec, env.rng)
}

/// The service-managed key `alias/aws/SERVICE` of the request's account and Region, its first backing key and the rows
/// that make both durable. If two make it at once, the alias's row lets one through.
pub(crate) fn new_service_key(
    name: &AliasName,
    service: &str,
    request: &RequestContext,
    env: &Env<'_, Kms>,
) -> (Key, KeyMaterial, WriteSet) {
    let arn = local_arn(KeyId::from_random(env.rng.array()), request);
    let policy = key_policy::service_managed_policy(&arn, service);
    let new = NewKey {
        arn,
        manager: KeyManager::Service,
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsage::EncryptDecrypt,
        description: format!("Default key that protects my {service} data when no other key is defined"),
        policy,
        policy_pins: Pins::new(),
    };
    let material = fresh_material(KeySpec::SymmetricDefault, env);
    let (mut key, mut writes) = new.make(&material, env);
    key.alias_names.insert(name.to_string());
    writes.insert(&key.to_row());
    writes.insert(&AliasRow {
        account: key.arn.account,
        region: key.arn.region.clone(),
        name: name.clone(),
        key_id: key.arn.key_id,
        created_at: env.now,
        updated_at: env.now,
    });
    (key, material, writes)
}

impl Kms {
    /// Fresh material for a key of that spec; of an RSA key it may take seconds when the stock is empty.
    #[must_use]
    pub fn make_material(&self, spec: KeySpec, rng: &dyn Rng) -> KeyMaterial {
        match spec {
            KeySpec::SymmetricDefault => KeyMaterial::generate(rng),
            KeySpec::Mac(spec) => spec.generate(rng),
            KeySpec::Pair(spec) => self.stock.take(spec).material(),
        }
    }
}

//! The switch to a new backing key, in one write set with its events and records.

use super::plan::RotationPlan;
use crate::key::Key;
use crate::key_spec::KeySpec;
use crate::material::{MaterialRow, NewMaterial};
use crate::service::Kms;
use keywright_auth::{BusEvent, Env, ServiceEvent};
use keywright_crypto::KeyMaterial;
use keywright_store::WriteSet;
use keywright_types::{KeyArn, MaterialId};
use std::sync::Arc;

/// Why a backing key was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationType {
    Automatic,
    OnDemand,
}

impl RotationType {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "AUTOMATIC",
            Self::OnDemand => "ON_DEMAND",
        }
    }
}

/// The first backing key of a new key, of that material.
pub fn first_material(
    arn: &KeyArn,
    spec: KeySpec,
    material: &KeyMaterial,
    env: &Env<'_, Kms>,
) -> MaterialRow {
    NewMaterial::make(arn, spec, material, 1, None, env).row
}

/// Gives `key` a new current backing key, and its related keys the same. Relies on the keys as they were read, so that
/// of two rotations that race only one is committed.
pub fn rotate(key: &Key, related: &[Arc<Key>], rotation_type: RotationType, env: &Env<'_, Kms>) -> WriteSet {
    let ordinal = key.material_count + 1;
    let material = KeyMaterial::generate(env.rng);
    let mut writes = WriteSet::default();
    let plan = plan_after(key, rotation_type, env);
    for one in std::iter::once(key).chain(related.iter().map(AsRef::as_ref)) {
        let made_as = Some(rotation_type.as_str());
        let new = NewMaterial::make(&one.arn, one.spec, &material, ordinal, made_as, env);
        let mut rotated = one.clone();
        rotated.current_material = Some(new.row.material_id);
        rotated.current_material_at = env.now;
        rotated.material_count = ordinal;
        rotated.rotation = plan;
        writes.insert(&new.row);
        writes.update(&rotated.to_row(), one.version);
        tell(&mut writes, one, rotation_type, new.row.material_id, env);
    }
    writes
}

/// Makes the imported key material that waits for it current. None if there is no such one, or if it is not in every
/// Region yet.
pub fn rotate_imported(key: &Key, related: &[Arc<Key>], env: &Env<'_, Kms>) -> Option<WriteSet> {
    let pending = key.imported.pending()?;
    let (id, ordinal) = (pending.id, pending.ordinal);
    let mut writes = WriteSet::default();
    let plan = plan_after(key, RotationType::OnDemand, env);
    for one in std::iter::once(key).chain(related.iter().map(AsRef::as_ref)) {
        let there = one.imported.pending().filter(|pending| pending.id == id)?;
        // What has ended by now and only waits to be removed does not count.
        there.presence.filter(|presence| presence.valid_to.is_none_or(|end| end > env.now))?;
        let mut rotated = one.clone();
        rotated.imported.rotate(env.now);
        rotated.current_material = Some(id);
        rotated.current_material_at = env.now;
        rotated.material_count = ordinal;
        rotated.rotation = plan;
        writes.update(&rotated.to_row(), one.version);
        tell(&mut writes, one, RotationType::OnDemand, id, env);
    }
    Some(writes)
}

fn plan_after(key: &Key, rotation_type: RotationType, env: &Env<'_, Kms>) -> RotationPlan {
    let mut plan = key.rotation;
    match rotation_type {
        RotationType::Automatic => plan.advance(env.now),
        RotationType::OnDemand => plan.on_demand_count += 1,
    }
    plan
}

/// The event on the bus and the service's own record in the trail (KMS Developer Guide, "Monitor KMS
/// keys with Amazon EventBridge" and "Logging: RotateKey").
fn tell(writes: &mut WriteSet, key: &Key, rotation_type: RotationType, new: MaterialId, env: &Env<'_, Kms>) {
    let origin = key.origin.as_str();
    let previous = key.current_material.map(|id| id.to_string());
    let event = BusEvent {
        source: "aws.kms",
        detail_type: "KMS CMK Rotation",
        account: key.arn.account,
        region: key.arn.region.clone(),
        resources: vec![key.arn_text.to_string()],
        detail: serde_json::json!({
            "key-id": key.arn.key_id.to_string(),
            "key-origin": origin,
            "rotation-type": rotation_type.as_str(),
            "previous-key-material-id": previous,
            "current-key-material-id": new.to_string(),
        }),
    };
    writes.announce(&event.row(env));
    let record = ServiceEvent {
        event_source: "kms.amazonaws.com",
        event_name: "RotateKey",
        account: key.arn.account,
        region: &key.arn.region,
        resource_type: "AWS::KMS::Key",
        resource_arn: &key.arn_text,
        response_elements: None,
        details: Some(serde_json::json!({
            "rotationType": rotation_type.as_str(),
            "keyOrigin": origin,
            "previousKeyMaterialId": previous,
            "currentKeyMaterialId": new.to_string(),
        })),
    };
    writes.audit(record.row(env));
}

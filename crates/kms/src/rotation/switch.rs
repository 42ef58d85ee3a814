//! The switch to a new backing key, in one write set with its events and records.

use crate::key::{Key, Origin};
use crate::key_spec::KeySpec;
use crate::material::{MaterialRow, NewMaterial};
use crate::service::Kms;
use keywright_auth::{BusEvent, Env, ServiceEvent};
use keywright_crypto::KeyMaterial;
use keywright_store::WriteSet;
use keywright_types::{KeyArn, MaterialId};

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

/// Gives `key` a new current backing key. Relies on the key as it was read, so that of two rotations
/// that race only one is committed.
pub fn rotate(key: &Key, rotation_type: RotationType, env: &Env<'_, Kms>) -> WriteSet {
    let ordinal = key.material_count + 1;
    let new = NewMaterial::make(
        &key.arn,
        key.spec,
        &KeyMaterial::generate(env.rng),
        ordinal,
        Some(rotation_type.as_str()),
        env,
    );
    let mut rotated = key.clone();
    rotated.current_material = new.row.material_id;
    rotated.current_material_at = env.now;
    rotated.material_count = ordinal;
    match rotation_type {
        RotationType::Automatic => rotated.rotation.advance(env.now),
        RotationType::OnDemand => rotated.rotation.on_demand_count += 1,
    }
    let mut writes = WriteSet::default();
    writes.insert(&new.row);
    writes.update(&rotated.to_row(), key.version);
    tell(&mut writes, key, rotation_type, new.row.material_id, env);
    writes
}

/// The event on the bus and the service's own record in the trail (KMS Developer Guide, "Monitor KMS
/// keys with Amazon EventBridge" and "Logging: RotateKey").
fn tell(writes: &mut WriteSet, key: &Key, rotation_type: RotationType, new: MaterialId, env: &Env<'_, Kms>) {
    let origin = match key.origin {
        Origin::Generated => "AWS_KMS",
    };
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
            "previous-key-material-id": key.current_material.to_string(),
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
            "previousKeyMaterialId": key.current_material.to_string(),
            "currentKeyMaterialId": new.to_string(),
        })),
    };
    writes.audit(record.row(env));
}

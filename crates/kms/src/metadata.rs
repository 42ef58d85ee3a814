//! KeyMetadata, as CreateKey and DescribeKey show it.

use crate::key::Key;
use crate::key_spec::Algorithms;
use crate::key_state::KeyState;
use crate::multi_region;
use keywright_aws::kms;
use std::sync::Arc;

/// What the API tells about a key; `related` are the others of a multi-Region key.
#[must_use]
pub(crate) fn of(key: &Key, related: &[Arc<Key>]) -> kms::KeyMetadata {
    let (state, deletion_date) = match key.state {
        KeyState::Enabled => (kms::KeyState::Enabled, None),
        KeyState::Disabled => (kms::KeyState::Disabled, None),
        KeyState::PendingImport => (kms::KeyState::PendingImport, None),
        KeyState::PendingReplicaDeletion { .. } => (kms::KeyState::PendingReplicaDeletion, None),
        KeyState::PendingDeletion { delete_at, .. } => (kms::KeyState::PendingDeletion, Some(delete_at)),
    };
    let algorithms = Algorithms::of(key.spec, key.usage);
    kms::KeyMetadata {
        aws_account_id: Some(key.arn.account.to_string()),
        key_id: key.arn.key_id.to_string(),
        arn: Some(key.arn_text.to_string()),
        creation_date: Some(key.created_at),
        enabled: Some(key.state == KeyState::Enabled),
        description: Some(key.description.clone()),
        key_usage: kms::KeyUsageType::parse(key.usage.as_str()),
        key_state: Some(state),
        deletion_date,
        origin: kms::OriginType::parse(key.origin.as_str()),
        key_manager: kms::KeyManagerType::parse(key.manager.as_str()),
        customer_master_key_spec: kms::CustomerMasterKeySpec::parse(key.spec.as_str()),
        key_spec: kms::KeySpec::parse(key.spec.as_str()),
        encryption_algorithms: algorithms.encryption,
        signing_algorithms: algorithms.signing,
        mac_algorithms: algorithms.mac,
        key_agreement_algorithms: algorithms.agreement,
        encapsulation_algorithms: algorithms.encapsulation,
        multi_region: Some(key.multi_region.is_some()),
        multi_region_configuration: multi_region::configuration(key, related),
        valid_to: key.imported.usable_until(),
        expiration_model: expiration_model(key),
        pending_deletion_window_in_days: match key.state {
            KeyState::PendingReplicaDeletion { window_days } => i32::try_from(window_days).ok(),
            KeyState::PendingDeletion { .. }
            | KeyState::PendingImport
            | KeyState::Enabled
            | KeyState::Disabled => None,
        },
        // Of keys whose material is never exchanged AWS shows no id.
        current_key_material_id: key.current_material.filter(|_| key.spec.rotates()).map(|id| id.to_string()),
        ..kms::KeyMetadata::default()
    }
}

/// Whether the key material that belongs to the key expires; none while there is none.
fn expiration_model(key: &Key) -> Option<kms::ExpirationModelType> {
    let mut present =
        key.imported.iter().filter(|material| !material.is_pending() && material.presence.is_some());
    present.next()?;
    Some(match key.imported.usable_until() {
        Some(_) => kms::ExpirationModelType::KeyMaterialExpires,
        None => kms::ExpirationModelType::KeyMaterialDoesNotExpire,
    })
}

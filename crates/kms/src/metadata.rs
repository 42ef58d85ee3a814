//! KeyMetadata, as CreateKey and DescribeKey show it.

use crate::key::Key;
use crate::key_spec::Algorithms;
use crate::key_state::KeyState;
use keywright_aws::kms;

/// What the API tells about a key.
#[must_use]
pub(crate) fn of(key: &Key) -> kms::KeyMetadata {
    let (state, deletion_date) = match key.state {
        KeyState::Enabled => (kms::KeyState::Enabled, None),
        KeyState::Disabled => (kms::KeyState::Disabled, None),
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
        multi_region: Some(false),
        // Of keys whose material is never exchanged AWS shows no id.
        current_key_material_id: key.spec.rotates().then(|| key.current_material.to_string()),
        ..kms::KeyMetadata::default()
    }
}

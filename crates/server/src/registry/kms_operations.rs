//! What runs the operations of KMS.

use super::Registry;
use keywright_aws::kms;
use keywright_kms::ops;

impl Registry {
    pub(super) fn add_kms(&mut self) {
        let kms = &kms::SERVICE;
        self.serve::<ops::cancel_key_deletion::CancelKeyDeletion>(kms);
        self.serve::<ops::connect_custom_key_store::ConnectCustomKeyStore>(kms);
        self.serve::<ops::create_alias::CreateAlias>(kms);
        self.serve::<ops::create_custom_key_store::CreateCustomKeyStore>(kms);
        self.serve::<ops::create_grant::CreateGrant>(kms);
        self.serve::<ops::create_key::CreateKey>(kms);
        self.serve::<ops::decapsulate::Decapsulate>(kms);
        self.serve::<ops::decrypt::Decrypt>(kms);
        self.serve::<ops::delete_alias::DeleteAlias>(kms);
        self.serve::<ops::delete_custom_key_store::DeleteCustomKeyStore>(kms);
        self.serve::<ops::delete_imported_key_material::DeleteImportedKeyMaterial>(kms);
        self.serve::<ops::derive_shared_secret::DeriveSharedSecret>(kms);
        self.serve::<ops::describe_custom_key_stores::DescribeCustomKeyStores>(kms);
        self.serve::<ops::describe_key::DescribeKey>(kms);
        self.serve::<ops::disable_key::DisableKey>(kms);
        self.serve::<ops::disable_key_rotation::DisableKeyRotation>(kms);
        self.serve::<ops::disconnect_custom_key_store::DisconnectCustomKeyStore>(kms);
        self.serve::<ops::enable_key::EnableKey>(kms);
        self.serve::<ops::enable_key_rotation::EnableKeyRotation>(kms);
        self.serve::<ops::encapsulate::Encapsulate>(kms);
        self.serve::<ops::encrypt::Encrypt>(kms);
        self.serve::<ops::generate_data_key::GenerateDataKey>(kms);
        self.serve::<ops::generate_data_key_pair::GenerateDataKeyPair>(kms);
        self.serve::<ops::generate_data_key_pair_without_plaintext::GenerateDataKeyPairWithoutPlaintext>(kms);
        self.serve::<ops::generate_data_key_without_plaintext::GenerateDataKeyWithoutPlaintext>(kms);
        self.serve::<ops::generate_mac::GenerateMac>(kms);
        self.serve::<ops::generate_random::GenerateRandom>(kms);
        self.serve::<ops::get_key_last_usage::GetKeyLastUsage>(kms);
        self.serve::<ops::get_key_policy::GetKeyPolicy>(kms);
        self.serve::<ops::get_key_rotation_status::GetKeyRotationStatus>(kms);
        self.serve::<ops::get_parameters_for_import::GetParametersForImport>(kms);
        self.serve::<ops::get_public_key::GetPublicKey>(kms);
        self.serve::<ops::import_key_material::ImportKeyMaterial>(kms);
        self.serve::<ops::list_aliases::ListAliases>(kms);
        self.serve::<ops::list_grants::ListGrants>(kms);
        self.serve::<ops::list_key_policies::ListKeyPolicies>(kms);
        self.serve::<ops::list_key_rotations::ListKeyRotations>(kms);
        self.serve::<ops::list_keys::ListKeys>(kms);
        self.serve::<ops::list_resource_tags::ListResourceTags>(kms);
        self.serve::<ops::list_retirable_grants::ListRetirableGrants>(kms);
        self.serve::<ops::put_key_policy::PutKeyPolicy>(kms);
        self.serve::<ops::re_encrypt::ReEncrypt>(kms);
        self.serve::<ops::replicate_key::ReplicateKey>(kms);
        self.serve::<ops::retire_grant::RetireGrant>(kms);
        self.serve::<ops::revoke_grant::RevokeGrant>(kms);
        self.serve::<ops::rotate_key_on_demand::RotateKeyOnDemand>(kms);
        self.serve::<ops::schedule_key_deletion::ScheduleKeyDeletion>(kms);
        self.serve::<ops::sign::Sign>(kms);
        self.serve::<ops::tag_resource::TagResource>(kms);
        self.serve::<ops::untag_resource::UntagResource>(kms);
        self.serve::<ops::update_alias::UpdateAlias>(kms);
        self.serve::<ops::update_custom_key_store::UpdateCustomKeyStore>(kms);
        self.serve::<ops::update_key_description::UpdateKeyDescription>(kms);
        self.serve::<ops::update_primary_region::UpdatePrimaryRegion>(kms);
        self.serve::<ops::verify::Verify>(kms);
        self.serve::<ops::verify_mac::VerifyMac>(kms);
    }
}

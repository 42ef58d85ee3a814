//! The operations of the secrets manager, in the order of its reference.

use super::Registry;
use keywright_aws::secretsmanager::SERVICE;
use keywright_secrets::ops;

impl Registry {
    pub(super) fn add_secrets(&mut self) {
        self.serve::<ops::batch_get_secret_value::BatchGetSecretValue>(&SERVICE);
        self.serve::<ops::cancel_rotate_secret::CancelRotateSecret>(&SERVICE);
        self.serve::<ops::create_secret::CreateSecret>(&SERVICE);
        self.serve::<ops::delete_resource_policy::DeleteResourcePolicy>(&SERVICE);
        self.serve::<ops::delete_secret::DeleteSecret>(&SERVICE);
        self.serve::<ops::describe_secret::DescribeSecret>(&SERVICE);
        self.serve::<ops::get_random_password::GetRandomPassword>(&SERVICE);
        self.serve::<ops::get_resource_policy::GetResourcePolicy>(&SERVICE);
        self.serve::<ops::get_secret_value::GetSecretValue>(&SERVICE);
        self.serve::<ops::list_resource_policies::ListResourcePolicies>(&SERVICE);
        self.serve::<ops::list_secret_version_ids::ListSecretVersionIds>(&SERVICE);
        self.serve::<ops::list_secrets::ListSecrets>(&SERVICE);
        self.serve::<ops::put_resource_policy::PutResourcePolicy>(&SERVICE);
        self.serve::<ops::put_secret_value::PutSecretValue>(&SERVICE);
        self.serve::<ops::remove_regions_from_replication::RemoveRegionsFromReplication>(&SERVICE);
        self.serve::<ops::replicate_secret_to_regions::ReplicateSecretToRegions>(&SERVICE);
        self.serve::<ops::restore_secret::RestoreSecret>(&SERVICE);
        self.serve::<ops::rotate_secret::RotateSecret>(&SERVICE);
        self.serve::<ops::stop_replication_to_replica::StopReplicationToReplica>(&SERVICE);
        self.serve::<ops::tag_resource::TagResource>(&SERVICE);
        self.serve::<ops::untag_resource::UntagResource>(&SERVICE);
        self.serve::<ops::update_secret::UpdateSecret>(&SERVICE);
        self.serve::<ops::update_secret_version_stage::UpdateSecretVersionStage>(&SERVICE);
        self.serve::<ops::validate_resource_policy::ValidateResourcePolicy>(&SERVICE);
    }
}

//! What runs the operations of IAM, by area.

use super::Registry;
use keywright_aws::iam;
use keywright_iam::ops;

impl Registry {
    pub(super) fn add_iam(&mut self) {
        self.add_users();
        self.add_roles();
        self.add_policies();
        self.add_policies_of_identities();
        self.add_signin();
        self.add_simulation();
    }

    /// Users, groups, access keys, the account.
    fn add_users(&mut self) {
        let iam = &iam::SERVICE;
        self.serve::<ops::add_user_to_group::AddUserToGroup>(iam);
        self.serve::<ops::create_access_key::CreateAccessKey>(iam);
        self.serve::<ops::create_account_alias::CreateAccountAlias>(iam);
        self.serve::<ops::create_group::CreateGroup>(iam);
        self.serve::<ops::create_user::CreateUser>(iam);
        self.serve::<ops::delete_access_key::DeleteAccessKey>(iam);
        self.serve::<ops::delete_account_alias::DeleteAccountAlias>(iam);
        self.serve::<ops::delete_group::DeleteGroup>(iam);
        self.serve::<ops::delete_user::DeleteUser>(iam);
        self.serve::<ops::get_access_key_last_used::GetAccessKeyLastUsed>(iam);
        self.serve::<ops::get_account_summary::GetAccountSummary>(iam);
        self.serve::<ops::get_group::GetGroup>(iam);
        self.serve::<ops::get_user::GetUser>(iam);
        self.serve::<ops::list_access_keys::ListAccessKeys>(iam);
        self.serve::<ops::list_account_aliases::ListAccountAliases>(iam);
        self.serve::<ops::list_groups::ListGroups>(iam);
        self.serve::<ops::list_groups_for_user::ListGroupsForUser>(iam);
        self.serve::<ops::list_instance_profiles_for_role::ListInstanceProfilesForRole>(iam);
        self.serve::<ops::list_service_specific_credentials::ListServiceSpecificCredentials>(iam);
        self.serve::<ops::list_signing_certificates::ListSigningCertificates>(iam);
        self.serve::<ops::list_ssh_public_keys::ListSshPublicKeys>(iam);
        self.serve::<ops::list_user_tags::ListUserTags>(iam);
        self.serve::<ops::list_users::ListUsers>(iam);
        self.serve::<ops::remove_user_from_group::RemoveUserFromGroup>(iam);
        self.serve::<ops::tag_user::TagUser>(iam);
        self.serve::<ops::untag_user::UntagUser>(iam);
        self.serve::<ops::update_access_key::UpdateAccessKey>(iam);
        self.serve::<ops::update_group::UpdateGroup>(iam);
        self.serve::<ops::update_user::UpdateUser>(iam);
    }

    /// Roles and whom they trust.
    fn add_roles(&mut self) {
        let iam = &iam::SERVICE;
        self.serve::<ops::create_role::CreateRole>(iam);
        self.serve::<ops::delete_role::DeleteRole>(iam);
        self.serve::<ops::get_role::GetRole>(iam);
        self.serve::<ops::list_role_tags::ListRoleTags>(iam);
        self.serve::<ops::list_roles::ListRoles>(iam);
        self.serve::<ops::tag_role::TagRole>(iam);
        self.serve::<ops::untag_role::UntagRole>(iam);
        self.serve::<ops::update_assume_role_policy::UpdateAssumeRolePolicy>(iam);
        self.serve::<ops::update_role::UpdateRole>(iam);
        self.serve::<ops::update_role_description::UpdateRoleDescription>(iam);
    }

    /// Managed policies and their versions.
    fn add_policies(&mut self) {
        let iam = &iam::SERVICE;
        self.serve::<ops::create_policy::CreatePolicy>(iam);
        self.serve::<ops::create_policy_version::CreatePolicyVersion>(iam);
        self.serve::<ops::delete_policy::DeletePolicy>(iam);
        self.serve::<ops::delete_policy_version::DeletePolicyVersion>(iam);
        self.serve::<ops::get_policy::GetPolicy>(iam);
        self.serve::<ops::get_policy_version::GetPolicyVersion>(iam);
        self.serve::<ops::list_entities_for_policy::ListEntitiesForPolicy>(iam);
        self.serve::<ops::list_policies::ListPolicies>(iam);
        self.serve::<ops::list_policy_tags::ListPolicyTags>(iam);
        self.serve::<ops::list_policy_versions::ListPolicyVersions>(iam);
        self.serve::<ops::set_default_policy_version::SetDefaultPolicyVersion>(iam);
        self.serve::<ops::tag_policy::TagPolicy>(iam);
        self.serve::<ops::untag_policy::UntagPolicy>(iam);
    }

    /// What is attached to users, groups and roles, or stands in them.
    fn add_policies_of_identities(&mut self) {
        let iam = &iam::SERVICE;
        self.serve::<ops::attach_group_policy::AttachGroupPolicy>(iam);
        self.serve::<ops::attach_role_policy::AttachRolePolicy>(iam);
        self.serve::<ops::attach_user_policy::AttachUserPolicy>(iam);
        self.serve::<ops::delete_group_policy::DeleteGroupPolicy>(iam);
        self.serve::<ops::delete_role_permissions_boundary::DeleteRolePermissionsBoundary>(iam);
        self.serve::<ops::delete_role_policy::DeleteRolePolicy>(iam);
        self.serve::<ops::delete_user_permissions_boundary::DeleteUserPermissionsBoundary>(iam);
        self.serve::<ops::delete_user_policy::DeleteUserPolicy>(iam);
        self.serve::<ops::detach_group_policy::DetachGroupPolicy>(iam);
        self.serve::<ops::detach_role_policy::DetachRolePolicy>(iam);
        self.serve::<ops::detach_user_policy::DetachUserPolicy>(iam);
        self.serve::<ops::get_group_policy::GetGroupPolicy>(iam);
        self.serve::<ops::get_role_policy::GetRolePolicy>(iam);
        self.serve::<ops::get_user_policy::GetUserPolicy>(iam);
        self.serve::<ops::list_attached_group_policies::ListAttachedGroupPolicies>(iam);
        self.serve::<ops::list_attached_role_policies::ListAttachedRolePolicies>(iam);
        self.serve::<ops::list_attached_user_policies::ListAttachedUserPolicies>(iam);
        self.serve::<ops::list_group_policies::ListGroupPolicies>(iam);
        self.serve::<ops::list_role_policies::ListRolePolicies>(iam);
        self.serve::<ops::list_user_policies::ListUserPolicies>(iam);
        self.serve::<ops::put_group_policy::PutGroupPolicy>(iam);
        self.serve::<ops::put_role_permissions_boundary::PutRolePermissionsBoundary>(iam);
        self.serve::<ops::put_role_policy::PutRolePolicy>(iam);
        self.serve::<ops::put_user_permissions_boundary::PutUserPermissionsBoundary>(iam);
        self.serve::<ops::put_user_policy::PutUserPolicy>(iam);
    }

    /// Passwords, MFA devices, and what an account's credentials and rights are.
    fn add_signin(&mut self) {
        let iam = &iam::SERVICE;
        self.serve::<ops::change_password::ChangePassword>(iam);
        self.serve::<ops::create_login_profile::CreateLoginProfile>(iam);
        self.serve::<ops::create_virtual_mfa_device::CreateVirtualMfaDevice>(iam);
        self.serve::<ops::deactivate_mfa_device::DeactivateMfaDevice>(iam);
        self.serve::<ops::delete_account_password_policy::DeleteAccountPasswordPolicy>(iam);
        self.serve::<ops::delete_login_profile::DeleteLoginProfile>(iam);
        self.serve::<ops::delete_virtual_mfa_device::DeleteVirtualMfaDevice>(iam);
        self.serve::<ops::enable_mfa_device::EnableMfaDevice>(iam);
        self.serve::<ops::generate_credential_report::GenerateCredentialReport>(iam);
        self.serve::<ops::get_account_authorization_details::GetAccountAuthorizationDetails>(iam);
        self.serve::<ops::get_account_password_policy::GetAccountPasswordPolicy>(iam);
        self.serve::<ops::get_credential_report::GetCredentialReport>(iam);
        self.serve::<ops::get_login_profile::GetLoginProfile>(iam);
        self.serve::<ops::get_mfa_device::GetMfaDevice>(iam);
        self.serve::<ops::list_mfa_device_tags::ListMfaDeviceTags>(iam);
        self.serve::<ops::list_mfa_devices::ListMfaDevices>(iam);
        self.serve::<ops::list_virtual_mfa_devices::ListVirtualMfaDevices>(iam);
        self.serve::<ops::resync_mfa_device::ResyncMfaDevice>(iam);
        self.serve::<ops::tag_mfa_device::TagMfaDevice>(iam);
        self.serve::<ops::untag_mfa_device::UntagMfaDevice>(iam);
        self.serve::<ops::update_account_password_policy::UpdateAccountPasswordPolicy>(iam);
        self.serve::<ops::update_login_profile::UpdateLoginProfile>(iam);
    }

    /// What policies would decide.
    fn add_simulation(&mut self) {
        let iam = &iam::SERVICE;
        self.serve::<ops::get_context_keys_for_custom_policy::GetContextKeysForCustomPolicy>(iam);
        self.serve::<ops::get_context_keys_for_principal_policy::GetContextKeysForPrincipalPolicy>(iam);
        self.serve::<ops::simulate_custom_policy::SimulateCustomPolicy>(iam);
        self.serve::<ops::simulate_principal_policy::SimulatePrincipalPolicy>(iam);
    }
}

//! Every operation of every served model, and what runs it.
//!
//! All operations of the models are known from the start; one that is not built yet has no handler and
//! answers the service's nearest modelled error with a plain text. Limits are columns here, in sight of
//! whoever reviews, and not calls inside handlers.

use crate::app::{App, Serves};
use crate::metrics::OperationMetrics;
use crate::pipeline::{self, Answer};
use keywright_auth::{Operation, RequestContext};
use keywright_aws::{
    OperationModel, Protocol, ServiceModel, WireError, iam, keywright, kms, secretsmanager, sts,
};
use keywright_types::{Region, RegionSet};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

/// Runs an operation on a request's body.
type Handler = for<'a> fn(
    &'a Arc<App>,
    &'static ServiceModel,
    RequestContext,
    &'a [u8],
) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// One service as served.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) model: &'static ServiceModel,
    /// The largest body read, in bytes.
    pub(crate) body_bytes_max: usize,
    /// Where everything of a global service lives, whatever Region its requests are scoped to.
    home: Option<&'static str>,
    /// A query service whose fields may stand in the URL. Not where they can be passwords: proxies log URLs.
    pub(crate) fields_in_url: bool,
}

static KMS: Served =
    Served { model: &kms::SERVICE, body_bytes_max: KMS_BODY_BYTES_MAX, home: None, fields_in_url: false };
static SECRETSMANAGER: Served = Served {
    model: &secretsmanager::SERVICE,
    body_bytes_max: DEFAULT_BODY_BYTES_MAX,
    home: None,
    fields_in_url: false,
};
static KEYWRIGHT: Served = Served {
    model: &keywright::SERVICE,
    body_bytes_max: DEFAULT_BODY_BYTES_MAX,
    home: None,
    fields_in_url: false,
};
static IAM: Served = Served {
    model: &iam::SERVICE,
    body_bytes_max: IAM_BODY_BYTES_MAX,
    home: Some("us-east-1"),
    fields_in_url: false,
};
/// A presigned GetCallerIdentity is how clusters and vaults let a caller prove who it is.
pub(crate) static STS: Served =
    Served { model: &sts::SERVICE, body_bytes_max: STS_BODY_BYTES_MAX, home: None, fields_in_url: true };

impl Served {
    /// The Region that a request scoped to `scoped` is about; none if that is not served.
    pub(crate) fn region(&self, regions: &RegionSet, scoped: &str) -> Option<Region> {
        let scoped = regions.find(scoped)?;
        match self.home {
            Some(home) => regions.find(home),
            None => Some(scoped),
        }
    }
}

/// One operation as served.
pub(crate) struct Entry {
    pub(crate) served: &'static Served,
    pub(crate) operation: &'static OperationModel,
    handler: Option<Handler>,
    pub(crate) metrics: OnceLock<OperationMetrics>,
}

/// No KMS request is larger: 128 KiB of policy text, escaped, and 50 tags are the most.
const KMS_BODY_BYTES_MAX: usize = 1 << 20;
/// 64 KiB of secret, base64 and escapes; the rest of a request is small.
const DEFAULT_BODY_BYTES_MAX: usize = 1 << 20;
/// Ten policies of 2,048 letters, percent-encoded, and 50 tags are far below.
const IAM_BODY_BYTES_MAX: usize = 1 << 20;
/// A web identity token of 20,000 letters, a session policy and tags.
const STS_BODY_BYTES_MAX: usize = 256 << 10;
/// What is read of a body that nobody signed: a web identity token, a session policy and its ARNs.
pub(crate) const UNSIGNED_BODY_BYTES_MAX: usize = 64 << 10;

/// The query operations that bring no signature, because what they bring is a proof of its own. Service, operation.
const UNSIGNED: &[(&str, &str)] = &[("sts", "AssumeRoleWithWebIdentity")];

/// The operations by what names them in a request.
pub(crate) struct Registry {
    /// JSON services, by `X-Amz-Target`.
    by_target: HashMap<String, Entry>,
    /// Query services, by service and `Action`.
    by_action: HashMap<(&'static str, &'static str), Entry>,
    pub(crate) services: Vec<&'static Served>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        let mut registry =
            Self { by_target: HashMap::new(), by_action: HashMap::new(), services: Vec::new() };
        for served in [&KMS, &SECRETSMANAGER, &KEYWRIGHT, &IAM, &STS] {
            registry.add_service(served);
        }
        registry.add_kms();
        registry.add_iam_users();
        registry.add_iam_roles();
        registry.add_iam_policies();
        registry.add_iam_policies_of_identities();
        registry.add_iam_signin();
        registry.serve::<keywright_inventory::ops::list_rotations::ListRotations>(&keywright::SERVICE);
        registry
    }

    fn add_kms(&mut self) {
        use keywright_kms::ops;
        let kms = &kms::SERVICE;
        self.serve::<ops::cancel_key_deletion::CancelKeyDeletion>(kms);
        self.serve::<ops::create_alias::CreateAlias>(kms);
        self.serve::<ops::create_grant::CreateGrant>(kms);
        self.serve::<ops::create_key::CreateKey>(kms);
        self.serve::<ops::decrypt::Decrypt>(kms);
        self.serve::<ops::delete_alias::DeleteAlias>(kms);
        self.serve::<ops::describe_key::DescribeKey>(kms);
        self.serve::<ops::disable_key::DisableKey>(kms);
        self.serve::<ops::disable_key_rotation::DisableKeyRotation>(kms);
        self.serve::<ops::enable_key::EnableKey>(kms);
        self.serve::<ops::enable_key_rotation::EnableKeyRotation>(kms);
        self.serve::<ops::encrypt::Encrypt>(kms);
        self.serve::<ops::generate_data_key::GenerateDataKey>(kms);
        self.serve::<ops::generate_data_key_without_plaintext::GenerateDataKeyWithoutPlaintext>(kms);
        self.serve::<ops::generate_random::GenerateRandom>(kms);
        self.serve::<ops::get_key_last_usage::GetKeyLastUsage>(kms);
        self.serve::<ops::get_key_policy::GetKeyPolicy>(kms);
        self.serve::<ops::get_key_rotation_status::GetKeyRotationStatus>(kms);
        self.serve::<ops::list_aliases::ListAliases>(kms);
        self.serve::<ops::list_grants::ListGrants>(kms);
        self.serve::<ops::list_key_policies::ListKeyPolicies>(kms);
        self.serve::<ops::list_key_rotations::ListKeyRotations>(kms);
        self.serve::<ops::list_keys::ListKeys>(kms);
        self.serve::<ops::list_resource_tags::ListResourceTags>(kms);
        self.serve::<ops::list_retirable_grants::ListRetirableGrants>(kms);
        self.serve::<ops::put_key_policy::PutKeyPolicy>(kms);
        self.serve::<ops::re_encrypt::ReEncrypt>(kms);
        self.serve::<ops::retire_grant::RetireGrant>(kms);
        self.serve::<ops::revoke_grant::RevokeGrant>(kms);
        self.serve::<ops::rotate_key_on_demand::RotateKeyOnDemand>(kms);
        self.serve::<ops::schedule_key_deletion::ScheduleKeyDeletion>(kms);
        self.serve::<ops::tag_resource::TagResource>(kms);
        self.serve::<ops::untag_resource::UntagResource>(kms);
        self.serve::<ops::update_alias::UpdateAlias>(kms);
        self.serve::<ops::update_key_description::UpdateKeyDescription>(kms);
    }

    /// Users, groups, access keys, the account.
    fn add_iam_users(&mut self) {
        use keywright_iam::ops;
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

    fn add_iam_roles(&mut self) {
        use keywright_iam::ops;
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

    fn add_iam_policies(&mut self) {
        use keywright_iam::ops;
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

    fn add_iam_policies_of_identities(&mut self) {
        use keywright_iam::ops;
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
    fn add_iam_signin(&mut self) {
        use keywright_iam::ops;
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

    fn add_service(&mut self, served: &'static Served) {
        self.services.push(served);
        for operation in served.model.operations {
            let entry = Entry { served, operation, handler: None, metrics: OnceLock::new() };
            match served.model.protocol {
                Protocol::Json11 => {
                    self.by_target.insert(target(served.model, operation), entry);
                }
                Protocol::Query => {
                    self.by_action.insert((served.model.name, operation.name), entry);
                }
                Protocol::RestJson => unreachable!("no service above is routed by its path"),
            }
        }
    }

    fn serve<Op: Operation>(&mut self, service: &'static ServiceModel)
    where
        App: Serves<Op::Service>,
    {
        let entry = match service.protocol {
            Protocol::Query => self.by_action.get_mut(&(service.name, Op::MODEL.name)),
            Protocol::Json11 | Protocol::RestJson => self.by_target.get_mut(&target(service, Op::MODEL)),
        };
        let entry = entry.expect("an operation's model is in its service's table");
        entry.handler =
            Some(|app, model, request, body| Box::pin(pipeline::run::<Op>(app, model, request, body)));
    }

    pub(crate) fn is_served(&self, service: &ServiceModel, operation: &OperationModel) -> bool {
        let entry = match service.protocol {
            Protocol::Query => self.find_action(service, operation.name),
            Protocol::Json11 | Protocol::RestJson => self.find(&target(service, operation)),
        };
        entry.is_some_and(|entry| entry.handler.is_some())
    }

    /// The operation that an `X-Amz-Target` names.
    pub(crate) fn find(&self, target: &str) -> Option<&Entry> {
        self.by_target.get(target)
    }

    /// The operation of a query service that `Action` names.
    pub(crate) fn find_action(&self, service: &ServiceModel, action: &str) -> Option<&Entry> {
        let operation = service.find(action)?;
        self.by_action.get(&(service.name, operation.name))
    }

    /// The query service with this name in a credential scope.
    pub(crate) fn query_service(&self, signing_name: &str) -> Option<&'static Served> {
        let query = |served: &&Served| served.model.protocol == Protocol::Query;
        let named = |served: &&Served| served.model.signing_name == signing_name;
        self.services.iter().copied().filter(query).find(named)
    }

    /// The operation of any query service that takes a request without a signature and is called so.
    pub(crate) fn find_unsigned(&self, action: &str) -> Option<&Entry> {
        UNSIGNED.iter().find(|(_, name)| *name == action).and_then(|key| self.by_action.get(key))
    }
}

fn target(service: &ServiceModel, operation: &OperationModel) -> String {
    format!("{}.{}", service.target_prefix.unwrap_or_default(), operation.name)
}

impl Entry {
    /// Runs the operation, or says that it is not built.
    pub(crate) async fn run(&self, app: &Arc<App>, request: RequestContext, body: &[u8]) -> Answer {
        match self.handler {
            Some(handler) => handler(app, self.served.model, request, body).await,
            None => {
                let error = self.not_built();
                pipeline::refuse_unbuilt(app, self.served.model, self.operation, &request, &error).await;
                Err(error)
            }
        }
    }

    /// The service's nearest modelled error, with a plain text; query services have none that is near.
    pub(crate) fn not_built(&self) -> WireError {
        let code = match self.served.model.name {
            "secretsmanager" => "InvalidRequestException",
            "iam" | "sts" => "InvalidAction",
            _ => "UnsupportedOperationException",
        };
        let text = format!("{} is not supported by this release of Keywright.", self.operation.name);
        WireError::new(code, 400, Some(text.into()))
    }
}

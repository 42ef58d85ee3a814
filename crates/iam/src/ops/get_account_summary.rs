//! GetAccountSummary: how many there are of what in the account, and how many there may be.

use crate::account;
use crate::counts;
use crate::error::IamError;
use crate::mfa;
use crate::quotas;
use crate::service::Iam;
use keywright_auth::identities::PolicyRow;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, ROOT, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{
    GetAccountSummaryRequest, GetAccountSummaryResponse, SummaryKeyType as Of, operations,
};
use keywright_store::Column as _;
use keywright_types::AccountId;

pub struct GetAccountSummary {}

/// What was counted.
pub struct AccountCounts {
    users: usize,
    groups: usize,
    roles: usize,
    policies: usize,
    policy_versions: usize,
    mfa_devices: usize,
    mfa_devices_in_use: usize,
    root_access_keys: usize,
    root_has_mfa: bool,
}

/// Policies read at once.
const POLICIES_READ: i64 = 100;

/// Policies of the account, and all of their versions.
async fn policies(view: View<'_, Iam>, account: AccountId) -> Result<(usize, usize), IamError> {
    let (mut policies, mut versions) = (0, 0);
    let mut after = String::new();
    loop {
        let params = [account.to_value(), after.to_value(), POLICIES_READ.to_value()];
        let condition = "WHERE account = $1 AND name_key > $2 ORDER BY name_key LIMIT $3";
        let found = view.store.select::<PolicyRow>(condition, &params).await.map_err(IamError::from_store)?;
        let Some(last) = found.last() else { return Ok((policies, versions)) };
        after = last.row.name_key.to_string();
        policies += found.len();
        versions += found.iter().map(|policy| policy.row.versions.0.len()).sum::<usize>();
    }
}

impl Operation for GetAccountSummary {
    type Service = Iam;
    type Input = GetAccountSummaryRequest;
    type Output = GetAccountSummaryResponse;
    type Facts = AccountCounts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_ACCOUNT_SUMMARY;
    const READ_ONLY: bool = true;

    fn parse(
        GetAccountSummaryRequest {}: GetAccountSummaryRequest,
        _service: &Iam,
    ) -> Result<Self, IamError> {
        Ok(Self {})
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<AccountCounts, IamError> {
        let account = request.caller.account;
        let of_root = [account.to_value(), ROOT.to_owned().to_value()];
        let in_use = "WHERE account = $1 AND user_id IS NOT NULL";
        let (policies, policy_versions) = policies(view, account).await?;
        Ok(AccountCounts {
            users: counts::users(view, account).await?,
            groups: counts::groups(view, account).await?,
            roles: counts::of_account(view, "iam_roles", account).await?,
            policies,
            policy_versions,
            mfa_devices: counts::of_account(view, "mfa_devices", account).await?,
            mfa_devices_in_use: counts::rows(view, "mfa_devices", in_use, &[account.to_value()]).await?,
            root_access_keys: counts::rows(
                view,
                "access_keys",
                "WHERE account = $1 AND principal = $2",
                &of_root,
            )
            .await?,
            root_has_mfa: !mfa::root_serials(&account::get(view, account).await?.row).is_empty(),
        })
    }

    fn checks(&self, _facts: &AccountCounts, _request: &RequestContext) -> Checks {
        let arn = "*".to_owned();
        [Check { action: "iam:GetAccountSummary", protected: Protected::ByIdentity { arn } }]
            .into_iter()
            .collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &AccountCounts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let shown = |of: &Of| {
            let number = summary(*of, facts);
            (of.as_str().to_owned(), i32::try_from(number).unwrap_or(i32::MAX))
        };
        Ok(Decision::answer(GetAccountSummaryResponse {
            summary_map: Some(Of::ALL.iter().map(shown).collect()),
        }))
    }
}

/// One line of the summary. What does not exist here counts as none of none.
fn summary(of: Of, facts: &AccountCounts) -> usize {
    match of {
        Of::Users => facts.users,
        Of::UsersQuota => quotas::USERS,
        Of::Groups => facts.groups,
        Of::GroupsQuota => quotas::GROUPS,
        Of::UserPolicySizeQuota => quotas::USER_POLICY_SIZE,
        Of::GroupPolicySizeQuota => quotas::GROUP_POLICY_SIZE,
        Of::GroupsPerUserQuota => quotas::GROUPS_PER_USER,
        Of::AccessKeysPerUserQuota => quotas::ACCESS_KEYS_PER_USER,
        Of::MfaDevices => facts.mfa_devices,
        Of::MfaDevicesInUse => facts.mfa_devices_in_use,
        Of::AccountMfaEnabled => usize::from(facts.root_has_mfa),
        // Whether there are any, not how many.
        Of::AccountAccessKeysPresent => usize::from(facts.root_access_keys > 0),
        Of::AttachedPoliciesPerGroupQuota
        | Of::AttachedPoliciesPerRoleQuota
        | Of::AttachedPoliciesPerUserQuota => quotas::ATTACHED_POLICIES,
        Of::Policies => facts.policies,
        Of::PoliciesQuota => quotas::POLICIES,
        Of::PolicySizeQuota => quotas::POLICY_SIZE,
        Of::PolicyVersionsInUse => facts.policy_versions,
        Of::PolicyVersionsInUseQuota => quotas::POLICY_VERSIONS_IN_USE,
        Of::VersionsPerPolicyQuota => quotas::VERSIONS_PER_POLICY,
        // Tokens of the global endpoint are good in every Region.
        Of::GlobalEndpointTokenVersion => 2,
        Of::AssumeRolePolicySizeQuota => quotas::TRUST_POLICY_SIZE,
        Of::RolePolicySizeQuota => quotas::ROLE_POLICY_SIZE,
        Of::Roles => facts.roles,
        Of::RolesQuota => quotas::ROLES,
        // The root user has no password here.
        Of::AccountPasswordPresent
        | Of::AccountSigningCertificatesPresent
        | Of::InstanceProfiles
        | Of::InstanceProfilesQuota
        | Of::Providers
        | Of::ServerCertificates
        | Of::ServerCertificatesQuota
        | Of::SigningCertificatesPerUserQuota => 0,
    }
}

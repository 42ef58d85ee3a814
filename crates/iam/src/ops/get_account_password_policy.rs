//! GetAccountPasswordPolicy: what passwords must be like, if the account has said so.

use crate::error::IamError;
use crate::new_passwords::Rules;
use crate::service::Iam;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{
    GetAccountPasswordPolicyRequest, GetAccountPasswordPolicyResponse, PasswordPolicy, operations,
};

pub struct GetAccountPasswordPolicy;

impl Operation for GetAccountPasswordPolicy {
    type Service = Iam;
    type Input = GetAccountPasswordPolicyRequest;
    type Output = GetAccountPasswordPolicyResponse;
    type Facts = Rules;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_ACCOUNT_PASSWORD_POLICY;
    const READ_ONLY: bool = true;

    fn parse(_input: GetAccountPasswordPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self)
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<Rules, IamError> {
        Rules::find(view, request).await
    }

    fn checks(&self, _facts: &Rules, _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "iam:GetAccountPasswordPolicy", protected }].into_iter().collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &Rules,
        _env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let policy = facts.policy.as_ref().ok_or_else(|| IamError::NoSuchEntity {
            message: format!(
                "The Password Policy with domain name {} cannot be found.",
                request.caller.account
            ),
        })?;
        let number = |number: u32| i32::try_from(number).ok();
        Ok(Decision::answer(GetAccountPasswordPolicyResponse {
            password_policy: PasswordPolicy {
                minimum_password_length: number(policy.minimum_length),
                require_symbols: Some(policy.require_symbols),
                require_numbers: Some(policy.require_numbers),
                require_uppercase_characters: Some(policy.require_uppercase),
                require_lowercase_characters: Some(policy.require_lowercase),
                allow_users_to_change_password: Some(policy.users_may_change),
                expire_passwords: Some(policy.max_age_days.is_some()),
                max_password_age: policy.max_age_days.and_then(number),
                password_reuse_prevention: policy.reuse_prevention.and_then(number),
                hard_expiry: policy.hard_expiry,
            },
        }))
    }
}

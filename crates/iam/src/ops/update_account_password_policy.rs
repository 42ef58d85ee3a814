//! UpdateAccountPasswordPolicy: what passwords must be like from now on; what is not given goes back to its default.

use crate::error::IamError;
use crate::new_passwords::Rules;
use crate::password_policy::PasswordPolicy;
use crate::service::Iam;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{UpdateAccountPasswordPolicyRequest, operations};
use keywright_store::WriteSet;

pub struct UpdateAccountPasswordPolicy {
    policy: PasswordPolicy,
}

impl Operation for UpdateAccountPasswordPolicy {
    type Service = Iam;
    type Input = UpdateAccountPasswordPolicyRequest;
    type Output = ();
    type Facts = Rules;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::UPDATE_ACCOUNT_PASSWORD_POLICY;
    const READ_ONLY: bool = false;

    fn parse(input: UpdateAccountPasswordPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        let number = |given: Option<i32>| given.and_then(|number| u32::try_from(number).ok());
        Ok(Self {
            policy: PasswordPolicy {
                minimum_length: number(input.minimum_password_length).unwrap_or(6),
                require_symbols: input.require_symbols.unwrap_or(false),
                require_numbers: input.require_numbers.unwrap_or(false),
                require_uppercase: input.require_uppercase_characters.unwrap_or(false),
                require_lowercase: input.require_lowercase_characters.unwrap_or(false),
                users_may_change: input.allow_users_to_change_password.unwrap_or(false),
                max_age_days: number(input.max_password_age),
                reuse_prevention: number(input.password_reuse_prevention),
                hard_expiry: input.hard_expiry,
            },
        })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<Rules, IamError> {
        Rules::find(view, request).await
    }

    fn checks(&self, _facts: &Rules, _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "iam:UpdateAccountPasswordPolicy", protected }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Rules,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let mut changed = facts.account.row.clone();
        changed.password_policy =
            Some(serde_json::to_string(&op.policy).expect("numbers and flags always serialise"));
        let mut writes = WriteSet::default();
        writes.update(&changed, facts.account.version);
        Ok(Decision::write((), writes))
    }
}

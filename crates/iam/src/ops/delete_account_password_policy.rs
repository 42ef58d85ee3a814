//! DeleteAccountPasswordPolicy: the default policy holds again.

use crate::error::IamError;
use crate::new_passwords::Rules;
use crate::service::Iam;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{DeleteAccountPasswordPolicyRequest, operations};
use keywright_store::WriteSet;

pub struct DeleteAccountPasswordPolicy;

impl Operation for DeleteAccountPasswordPolicy {
    type Service = Iam;
    type Input = DeleteAccountPasswordPolicyRequest;
    type Output = ();
    type Facts = Rules;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DELETE_ACCOUNT_PASSWORD_POLICY;
    const READ_ONLY: bool = false;

    fn parse(_input: DeleteAccountPasswordPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self)
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<Rules, IamError> {
        Rules::find(view, request).await
    }

    fn checks(&self, _facts: &Rules, _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "iam:DeleteAccountPasswordPolicy", protected }].into_iter().collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &Rules,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        if facts.policy.is_none() {
            return Err(IamError::NoSuchEntity {
                message: "The account policy with name PasswordPolicy cannot be found.".to_owned(),
            });
        }
        let mut changed = facts.account.row.clone();
        changed.password_policy = None;
        let mut writes = WriteSet::default();
        writes.update(&changed, facts.account.version);
        Ok(Decision::write((), writes))
    }
}

//! DeleteResourcePolicy: takes a secret's policy away.

use super::parse;
use crate::arn::SecretRef;
use crate::error::SecretsError;
use crate::service::Secrets;
use crate::target::Target;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{DeleteResourcePolicyRequest, DeleteResourcePolicyResponse, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct DeleteResourcePolicy {
    secret: SecretRef,
}

impl Operation for DeleteResourcePolicy {
    type Service = Secrets;
    type Input = DeleteResourcePolicyRequest;
    type Output = DeleteResourcePolicyResponse;
    type Facts = Target;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::DELETE_RESOURCE_POLICY;
    const READ_ONLY: bool = false;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: DeleteResourcePolicyRequest, service: &Secrets) -> Result<Self, SecretsError> {
        parse::policy_name(input.policy_name.as_deref())?;
        Ok(Self { secret: SecretRef::parse(&input.secret_id, &service.regions)? })
    }

    async fn facts(&self, view: View<'_, Secrets>, request: &RequestContext) -> Result<Target, SecretsError> {
        Target::find(view, &self.secret, request).await
    }

    fn checks(&self, facts: &Target, _request: &RequestContext) -> Checks {
        [facts.check("secretsmanager:DeleteResourcePolicy")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Target, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        facts.condition(name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &Target,
        env: Env<'_, Secrets>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.writable()?;
        let answer = DeleteResourcePolicyResponse {
            arn: Some(secret.arn.to_string()),
            name: Some(secret.row.name.clone()),
            policy_name: Some(parse::POLICY_NAME.to_owned()),
        };
        if secret.row.policy.is_none() {
            return Ok(Decision::answer(answer));
        }
        let mut row = secret.row.clone();
        row.policy = None;
        row.policy_pins = None;
        row.changed_at = env.now;
        let mut writes = WriteSet::default();
        writes.update(&row, secret.version);
        Ok(Decision::write(answer, writes))
    }
}

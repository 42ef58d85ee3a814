//! PutResourcePolicy: who else may use a secret.

use super::parse;
use crate::arn::SecretRef;
use crate::error::SecretsError;
use crate::policy;
use crate::service::Secrets;
use crate::target::Target;
use keywright_auth::identities::{Json, Pins};
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{PutResourcePolicyRequest, PutResourcePolicyResponse, operations};
use keywright_policy::{ConditionValue, Document};
use keywright_store::WriteSet;
use std::sync::Arc;

pub struct PutResourcePolicy {
    secret: SecretRef,
    policy: Arc<Document>,
    block_public: bool,
}

/// The secret, and those whom the policy names.
pub struct PutResourcePolicyFacts {
    target: Target,
    pins: Option<Pins>,
}

impl Operation for PutResourcePolicy {
    type Service = Secrets;
    type Input = PutResourcePolicyRequest;
    type Output = PutResourcePolicyResponse;
    type Facts = PutResourcePolicyFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::PUT_RESOURCE_POLICY;
    const READ_ONLY: bool = false;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: PutResourcePolicyRequest, service: &Secrets) -> Result<Self, SecretsError> {
        parse::policy_name(input.policy_name.as_deref())?;
        Ok(Self {
            secret: SecretRef::parse(&input.secret_id, &service.regions)?,
            policy: policy::parse(&input.resource_policy)?,
            block_public: input.block_public_policy.unwrap_or(false),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<PutResourcePolicyFacts, SecretsError> {
        Ok(PutResourcePolicyFacts {
            target: Target::find(view, &self.secret, request).await?,
            pins: policy::find_pins(view.store, &self.policy).await?,
        })
    }

    fn checks(&self, facts: &PutResourcePolicyFacts, _request: &RequestContext) -> Checks {
        [facts.target.check("secretsmanager:PutResourcePolicy")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a PutResourcePolicyFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match name {
            "secretsmanager:blockpublicpolicy" => ConditionValue::Bool(self.block_public),
            _ => facts.target.condition(name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &PutResourcePolicyFacts,
        env: Env<'_, Secrets>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.target.writable()?;
        let Some(pins) = &facts.pins else {
            return Err(SecretsError::UnusablePolicy {
                message: "This resource policy contains an unsupported principal.".into(),
            });
        };
        if op.block_public && policy::is_public(&op.policy) {
            return Err(SecretsError::PublicPolicy);
        }
        let mut row = secret.row.clone();
        row.policy = Some(op.policy.text().to_owned());
        row.policy_pins = Some(Json(pins.clone()));
        row.changed_at = env.now;
        let mut writes = WriteSet::default();
        writes.update(&row, secret.version);
        let answer = PutResourcePolicyResponse {
            arn: Some(secret.arn.to_string()),
            name: Some(secret.row.name.clone()),
            policy_name: Some(parse::POLICY_NAME.to_owned()),
        };
        Ok(Decision::write(answer, writes))
    }
}

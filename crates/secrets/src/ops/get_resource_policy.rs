//! GetResourcePolicy: the policy that a secret has, if it has one.

use super::parse;
use crate::arn::SecretRef;
use crate::error::SecretsError;
use crate::service::{Secrets, store_fault};
use crate::target::Target;
use keywright_auth::identities::{Pins, names_now};
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{GetResourcePolicyRequest, GetResourcePolicyResponse, operations};
use keywright_policy::ConditionValue;

pub struct GetResourcePolicy {
    secret: SecretRef,
    /// Whether the one policy is asked for that there can be.
    is_default: bool,
}

/// The secret, and those whom its policy names under an ARN that is not theirs any more.
pub struct PolicyFacts {
    target: Target,
    renamed: Pins,
}

impl Operation for GetResourcePolicy {
    type Service = Secrets;
    type Input = GetResourcePolicyRequest;
    type Output = GetResourcePolicyResponse;
    type Facts = PolicyFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::GET_RESOURCE_POLICY;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: GetResourcePolicyRequest, service: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self {
            secret: SecretRef::parse(&input.secret_id, &service.regions)?,
            is_default: input.policy_name.is_none_or(|name| name == parse::POLICY_NAME),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<PolicyFacts, SecretsError> {
        let target = Target::find(view, &self.secret, request).await?;
        let pins = target.find_secret().and_then(|secret| secret.row.policy_pins.as_ref());
        let renamed = match pins {
            Some(pins) => names_now(view.store, &pins.0).await.map_err(store_fault)?,
            None => Pins::new(),
        };
        Ok(PolicyFacts { target, renamed })
    }

    fn checks(&self, facts: &PolicyFacts, _request: &RequestContext) -> Checks {
        [facts.target.check("secretsmanager:GetResourcePolicy")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a PolicyFacts, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        facts.target.condition(name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &PolicyFacts,
        _env: Env<'_, Secrets>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.target.get()?;
        if !op.is_default {
            return Err(SecretsError::NothingFound {
                message: "Secrets Manager can't find the specified resource policy.".into(),
            });
        }
        let policy = secret.row.policy.as_ref().map(|_| secret.policy.shown(&facts.renamed));
        Ok(Decision::answer(GetResourcePolicyResponse {
            arn: Some(secret.arn.to_string()),
            name: Some(secret.row.name.clone()),
            policy_name: policy.is_some().then(|| parse::POLICY_NAME.to_owned()),
            resource_policy: policy,
        }))
    }
}

//! ListResourcePolicies: the names of a secret's policies: `default`, or none.

use super::parse;
use crate::arn::SecretRef;
use crate::error::SecretsError;
use crate::service::Secrets;
use crate::target::Target;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{
    ListResourcePoliciesRequest, ListResourcePoliciesResponse, ResourcePolicySummary, operations,
};
use keywright_policy::ConditionValue;

pub struct ListResourcePolicies {
    secret: SecretRef,
}

impl Operation for ListResourcePolicies {
    type Service = Secrets;
    type Input = ListResourcePoliciesRequest;
    type Output = ListResourcePoliciesResponse;
    type Facts = Target;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::LIST_RESOURCE_POLICIES;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: ListResourcePoliciesRequest, service: &Secrets) -> Result<Self, SecretsError> {
        // There is one policy at most, and so never a second page to name.
        if input.next_token.is_some() {
            return Err(SecretsError::InvalidNextToken);
        }
        Ok(Self { secret: SecretRef::parse(&input.secret_id, &service.regions)? })
    }

    async fn facts(&self, view: View<'_, Secrets>, request: &RequestContext) -> Result<Target, SecretsError> {
        Target::find(view, &self.secret, request).await
    }

    fn checks(&self, facts: &Target, _request: &RequestContext) -> Checks {
        [facts.check("secretsmanager:ListResourcePolicies")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Target, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        facts.condition(name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &Target,
        _env: Env<'_, Secrets>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.get()?;
        let name = secret.row.policy.as_ref().map(|_| parse::POLICY_NAME.to_owned());
        Ok(Decision::answer(ListResourcePoliciesResponse {
            resource_policies: name
                .map(|name| ResourcePolicySummary { policy_name: Some(name) })
                .into_iter()
                .collect(),
            next_token: None,
        }))
    }
}

//! GetContextKeysForPrincipalPolicy: the condition keys that the policies of a user, group or role speak of.

use crate::error::IamError;
use crate::service::Iam;
use crate::simulation::{
    Caller, PolicySourceFacts, Source, find_policy_source, input_policies, keys_of, parse_policy_source,
};
use keywright_auth::{Authorised, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{
    GetContextKeysForPolicyResponse, GetContextKeysForPrincipalPolicyRequest, operations,
};

pub struct GetContextKeysForPrincipalPolicy {
    source: Caller,
    policies: Vec<Source>,
}

impl Operation for GetContextKeysForPrincipalPolicy {
    type Service = Iam;
    type Input = GetContextKeysForPrincipalPolicyRequest;
    type Output = GetContextKeysForPolicyResponse;
    type Facts = PolicySourceFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_CONTEXT_KEYS_FOR_PRINCIPAL_POLICY;
    const READ_ONLY: bool = true;

    fn parse(input: GetContextKeysForPrincipalPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self {
            source: parse_policy_source(&input.policy_source_arn)?,
            policies: input_policies("PolicyInputList", input.policy_input_list.unwrap_or_default())?,
        })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<PolicySourceFacts, IamError> {
        find_policy_source(view, request, &self.source).await
    }

    fn checks(&self, facts: &PolicySourceFacts, _request: &RequestContext) -> Checks {
        [facts.check("iam:GetContextKeysForPrincipalPolicy")].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &PolicySourceFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let (own, _boundary) = facts.get()?;
        let context_key_names = Some(keys_of(own.iter().chain(&op.policies)));
        Ok(Decision::answer(GetContextKeysForPolicyResponse { context_key_names }))
    }
}

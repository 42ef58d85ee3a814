//! SimulatePrincipalPolicy: what the policies of a user, group or role would say to given requests.

use crate::error::IamError;
use crate::service::Iam;
use crate::simulation::{
    Asked, Caller, Exclusions, Given, PolicySourceFacts, Source, find_policy_source, parse_policy_source,
};
use keywright_auth::{Authorised, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{SimulatePolicyResponse, SimulatePrincipalPolicyRequest, operations};

pub struct SimulatePrincipalPolicy {
    source: Caller,
    excluded: Exclusions,
    asked: Asked,
}

impl Operation for SimulatePrincipalPolicy {
    type Service = Iam;
    type Input = SimulatePrincipalPolicyRequest;
    type Output = SimulatePolicyResponse;
    type Facts = PolicySourceFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::SIMULATE_PRINCIPAL_POLICY;
    const READ_ONLY: bool = true;

    fn parse(input: SimulatePrincipalPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        let source = parse_policy_source(&input.policy_source_arn)?;
        let asked = Asked::parse(Given {
            policies: input.policy_input_list.unwrap_or_default(),
            boundaries: input.permissions_boundary_policy_input_list,
            organization: None,
            actions: input.action_names,
            resources: input.resource_arns,
            resource_policy: input.resource_policy,
            resource_owner: input.resource_owner,
            caller: input.caller_arn,
            context: input.context_entries,
            handling: input.resource_handling_option,
            marker: input.marker,
            max_items: input.max_items,
        })?;
        asked.check_caller(Some(&source))?;
        let excluded = Exclusions::parse(input.policy_exclusion_list.unwrap_or_default())?;
        Ok(Self { source, excluded, asked })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<PolicySourceFacts, IamError> {
        find_policy_source(view, request, &self.source).await
    }

    fn checks(&self, facts: &PolicySourceFacts, _request: &RequestContext) -> Checks {
        [facts.check("iam:SimulatePrincipalPolicy")].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &PolicySourceFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let (own, own_boundary) = facts.get()?;
        let kept = |source: &&Source| !op.excluded.cover(source);
        let policies: Vec<_> = own.iter().filter(kept).chain(&op.asked.policies).collect();
        // A boundary that is given stands in for the principal's own.
        let boundary = op.asked.boundary.as_ref().or(own_boundary.filter(kept));
        let caller = op.asked.caller.as_ref().unwrap_or(&op.source);
        op.asked.answer(&policies, boundary, caller, env, request, Self::MODEL.name).map(Decision::answer)
    }
}

//! SimulateCustomPolicy: what given policies would say to given requests.

use crate::error::IamError;
use crate::service::Iam;
use crate::simulation::{Asked, Caller, Given};
use keywright_auth::identities::{EntityKind, entity_arn};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{SimulateCustomPolicyRequest, SimulatePolicyResponse, operations};

pub struct SimulateCustomPolicy {
    asked: Asked,
}

impl Operation for SimulateCustomPolicy {
    type Service = Iam;
    type Input = SimulateCustomPolicyRequest;
    type Output = SimulatePolicyResponse;
    type Facts = ();
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::SIMULATE_CUSTOM_POLICY;
    const READ_ONLY: bool = true;

    fn parse(input: SimulateCustomPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        let asked = Asked::parse(Given {
            policies: input.policy_input_list,
            boundaries: input.permissions_boundary_policy_input_list,
            organization: input.ordered_organization_policy_input_list,
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
        asked.check_caller(None)?;
        Ok(Self { asked })
    }

    async fn facts(&self, _view: View<'_, Iam>, _request: &RequestContext) -> Result<(), IamError> {
        Ok(())
    }

    fn checks(&self, (): &(), _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "iam:SimulateCustomPolicy", protected }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        (): &(),
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let account = request.caller.account;
        // Without a policy of a resource nobody asks for the caller's name.
        let somebody = || Caller {
            arn: entity_arn(account, EntityKind::User, "/", "simulated").into(),
            account,
            kind: EntityKind::User,
        };
        let caller = op.asked.caller.clone().unwrap_or_else(somebody);
        let policies: Vec<_> = op.asked.policies.iter().collect();
        let boundary = op.asked.boundary.as_ref();
        op.asked.answer(&policies, boundary, &caller, env, request, Self::MODEL.name).map(Decision::answer)
    }
}

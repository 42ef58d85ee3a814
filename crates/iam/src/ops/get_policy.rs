//! GetPolicy: a managed policy without its documents, and how many it is attached to.

use super::policy_shape;
use crate::error::IamError;
use crate::policies::{self, ManagedPolicy};
use crate::service::Iam;
use crate::usage::{self, Usage};
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{GetPolicyRequest, GetPolicyResponse, operations};
use keywright_policy::ConditionValue;

pub struct GetPolicy {
    arn: String,
}

/// The policy, and its uses.
pub struct GetPolicyFacts {
    policy: ManagedPolicy,
    usage: Usage,
}

impl Operation for GetPolicy {
    type Service = Iam;
    type Input = GetPolicyRequest;
    type Output = GetPolicyResponse;
    type Facts = GetPolicyFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_POLICY;
    const READ_ONLY: bool = true;

    fn parse(input: GetPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        policies::check_arn(&input.policy_arn)?;
        Ok(Self { arn: input.policy_arn })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<GetPolicyFacts, IamError> {
        Ok(GetPolicyFacts {
            policy: ManagedPolicy::find(view, request, &self.arn).await?,
            usage: usage::of_policy(view, request.caller.account, &self.arn).await?,
        })
    }

    fn checks(&self, facts: &GetPolicyFacts, _request: &RequestContext) -> Checks {
        [facts.policy.check("iam:GetPolicy")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a GetPolicyFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.policy.condition(name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &GetPolicyFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let policy = policy_shape::whole(facts.policy.get()?, facts.usage);
        Ok(Decision::answer(GetPolicyResponse { policy: Some(policy) }))
    }
}

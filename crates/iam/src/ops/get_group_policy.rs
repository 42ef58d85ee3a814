//! GetGroupPolicy: an inline policy of a group.

use crate::bearers::Bearer as _;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::inline;
use crate::policy_text;
use crate::service::Iam;
use keywright_auth::identities::GroupRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{GetGroupPolicyRequest, GetGroupPolicyResponse, operations};
use keywright_policy::ConditionValue;

pub struct GetGroupPolicy {
    group: String,
    policy: String,
}

impl Operation for GetGroupPolicy {
    type Service = Iam;
    type Input = GetGroupPolicyRequest;
    type Output = GetGroupPolicyResponse;
    type Facts = Entity<GroupRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_GROUP_POLICY;
    const READ_ONLY: bool = true;

    fn parse(input: GetGroupPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { group: input.group_name, policy: input.policy_name })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<Entity<GroupRow>, IamError> {
        entities::group(view, request, &self.group).await
    }

    fn checks(&self, facts: &Entity<GroupRow>, _request: &RequestContext) -> Checks {
        [facts.check("iam:GetGroupPolicy")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a Entity<GroupRow>,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        GroupRow::condition(facts, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Entity<GroupRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let text = inline::get(facts, &op.policy)?;
        Ok(Decision::answer(GetGroupPolicyResponse {
            group_name: facts.get()?.row.name.clone(),
            policy_name: op.policy.clone(),
            policy_document: policy_text::encoded(text),
        }))
    }
}

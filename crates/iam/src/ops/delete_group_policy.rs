//! DeleteGroupPolicy: takes an inline policy from a group.

use crate::bearers::Bearer as _;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::inline;
use crate::service::Iam;
use keywright_auth::identities::GroupRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{DeleteGroupPolicyRequest, operations};
use keywright_policy::ConditionValue;

pub struct DeleteGroupPolicy {
    group: String,
    policy: String,
}

impl Operation for DeleteGroupPolicy {
    type Service = Iam;
    type Input = DeleteGroupPolicyRequest;
    type Output = ();
    type Facts = Entity<GroupRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DELETE_GROUP_POLICY;
    const READ_ONLY: bool = false;

    fn parse(input: DeleteGroupPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
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
        [facts.check("iam:DeleteGroupPolicy")].into_iter().collect()
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
        Ok(Decision::write((), inline::delete(facts, &op.policy)?))
    }
}

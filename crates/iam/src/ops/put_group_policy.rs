//! PutGroupPolicy: writes an inline policy of a group.

use crate::bearers::Bearer as _;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::inline;
use crate::policy_text;
use crate::service::Iam;
use keywright_auth::identities::GroupRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{PutGroupPolicyRequest, operations};
use keywright_policy::ConditionValue;

pub struct PutGroupPolicy {
    group: String,
    policy: String,
    document: String,
}

impl Operation for PutGroupPolicy {
    type Service = Iam;
    type Input = PutGroupPolicyRequest;
    type Output = ();
    type Facts = Entity<GroupRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::PUT_GROUP_POLICY;
    const READ_ONLY: bool = false;

    fn parse(input: PutGroupPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        policy_text::check_identity(&input.policy_document)?;
        Ok(Self { group: input.group_name, policy: input.policy_name, document: input.policy_document })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<Entity<GroupRow>, IamError> {
        entities::group(view, request, &self.group).await
    }

    fn checks(&self, facts: &Entity<GroupRow>, _request: &RequestContext) -> Checks {
        [facts.check("iam:PutGroupPolicy")].into_iter().collect()
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
        Ok(Decision::write((), inline::put(facts, &op.policy, &op.document)?))
    }
}

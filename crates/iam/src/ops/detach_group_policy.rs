//! DetachGroupPolicy: takes a managed policy from a group.

use crate::attachments::AttachmentFacts;
use crate::error::IamError;
use crate::policies;
use crate::service::Iam;
use keywright_auth::identities::GroupRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{DetachGroupPolicyRequest, operations};
use keywright_policy::ConditionValue;

pub struct DetachGroupPolicy {
    group: String,
    policy_arn: String,
}

impl Operation for DetachGroupPolicy {
    type Service = Iam;
    type Input = DetachGroupPolicyRequest;
    type Output = ();
    type Facts = AttachmentFacts<GroupRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DETACH_GROUP_POLICY;
    const READ_ONLY: bool = false;

    fn parse(input: DetachGroupPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        policies::check_arn(&input.policy_arn)?;
        Ok(Self { group: input.group_name, policy_arn: input.policy_arn })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<AttachmentFacts<GroupRow>, IamError> {
        AttachmentFacts::find(view, request, &self.group, &self.policy_arn).await
    }

    fn checks(&self, facts: &AttachmentFacts<GroupRow>, _request: &RequestContext) -> Checks {
        facts.checks("iam:DetachGroupPolicy")
    }

    fn condition<'a>(
        &'a self,
        facts: &'a AttachmentFacts<GroupRow>,
        check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.condition(check, name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &AttachmentFacts<GroupRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        Ok(Decision::write((), facts.detach()?))
    }
}

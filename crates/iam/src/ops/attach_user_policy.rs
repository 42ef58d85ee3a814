//! AttachUserPolicy: gives a user a managed policy.

use crate::attachments::AttachmentFacts;
use crate::error::IamError;
use crate::policies;
use crate::service::Iam;
use keywright_auth::identities::UserRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{AttachUserPolicyRequest, operations};
use keywright_policy::ConditionValue;

pub struct AttachUserPolicy {
    user: String,
    policy_arn: String,
}

impl Operation for AttachUserPolicy {
    type Service = Iam;
    type Input = AttachUserPolicyRequest;
    type Output = ();
    type Facts = AttachmentFacts<UserRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::ATTACH_USER_POLICY;
    const READ_ONLY: bool = false;

    fn parse(input: AttachUserPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        policies::check_arn(&input.policy_arn)?;
        Ok(Self { user: input.user_name, policy_arn: input.policy_arn })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<AttachmentFacts<UserRow>, IamError> {
        AttachmentFacts::find(view, request, &self.user, &self.policy_arn).await
    }

    fn checks(&self, facts: &AttachmentFacts<UserRow>, _request: &RequestContext) -> Checks {
        facts.checks("iam:AttachUserPolicy")
    }

    fn condition<'a>(
        &'a self,
        facts: &'a AttachmentFacts<UserRow>,
        check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.condition(check, name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &AttachmentFacts<UserRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        Ok(Decision::write((), facts.attach()?))
    }
}

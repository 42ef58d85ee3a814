//! AttachRolePolicy: gives a role a managed policy.

use crate::attachments::AttachmentFacts;
use crate::error::IamError;
use crate::policies;
use crate::service::Iam;
use keywright_auth::identities::RoleRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{AttachRolePolicyRequest, operations};
use keywright_policy::ConditionValue;

pub struct AttachRolePolicy {
    role: String,
    policy_arn: String,
}

impl Operation for AttachRolePolicy {
    type Service = Iam;
    type Input = AttachRolePolicyRequest;
    type Output = ();
    type Facts = AttachmentFacts<RoleRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::ATTACH_ROLE_POLICY;
    const READ_ONLY: bool = false;

    fn parse(input: AttachRolePolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        policies::check_arn(&input.policy_arn)?;
        Ok(Self { role: input.role_name, policy_arn: input.policy_arn })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<AttachmentFacts<RoleRow>, IamError> {
        AttachmentFacts::find(view, request, &self.role, &self.policy_arn).await
    }

    fn checks(&self, facts: &AttachmentFacts<RoleRow>, _request: &RequestContext) -> Checks {
        facts.checks("iam:AttachRolePolicy")
    }

    fn condition<'a>(
        &'a self,
        facts: &'a AttachmentFacts<RoleRow>,
        check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.condition(check, name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &AttachmentFacts<RoleRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        Ok(Decision::write((), facts.attach()?))
    }
}

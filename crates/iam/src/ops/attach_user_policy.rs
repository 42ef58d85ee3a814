//! AttachUserPolicy: gives a user a managed policy.

use crate::attachments::{self, Attachable};
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::{LinkKind, UserRow};
use keywright_auth::{Authorised, Check, Checks, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{AttachUserPolicyRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct AttachUserPolicy {
    user: String,
    policy_arn: String,
}

/// The user and the policy.
pub struct AttachUserPolicyFacts {
    user: Entity<UserRow>,
    policy: Attachable,
}

impl Operation for AttachUserPolicy {
    type Service = Iam;
    type Input = AttachUserPolicyRequest;
    type Output = ();
    type Facts = AttachUserPolicyFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::ATTACH_USER_POLICY;
    const READ_ONLY: bool = false;

    fn parse(input: AttachUserPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { user: input.user_name, policy_arn: input.policy_arn })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<AttachUserPolicyFacts, IamError> {
        Ok(AttachUserPolicyFacts {
            user: entities::user(view, request, &self.user).await?,
            policy: Attachable::find(view, request, &self.policy_arn).await?,
        })
    }

    fn checks(&self, facts: &AttachUserPolicyFacts, _request: &RequestContext) -> Checks {
        [facts.user.check("iam:AttachUserPolicy")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a AttachUserPolicyFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match name {
            "iam:policyarn" => ConditionValue::Single(self.policy_arn.as_str().into()),
            _ => entities::user_conditions(&facts.user, name),
        }
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &AttachUserPolicyFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Result<Decision<()>, IamError> {
        let user = facts.user.get()?;
        facts.policy.get()?;
        let mut changed = user.row.clone();
        let mut writes = WriteSet::default();
        if attachments::add(&mut changed.attached.0, facts.policy.arn(), "PoliciesPerUser")? {
            facts.policy.rely_on(&mut writes);
            attachments::link(
                &mut writes,
                user.row.account,
                LinkKind::UserPolicy,
                &facts.policy,
                &user.row.user_id,
            );
            writes.update(&changed, user.version);
        }
        Ok(Decision::write((), writes))
    }
}

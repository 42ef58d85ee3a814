//! DeleteRolePolicy: takes an inline policy from a role.

use crate::bearers::Bearer as _;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::inline;
use crate::service::Iam;
use keywright_auth::identities::RoleRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{DeleteRolePolicyRequest, operations};
use keywright_policy::ConditionValue;

pub struct DeleteRolePolicy {
    role: String,
    policy: String,
}

impl Operation for DeleteRolePolicy {
    type Service = Iam;
    type Input = DeleteRolePolicyRequest;
    type Output = ();
    type Facts = Entity<RoleRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DELETE_ROLE_POLICY;
    const READ_ONLY: bool = false;

    fn parse(input: DeleteRolePolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { role: input.role_name, policy: input.policy_name })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<Entity<RoleRow>, IamError> {
        entities::role(view, request, &self.role).await
    }

    fn checks(&self, facts: &Entity<RoleRow>, _request: &RequestContext) -> Checks {
        [facts.check("iam:DeleteRolePolicy")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a Entity<RoleRow>,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        RoleRow::condition(facts, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Entity<RoleRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        Ok(Decision::write((), inline::delete(facts, &op.policy)?))
    }
}

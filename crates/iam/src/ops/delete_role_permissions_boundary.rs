//! DeleteRolePermissionsBoundary: takes away the bound of what a role may be allowed.

use crate::bearers::Bearer as _;
use crate::boundaries;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::RoleRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{DeleteRolePermissionsBoundaryRequest, operations};
use keywright_policy::ConditionValue;

pub struct DeleteRolePermissionsBoundary {
    role: String,
}

impl Operation for DeleteRolePermissionsBoundary {
    type Service = Iam;
    type Input = DeleteRolePermissionsBoundaryRequest;
    type Output = ();
    type Facts = Entity<RoleRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DELETE_ROLE_PERMISSIONS_BOUNDARY;
    const READ_ONLY: bool = false;

    fn parse(input: DeleteRolePermissionsBoundaryRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { role: input.role_name })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<Entity<RoleRow>, IamError> {
        entities::role(view, request, &self.role).await
    }

    fn checks(&self, facts: &Entity<RoleRow>, _request: &RequestContext) -> Checks {
        [facts.check("iam:DeleteRolePermissionsBoundary")].into_iter().collect()
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
        _op: &Authorised<'_, Self>,
        facts: &Entity<RoleRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        Ok(Decision::write((), boundaries::remove(facts)?))
    }
}

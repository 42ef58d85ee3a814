//! PutRolePermissionsBoundary: bounds what a role may be allowed by a managed policy.

use crate::boundaries::BoundaryFacts;
use crate::error::IamError;
use crate::policies;
use crate::service::Iam;
use keywright_auth::identities::RoleRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{PutRolePermissionsBoundaryRequest, operations};
use keywright_policy::ConditionValue;

pub struct PutRolePermissionsBoundary {
    role: String,
    boundary: String,
}

impl Operation for PutRolePermissionsBoundary {
    type Service = Iam;
    type Input = PutRolePermissionsBoundaryRequest;
    type Output = ();
    type Facts = BoundaryFacts<RoleRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::PUT_ROLE_PERMISSIONS_BOUNDARY;
    const READ_ONLY: bool = false;

    fn parse(input: PutRolePermissionsBoundaryRequest, _service: &Iam) -> Result<Self, IamError> {
        policies::check_arn(&input.permissions_boundary)?;
        Ok(Self { role: input.role_name, boundary: input.permissions_boundary })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<BoundaryFacts<RoleRow>, IamError> {
        BoundaryFacts::find(view, request, &self.role, &self.boundary).await
    }

    fn checks(&self, facts: &BoundaryFacts<RoleRow>, _request: &RequestContext) -> Checks {
        [facts.bearer.check("iam:PutRolePermissionsBoundary")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a BoundaryFacts<RoleRow>,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.condition(name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &BoundaryFacts<RoleRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        Ok(Decision::write((), facts.put()?))
    }
}

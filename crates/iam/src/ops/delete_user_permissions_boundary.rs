//! DeleteUserPermissionsBoundary: takes away the bound of what a user may be allowed.

use crate::bearers::Bearer as _;
use crate::boundaries;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::UserRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{DeleteUserPermissionsBoundaryRequest, operations};
use keywright_policy::ConditionValue;

pub struct DeleteUserPermissionsBoundary {
    user: String,
}

impl Operation for DeleteUserPermissionsBoundary {
    type Service = Iam;
    type Input = DeleteUserPermissionsBoundaryRequest;
    type Output = ();
    type Facts = Entity<UserRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DELETE_USER_PERMISSIONS_BOUNDARY;
    const READ_ONLY: bool = false;

    fn parse(input: DeleteUserPermissionsBoundaryRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { user: input.user_name })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<Entity<UserRow>, IamError> {
        entities::user(view, request, &self.user).await
    }

    fn checks(&self, facts: &Entity<UserRow>, _request: &RequestContext) -> Checks {
        [facts.check("iam:DeleteUserPermissionsBoundary")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a Entity<UserRow>,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        UserRow::condition(facts, name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &Entity<UserRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        Ok(Decision::write((), boundaries::remove(facts)?))
    }
}

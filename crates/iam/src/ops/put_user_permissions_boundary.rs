//! PutUserPermissionsBoundary: bounds what a user may be allowed by a managed policy.

use crate::boundaries::BoundaryFacts;
use crate::error::IamError;
use crate::policies;
use crate::service::Iam;
use keywright_auth::identities::UserRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{PutUserPermissionsBoundaryRequest, operations};
use keywright_policy::ConditionValue;

pub struct PutUserPermissionsBoundary {
    user: String,
    boundary: String,
}

impl Operation for PutUserPermissionsBoundary {
    type Service = Iam;
    type Input = PutUserPermissionsBoundaryRequest;
    type Output = ();
    type Facts = BoundaryFacts<UserRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::PUT_USER_PERMISSIONS_BOUNDARY;
    const READ_ONLY: bool = false;

    fn parse(input: PutUserPermissionsBoundaryRequest, _service: &Iam) -> Result<Self, IamError> {
        policies::check_arn(&input.permissions_boundary)?;
        Ok(Self { user: input.user_name, boundary: input.permissions_boundary })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<BoundaryFacts<UserRow>, IamError> {
        BoundaryFacts::find(view, request, &self.user, &self.boundary).await
    }

    fn checks(&self, facts: &BoundaryFacts<UserRow>, _request: &RequestContext) -> Checks {
        [facts.bearer.check("iam:PutUserPermissionsBoundary")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a BoundaryFacts<UserRow>,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.condition(name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &BoundaryFacts<UserRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        Ok(Decision::write((), facts.put()?))
    }
}

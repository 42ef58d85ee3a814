//! GetRole: all of a role, with who may assume it and when somebody last did.

use super::role_shape;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use crate::{trust, uses};
use keywright_auth::identities::{CredentialUseRow, RoleRow};
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{GetRoleRequest, GetRoleResponse, operations};
use keywright_policy::ConditionValue;

pub struct GetRole {
    name: String,
}

/// The role, its trust policy as it is shown, and its last use.
pub struct GetRoleFacts {
    role: Entity<RoleRow>,
    trust: String,
    last_use: Option<CredentialUseRow>,
}

impl Operation for GetRole {
    type Service = Iam;
    type Input = GetRoleRequest;
    type Output = GetRoleResponse;
    type Facts = GetRoleFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_ROLE;
    const READ_ONLY: bool = true;

    fn parse(input: GetRoleRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { name: input.role_name })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<GetRoleFacts, IamError> {
        let role = entities::role(view, request, &self.name).await?;
        let (trust, last_use) = match role.found() {
            Some(found) => (
                trust::shown(view, &found.row).await?,
                uses::last_use(view, found.row.role_id.as_str()).await?,
            ),
            None => (String::new(), None),
        };
        Ok(GetRoleFacts { role, trust, last_use })
    }

    fn checks(&self, facts: &GetRoleFacts, _request: &RequestContext) -> Checks {
        [facts.role.check("iam:GetRole")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a GetRoleFacts, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        entities::role_conditions(&facts.role, name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &GetRoleFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let role = role_shape::whole(&facts.role.get()?.row, &facts.trust, facts.last_use.as_ref());
        Ok(Decision::answer(GetRoleResponse { role }))
    }
}

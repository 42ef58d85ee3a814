//! UpdateRole: changes a role's description and the length of its sessions.

use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::role_settings;
use crate::service::Iam;
use keywright_auth::identities::RoleRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{UpdateRoleRequest, UpdateRoleResponse, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct UpdateRole {
    name: String,
    description: Option<String>,
    max_session_seconds: u32,
}

impl Operation for UpdateRole {
    type Service = Iam;
    type Input = UpdateRoleRequest;
    type Output = UpdateRoleResponse;
    type Facts = Entity<RoleRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::UPDATE_ROLE;
    const READ_ONLY: bool = false;

    fn parse(input: UpdateRoleRequest, _service: &Iam) -> Result<Self, IamError> {
        if input.max_signin_session_duration.is_some()
            && input.reset_max_signin_session_duration == Some(true)
        {
            return Err(IamError::InvalidInput {
                message: "MaxSigninSessionDuration cannot be given with ResetMaxSigninSessionDuration."
                    .to_owned(),
            });
        }
        // There is never one, and resetting what is unset has no effect.
        role_settings::refuse_sign_in_duration(input.max_signin_session_duration)?;
        Ok(Self {
            name: input.role_name,
            description: input.description,
            max_session_seconds: role_settings::max_session_seconds(input.max_session_duration),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<Entity<RoleRow>, IamError> {
        entities::role(view, request, &self.name).await
    }

    fn checks(&self, facts: &Entity<RoleRow>, _request: &RequestContext) -> Checks {
        [facts.check("iam:UpdateRole")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a Entity<RoleRow>,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        entities::role_conditions(facts, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Entity<RoleRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let found = facts.get()?;
        let mut changed = found.row.clone();
        changed.max_session_seconds = op.max_session_seconds;
        if let Some(description) = &op.description {
            changed.description = Some(description.clone());
        }
        let mut writes = WriteSet::default();
        writes.update(&changed, found.version);
        Ok(Decision::write(UpdateRoleResponse {}, writes))
    }
}

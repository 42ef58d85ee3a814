//! UpdateRoleDescription: changes a role's description and shows the role.

use super::role_shape;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use crate::trust;
use keywright_auth::identities::RoleRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{UpdateRoleDescriptionRequest, UpdateRoleDescriptionResponse, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct UpdateRoleDescription {
    name: String,
    description: String,
}

/// The role, and its trust policy as it is shown.
pub struct UpdateRoleDescriptionFacts {
    role: Entity<RoleRow>,
    trust: String,
}

impl Operation for UpdateRoleDescription {
    type Service = Iam;
    type Input = UpdateRoleDescriptionRequest;
    type Output = UpdateRoleDescriptionResponse;
    type Facts = UpdateRoleDescriptionFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::UPDATE_ROLE_DESCRIPTION;
    const READ_ONLY: bool = false;

    fn parse(input: UpdateRoleDescriptionRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { name: input.role_name, description: input.description })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<UpdateRoleDescriptionFacts, IamError> {
        let role = entities::role(view, request, &self.name).await?;
        let trust = match role.found() {
            Some(found) => trust::shown(view, &found.row).await?,
            None => String::new(),
        };
        Ok(UpdateRoleDescriptionFacts { role, trust })
    }

    fn checks(&self, facts: &UpdateRoleDescriptionFacts, _request: &RequestContext) -> Checks {
        [facts.role.check("iam:UpdateRoleDescription")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a UpdateRoleDescriptionFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        entities::role_conditions(&facts.role, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &UpdateRoleDescriptionFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let found = facts.role.get()?;
        let mut changed = found.row.clone();
        changed.description = Some(op.description.clone());
        let mut writes = WriteSet::default();
        writes.update(&changed, found.version);
        let role = role_shape::listed(&changed, &facts.trust);
        Ok(Decision::write(UpdateRoleDescriptionResponse { role: Some(role) }, writes))
    }
}

//! DeleteRole: removes a role that has no policies any more.

use crate::changes;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::{CredentialUseRow, LinkKind, RoleRow};
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{DeleteRoleRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::{Column as _, WriteSet};

pub struct DeleteRole {
    name: String,
}

impl Operation for DeleteRole {
    type Service = Iam;
    type Input = DeleteRoleRequest;
    type Output = ();
    type Facts = Entity<RoleRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DELETE_ROLE;
    const READ_ONLY: bool = false;

    fn parse(input: DeleteRoleRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { name: input.role_name })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<Entity<RoleRow>, IamError> {
        entities::role(view, request, &self.name).await
    }

    fn checks(&self, facts: &Entity<RoleRow>, _request: &RequestContext) -> Checks {
        [facts.check("iam:DeleteRole")].into_iter().collect()
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
        _op: &Authorised<'_, Self>,
        facts: &Entity<RoleRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let found = facts.get()?;
        let role = &found.row;
        if !role.attached.0.is_empty() {
            return Err(IamError::DeleteConflict(
                "Cannot delete entity, must detach all policies first.".into(),
            ));
        }
        if !role.inline.0.is_empty() {
            return Err(IamError::DeleteConflict("Cannot delete entity, must delete policies first.".into()));
        }
        let mut writes = WriteSet::default();
        if let Some(boundary) = &role.boundary {
            changes::unlink(&mut writes, role.account, LinkKind::RoleBoundary, boundary, &role.role_id);
        }
        writes.delete_children::<CredentialUseRow>(vec![role.role_id.to_value()]);
        writes.delete(found);
        Ok(Decision::write((), writes))
    }
}

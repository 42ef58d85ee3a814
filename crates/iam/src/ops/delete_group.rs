//! DeleteGroup: takes a group away that has neither users nor policies.

use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::groups;
use crate::service::Iam;
use keywright_auth::identities::GroupRow;
use keywright_auth::{Authorised, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{DeleteGroupRequest, operations};
use keywright_store::WriteSet;

pub struct DeleteGroup {
    name: String,
}

/// The group, and whether anybody is in it.
pub struct DeleteGroupFacts {
    group: Entity<GroupRow>,
    has_members: bool,
}

impl Operation for DeleteGroup {
    type Service = Iam;
    type Input = DeleteGroupRequest;
    type Output = ();
    type Facts = DeleteGroupFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DELETE_GROUP;
    const READ_ONLY: bool = false;

    fn parse(input: DeleteGroupRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { name: input.group_name })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<DeleteGroupFacts, IamError> {
        let group = entities::group(view, request, &self.name).await?;
        let has_members = match group.found() {
            Some(found) => groups::has_members(view, &found.row).await?,
            None => false,
        };
        Ok(DeleteGroupFacts { group, has_members })
    }

    fn checks(&self, facts: &DeleteGroupFacts, _request: &RequestContext) -> Checks {
        [facts.group.check("iam:DeleteGroup")].into_iter().collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &DeleteGroupFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let group = facts.group.get()?;
        let obstacle = if facts.has_members {
            Some("Cannot delete entity, must remove users from group first.")
        } else if !group.row.inline.0.is_empty() {
            Some("Cannot delete entity, must delete policies first.")
        } else if !group.row.attached.0.is_empty() {
            Some("Cannot delete entity, must detach all policies first.")
        } else {
            None
        };
        if let Some(obstacle) = obstacle {
            return Err(IamError::DeleteConflict(obstacle.into()));
        }
        let mut writes = WriteSet::default();
        writes.delete(group);
        Ok(Decision::write((), writes))
    }
}

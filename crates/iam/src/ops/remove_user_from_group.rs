//! RemoveUserFromGroup: a user has the group's rights no longer.

use crate::changes;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::{GroupRow, LinkKind, UserRow};
use keywright_auth::{Authorised, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{RemoveUserFromGroupRequest, operations};
use keywright_store::WriteSet;

pub struct RemoveUserFromGroup {
    group: String,
    user: String,
}

/// The group and the user.
pub struct RemoveUserFromGroupFacts {
    group: Entity<GroupRow>,
    user: Entity<UserRow>,
}

impl Operation for RemoveUserFromGroup {
    type Service = Iam;
    type Input = RemoveUserFromGroupRequest;
    type Output = ();
    type Facts = RemoveUserFromGroupFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::REMOVE_USER_FROM_GROUP;
    const READ_ONLY: bool = false;

    fn parse(input: RemoveUserFromGroupRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { group: input.group_name, user: input.user_name })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<RemoveUserFromGroupFacts, IamError> {
        Ok(RemoveUserFromGroupFacts {
            group: entities::group(view, request, &self.group).await?,
            user: entities::user(view, request, &self.user).await?,
        })
    }

    fn checks(&self, facts: &RemoveUserFromGroupFacts, _request: &RequestContext) -> Checks {
        // The group is what is changed (Service Authorization Reference).
        [facts.group.check("iam:RemoveUserFromGroup")].into_iter().collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &RemoveUserFromGroupFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let group = facts.group.get()?;
        let user = facts.user.get()?;
        let mut changed = user.row.clone();
        changed.member_of.0.retain(|id| *id != group.row.group_id);
        let mut writes = WriteSet::default();
        // Who is not in it stays so, and that is no error.
        if changed.member_of != user.row.member_of {
            writes.update(&changed, user.version);
            let (group_id, user_id) = (group.row.group_id.as_str(), &user.row.user_id);
            changes::unlink(&mut writes, user.row.account, LinkKind::Member, group_id, user_id);
        }
        Ok(Decision::write((), writes))
    }
}

//! AddUserToGroup: a user has the group's rights from now on.

use crate::changes;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::quotas;
use crate::service::Iam;
use keywright_auth::identities::{GroupRow, LinkKind, UserRow};
use keywright_auth::{Authorised, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{AddUserToGroupRequest, operations};
use keywright_store::WriteSet;

pub struct AddUserToGroup {
    group: String,
    user: String,
}

/// The group and the user.
pub struct AddUserToGroupFacts {
    group: Entity<GroupRow>,
    user: Entity<UserRow>,
}

impl Operation for AddUserToGroup {
    type Service = Iam;
    type Input = AddUserToGroupRequest;
    type Output = ();
    type Facts = AddUserToGroupFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::ADD_USER_TO_GROUP;
    const READ_ONLY: bool = false;

    fn parse(input: AddUserToGroupRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { group: input.group_name, user: input.user_name })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<AddUserToGroupFacts, IamError> {
        Ok(AddUserToGroupFacts {
            group: entities::group(view, request, &self.group).await?,
            user: entities::user(view, request, &self.user).await?,
        })
    }

    fn checks(&self, facts: &AddUserToGroupFacts, _request: &RequestContext) -> Checks {
        // The group is what is changed (Service Authorization Reference).
        [facts.group.check("iam:AddUserToGroup")].into_iter().collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &AddUserToGroupFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let group = facts.group.get()?;
        let user = facts.user.get()?;
        let mut changed = user.row.clone();
        let mut writes = WriteSet::default();
        // Who is in it already stays so, and that is no error.
        if !changed.member_of.0.contains(&group.row.group_id) {
            if changed.member_of.0.len() >= quotas::GROUPS_PER_USER {
                return Err(IamError::quota("GroupsPerUser", quotas::GROUPS_PER_USER));
            }
            changed.member_of.0.push(group.row.group_id.clone());
            writes.update(&changed, user.version);
            changes::touch(&mut writes, group);
            let (group_id, user_id) = (group.row.group_id.as_str(), &user.row.user_id);
            changes::link(&mut writes, user.row.account, LinkKind::Member, group_id, user_id);
        }
        Ok(Decision::write((), writes))
    }
}

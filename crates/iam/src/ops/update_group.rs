//! UpdateGroup: gives a group another name or path. Everything that belongs to it goes by its id and stays.

use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::{EntityKind, GroupRow, NameKey, entity_arn};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{UpdateGroupRequest, operations};
use keywright_store::WriteSet;

pub struct UpdateGroup {
    name: String,
    new_path: Option<String>,
    new_name: Option<String>,
}

/// The group, and whoever has the new name.
pub struct UpdateGroupFacts {
    group: Entity<GroupRow>,
    namesake: Option<Entity<GroupRow>>,
}

impl Operation for UpdateGroup {
    type Service = Iam;
    type Input = UpdateGroupRequest;
    type Output = ();
    type Facts = UpdateGroupFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::UPDATE_GROUP;
    const READ_ONLY: bool = false;

    fn parse(input: UpdateGroupRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { name: input.group_name, new_path: input.new_path, new_name: input.new_group_name })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<UpdateGroupFacts, IamError> {
        let namesake = match &self.new_name {
            Some(name) => Some(entities::group(view, request, name).await?),
            None => None,
        };
        Ok(UpdateGroupFacts { group: entities::group(view, request, &self.name).await?, namesake })
    }

    fn checks(&self, facts: &UpdateGroupFacts, request: &RequestContext) -> Checks {
        const ACTION: &str = "iam:UpdateGroup";
        let mut checks = Checks::new();
        checks.push(facts.group.check(ACTION));
        // It must be allowed for the group as it will be, too: nobody moves one out of, or into, a path that is not theirs.
        let row = facts.group.found().map(|found| &found.row);
        let path = self.new_path.as_deref().or(row.map(|row| row.path.as_str())).unwrap_or("/");
        let name = self.new_name.as_deref().or(row.map(|row| row.name.as_str())).unwrap_or(&self.name);
        let arn = entity_arn(request.caller.account, EntityKind::Group, path, name);
        if arn != facts.group.arn() {
            checks.push(Check { action: ACTION, protected: Protected::ByIdentity { arn } });
        }
        checks
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &UpdateGroupFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let group = facts.group.get()?;
        let mut changed = group.row.clone();
        if let Some(path) = &op.new_path {
            changed.path.clone_from(path);
        }
        if let Some(name) = &op.new_name {
            let taken = facts.namesake.as_ref().and_then(Entity::found);
            if taken.is_some_and(|taken| taken.row.group_id != group.row.group_id) {
                return Err(IamError::exists("Group", name));
            }
            changed.name.clone_from(name);
            changed.name_key = NameKey::of(name);
        }
        let mut writes = WriteSet::default();
        if changed.name_key != group.row.name_key {
            // The name is the row's key.
            writes.delete(group);
            writes.insert(&changed);
        } else if changed.name != group.row.name || changed.path != group.row.path {
            writes.update(&changed, group.version);
        }
        Ok(Decision::write((), writes))
    }
}

//! UpdateUser: gives a user another name or path. Everything that belongs to it goes by its id and stays.

use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::{EntityKind, NameKey, UserRow, entity_arn};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{UpdateUserRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct UpdateUser {
    name: String,
    new_path: Option<String>,
    new_name: Option<String>,
}

/// The user, and whoever has the new name.
pub struct UpdateUserFacts {
    user: Entity<UserRow>,
    namesake: Option<Entity<UserRow>>,
}

impl Operation for UpdateUser {
    type Service = Iam;
    type Input = UpdateUserRequest;
    type Output = ();
    type Facts = UpdateUserFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::UPDATE_USER;
    const READ_ONLY: bool = false;

    fn parse(input: UpdateUserRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { name: input.user_name, new_path: input.new_path, new_name: input.new_user_name })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<UpdateUserFacts, IamError> {
        let namesake = match &self.new_name {
            Some(name) => Some(entities::user(view, request, name).await?),
            None => None,
        };
        Ok(UpdateUserFacts { user: entities::user(view, request, &self.name).await?, namesake })
    }

    fn checks(&self, facts: &UpdateUserFacts, request: &RequestContext) -> Checks {
        const ACTION: &str = "iam:UpdateUser";
        let mut checks = Checks::new();
        checks.push(facts.user.check(ACTION));
        // It must be allowed for the user as it will be, too: nobody moves one out of, or into, a path that is not theirs.
        let row = facts.user.found().map(|found| &found.row);
        let path = self.new_path.as_deref().or(row.map(|row| row.path.as_str())).unwrap_or("/");
        let name = self.new_name.as_deref().or(row.map(|row| row.name.as_str())).unwrap_or(&self.name);
        let arn = entity_arn(request.caller.account, EntityKind::User, path, name);
        if arn != facts.user.arn() {
            checks.push(Check { action: ACTION, protected: Protected::ByIdentity { arn } });
        }
        checks
    }

    fn condition<'a>(
        &'a self,
        facts: &'a UpdateUserFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        entities::user_tags(&facts.user, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &UpdateUserFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let user = facts.user.get()?;
        let mut changed = user.row.clone();
        if let Some(path) = &op.new_path {
            changed.path.clone_from(path);
        }
        if let Some(name) = &op.new_name {
            let taken = facts.namesake.as_ref().and_then(Entity::found);
            if taken.is_some_and(|taken| taken.row.user_id != user.row.user_id) {
                return Err(IamError::exists("User", name));
            }
            changed.name.clone_from(name);
            changed.name_key = NameKey::of(name);
        }
        let mut writes = WriteSet::default();
        if changed.name_key != user.row.name_key {
            // The name is the row's key.
            writes.delete(user);
            writes.insert(&changed);
        } else if changed.name != user.row.name || changed.path != user.row.path {
            writes.update(&changed, user.version);
        }
        Ok(Decision::write((), writes))
    }
}

//! DeleteUser: takes a user away that has nothing any more.

use crate::access_keys;
use crate::changes;
use crate::entities;
use crate::error::IamError;
use crate::mfa::Owner;
use crate::service::Iam;
use crate::uses;
use keywright_auth::identities::{LinkKind, UserRow};
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{DeleteUserRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct DeleteUser {
    name: String,
}

/// The user, and whether it has access keys.
pub struct DeleteUserFacts {
    owner: Owner,
    has_access_keys: bool,
}

/// What must go before the user does, in the order of the API Reference; none if it may go. A boundary is no obstacle.
fn obstacle(user: &UserRow, has_access_keys: bool) -> Option<&'static str> {
    if user.sealed_password.is_some() {
        Some("Cannot delete entity, must delete login profile first.")
    } else if has_access_keys {
        Some("Cannot delete entity, must delete access keys first.")
    } else if !user.mfa_serials.0.is_empty() {
        Some("Cannot delete entity, must delete MFA device first.")
    } else if !user.inline.0.is_empty() {
        Some("Cannot delete entity, must delete policies first.")
    } else if !user.attached.0.is_empty() {
        Some("Cannot delete entity, must detach all policies first.")
    } else if !user.member_of.0.is_empty() {
        Some("Cannot delete entity, must remove users from group first.")
    } else {
        None
    }
}

impl Operation for DeleteUser {
    type Service = Iam;
    type Input = DeleteUserRequest;
    type Output = ();
    type Facts = DeleteUserFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DELETE_USER;
    const READ_ONLY: bool = false;

    fn parse(input: DeleteUserRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { name: input.user_name })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<DeleteUserFacts, IamError> {
        let owner = Owner::User(Box::new(entities::user(view, request, &self.name).await?));
        let has_access_keys = !access_keys::of(view, request, &owner).await?.is_empty();
        Ok(DeleteUserFacts { owner, has_access_keys })
    }

    fn checks(&self, facts: &DeleteUserFacts, _request: &RequestContext) -> Checks {
        [facts.owner.check("iam:DeleteUser")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a DeleteUserFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.owner.condition(name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &DeleteUserFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let user = facts.owner.user()?;
        if let Some(obstacle) = obstacle(&user.row, facts.has_access_keys) {
            return Err(IamError::DeleteConflict(obstacle.into()));
        }
        let mut writes = WriteSet::default();
        writes.delete(user);
        let id = &user.row.user_id;
        if let Some(boundary) = &user.row.boundary {
            changes::unlink(&mut writes, user.row.account, LinkKind::UserBoundary, boundary, id);
        }
        uses::forget(&mut writes, id.as_str());
        Ok(Decision::write((), writes))
    }
}

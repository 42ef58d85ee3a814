//! What an operation found under a name, and the question whether the caller may do something to it.
//!
//! Whether an entity is there is a fact; a caller without the right learns it neither way.

use crate::error::IamError;
use crate::service::Iam;
use crate::tags;
use keywright_auth::identities::{
    EntityKind, GroupRow, RoleRow, UserRow, entity_arn, find_group, find_role, find_user,
};
use keywright_auth::{Check, Protected, RequestContext, ServiceError as _, View};
use keywright_policy::ConditionValue;
use keywright_store::Versioned;
use keywright_types::{AccountId, Principal};

/// A user, group or role under the name that the caller gave. Policies: see `policies`.
#[derive(Debug, Clone)]
pub struct Entity<R> {
    kind: EntityKind,
    /// As the caller gave it.
    pub(crate) name: String,
    arn: String,
    found: Option<Versioned<R>>,
}

impl<R> Entity<R> {
    /// May the caller do `action` to it? IAM's own entities have no policies of their own.
    pub(crate) fn check(&self, action: &'static str) -> Check {
        Check { action, protected: Protected::ByIdentity { arn: self.arn.clone() } }
    }

    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    pub(crate) fn found(&self) -> Option<&Versioned<R>> {
        self.found.as_ref()
    }

    /// The entity, once the caller may know of it.
    ///
    /// # Errors
    /// NoSuchEntity with AWS's text.
    pub(crate) fn get(&self) -> Result<&Versioned<R>, IamError> {
        self.found.as_ref().ok_or_else(|| match self.kind {
            EntityKind::Policy => IamError::no_such("policy", &self.name),
            EntityKind::User => IamError::no_such("user", &self.name),
            EntityKind::Group => IamError::no_such("group", &self.name),
            EntityKind::Role => IamError::no_such("role", &self.name),
            EntityKind::MfaDevice => IamError::no_such("MFA device", &self.name),
        })
    }
}

/// What the entities of this module have in common.
pub(crate) trait Named {
    fn own_arn(&self) -> String;
}

impl Named for UserRow {
    fn own_arn(&self) -> String {
        self.arn()
    }
}
impl Named for GroupRow {
    fn own_arn(&self) -> String {
        self.arn()
    }
}
impl Named for RoleRow {
    fn own_arn(&self) -> String {
        self.arn()
    }
}

fn entity<R: Named>(
    kind: EntityKind,
    account: AccountId,
    name: &str,
    found: Option<Versioned<R>>,
) -> Entity<R> {
    // The path of what is not there is not known; AWS's messages show none either.
    let arn =
        found.as_ref().map_or_else(|| entity_arn(account, kind, "/", name), |found| found.row.own_arn());
    Entity { kind, name: name.to_owned(), arn, found }
}

/// # Errors
/// The store's, as everywhere here.
pub(crate) async fn user(
    view: View<'_, Iam>,
    request: &RequestContext,
    name: &str,
) -> Result<Entity<UserRow>, IamError> {
    let account = request.caller.account;
    let found = find_user(view.store, account, name).await.map_err(IamError::from_store)?;
    Ok(entity(EntityKind::User, account, name, found))
}

/// The user of that name, or the caller itself if none is given.
///
/// # Errors
/// ValidationException when the caller is no user and names none.
pub(crate) async fn user_or_self(
    view: View<'_, Iam>,
    request: &RequestContext,
    name: Option<&str>,
) -> Result<Entity<UserRow>, IamError> {
    match (name, &request.caller.principal) {
        (Some(name), _) => user(view, request, name).await,
        (None, Principal::User { name, .. }) => user(view, request, name).await,
        (None, _) => {
            Err(IamError::validation("Must specify userName when calling with non-User credentials"))
        }
    }
}

/// # Errors
/// The store's.
pub(crate) async fn group(
    view: View<'_, Iam>,
    request: &RequestContext,
    name: &str,
) -> Result<Entity<GroupRow>, IamError> {
    let account = request.caller.account;
    let found = find_group(view.store, account, name).await.map_err(IamError::from_store)?;
    Ok(entity(EntityKind::Group, account, name, found))
}

/// # Errors
/// The store's.
pub(crate) async fn role(
    view: View<'_, Iam>,
    request: &RequestContext,
    name: &str,
) -> Result<Entity<RoleRow>, IamError> {
    let account = request.caller.account;
    let found = find_role(view.store, account, name).await.map_err(IamError::from_store)?;
    Ok(entity(EntityKind::Role, account, name, found))
}

/// The condition keys of a user or role that is acted upon: its tags and its permissions boundary.
pub(crate) fn conditions<'a>(
    tags: Option<&'a keywright_types::Tags>,
    boundary: Option<&'a str>,
    name: &str,
) -> ConditionValue<'a> {
    match name {
        "iam:permissionsboundary" => {
            boundary.map_or(ConditionValue::Absent, |arn| ConditionValue::Single(arn.into()))
        }
        _ => tags.map_or(ConditionValue::Absent, |known| tags::of_resource(known, name)),
    }
}

/// The condition keys of a user that is acted upon.
pub(crate) fn user_conditions<'a>(user: &'a Entity<UserRow>, name: &str) -> ConditionValue<'a> {
    let row = user.found().map(|found| &found.row);
    conditions(row.map(|row| &row.tags), row.and_then(|row| row.boundary.as_deref()), name)
}

/// The condition keys of a role that is acted upon.
pub(crate) fn role_conditions<'a>(role: &'a Entity<RoleRow>, name: &str) -> ConditionValue<'a> {
    let row = role.found().map(|found| &found.row);
    conditions(row.map(|row| &row.tags), row.and_then(|row| row.boundary.as_deref()), name)
}

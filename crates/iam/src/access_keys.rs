//! Access keys and whose they are.
//!
//! Invariants
//! - A key that is made touches its owner's row: two that are made at once do not both count the same keys, and no user
//!   is deleted while a key is made for it.
//! - A key is found only through its owner: knowing the id of another's key is worth nothing.

use crate::entities;
use crate::error::IamError;
use crate::mfa::Owner;
use crate::service::Iam;
use keywright_auth::{AccessKeyRow, ROOT, RequestContext, ServiceError as _, View};
use keywright_aws::iam::StatusType;
use keywright_store::{Column as _, Versioned};
use keywright_types::{AccessKeyId, Principal};

/// The user of that name, or the caller itself (root, too) if none is given.
///
/// # Errors
/// ValidationException when the caller can have no access keys and names nobody.
pub(crate) async fn owner(
    view: View<'_, Iam>,
    request: &RequestContext,
    name: Option<&str>,
) -> Result<Owner, IamError> {
    match (name, &request.caller.principal) {
        (None, Principal::Root { .. }) => Owner::root(view, request).await,
        _ => entities::user_or_self(view, request, name).await.map(|user| Owner::User(Box::new(user))),
    }
}

/// Somebody's access keys, the oldest first; none of somebody who does not exist.
///
/// # Errors
/// The store's.
pub(crate) async fn of(
    view: View<'_, Iam>,
    request: &RequestContext,
    owner: &Owner,
) -> Result<Vec<Versioned<AccessKeyRow>>, IamError> {
    let Ok(id) = owner.id() else { return Ok(Vec::new()) };
    let params = [request.caller.account.to_value(), id.to_owned().to_value()];
    let condition = "WHERE account = $1 AND principal = $2 ORDER BY created_at, access_key_id";
    view.store.select::<AccessKeyRow>(condition, &params).await.map_err(IamError::from_store)
}

/// The access key of that id in the caller's account.
///
/// # Errors
/// The store's.
pub(crate) async fn find(
    view: View<'_, Iam>,
    request: &RequestContext,
    id: &str,
) -> Result<Option<Versioned<AccessKeyRow>>, IamError> {
    let Ok(id) = AccessKeyId::parse(id) else { return Ok(None) };
    let found = view.store.find::<AccessKeyRow>(&[id.to_value()]).await.map_err(IamError::from_store)?;
    Ok(found.filter(|found| found.row.account == request.caller.account))
}

/// The access key, if it is the owner's.
///
/// # Errors
/// NoSuchEntity, for the owner and for the key.
pub(crate) fn get<'a>(
    found: Option<&'a Versioned<AccessKeyRow>>,
    owner: &Owner,
    id: &str,
) -> Result<&'a Versioned<AccessKeyRow>, IamError> {
    let owner_id = owner.id()?;
    found.filter(|found| found.row.principal == owner_id).ok_or_else(|| IamError::NoSuchEntity {
        message: format!("The Access Key with id {id} cannot be found."),
    })
}

/// The name that answers show for the owner of keys; the root user has none.
///
/// # Errors
/// NoSuchEntity.
pub(crate) fn shown_name(owner: &Owner) -> Result<Option<String>, IamError> {
    match owner {
        Owner::Root { .. } => Ok(None),
        Owner::User(user) => Ok(Some(user.get()?.row.name.clone())),
    }
}

/// Whether a key is the root user's.
pub(crate) fn is_roots(key: &AccessKeyRow) -> bool {
    key.principal == ROOT
}

/// A stored status as answers show it: what is not active cannot be used.
pub(crate) fn status(key: &AccessKeyRow) -> StatusType {
    if key.status == StatusType::Active.as_str() { StatusType::Active } else { StatusType::Inactive }
}

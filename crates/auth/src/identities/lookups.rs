//! One identity by its name, its id or its ARN.

use super::names::{EntityKind, NameKey, parse_entity_arn};
use super::rows::{GroupRow, Pins, PolicyRow, RoleRow, UserRow};
use keywright_store::{Column as _, Row, Store, StoreError, Versioned};
use keywright_types::{AccountId, UniqueId};

async fn by_name<R: Row>(
    store: &Store,
    account: AccountId,
    name: &str,
) -> Result<Option<Versioned<R>>, StoreError> {
    store.find::<R>(&[account.to_value(), NameKey::of(name).to_value()]).await
}

async fn by_id<R: Row>(
    store: &Store,
    column: &str,
    id: &UniqueId,
) -> Result<Option<Versioned<R>>, StoreError> {
    Ok(store.select::<R>(&format!("WHERE {column} = $1"), &[id.to_value()]).await?.pop())
}

/// # Errors
/// [`StoreError`], as everywhere here.
pub async fn find_user(
    store: &Store,
    account: AccountId,
    name: &str,
) -> Result<Option<Versioned<UserRow>>, StoreError> {
    by_name(store, account, name).await
}

/// # Errors
/// [`StoreError`].
pub async fn find_user_by_id(store: &Store, id: &UniqueId) -> Result<Option<Versioned<UserRow>>, StoreError> {
    by_id(store, "user_id", id).await
}

/// # Errors
/// [`StoreError`].
pub async fn find_group(
    store: &Store,
    account: AccountId,
    name: &str,
) -> Result<Option<Versioned<GroupRow>>, StoreError> {
    by_name(store, account, name).await
}

/// # Errors
/// [`StoreError`].
pub async fn find_group_by_id(
    store: &Store,
    id: &UniqueId,
) -> Result<Option<Versioned<GroupRow>>, StoreError> {
    by_id(store, "group_id", id).await
}

/// # Errors
/// [`StoreError`].
pub async fn find_role(
    store: &Store,
    account: AccountId,
    name: &str,
) -> Result<Option<Versioned<RoleRow>>, StoreError> {
    by_name(store, account, name).await
}

/// # Errors
/// [`StoreError`].
pub async fn find_role_by_id(store: &Store, id: &UniqueId) -> Result<Option<Versioned<RoleRow>>, StoreError> {
    by_id(store, "role_id", id).await
}

/// The customer-managed policy of that ARN. One that names another path than the policy's is none.
///
/// # Errors
/// [`StoreError`].
pub async fn find_policy(store: &Store, arn: &str) -> Result<Option<Versioned<PolicyRow>>, StoreError> {
    let Some(parts) = parse_entity_arn(arn, EntityKind::Policy) else { return Ok(None) };
    let Ok(account) = AccountId::parse(parts.account) else { return Ok(None) };
    let found: Option<Versioned<PolicyRow>> = by_name(store, account, parts.name).await?;
    Ok(found.filter(|found| found.row.arn() == arn))
}

/// What became of those whom a policy is pinned to and whose ARN is another's or nobody's now: by the ARN of then the
/// one of today, or the unique id of who is gone. This is what AWS shows in the policy from then on.
///
/// # Errors
/// [`StoreError`].
pub async fn names_now(store: &Store, pins: &Pins) -> Result<Pins, StoreError> {
    let mut changed = Pins::new();
    for (arn, id) in pins {
        if unique_id_of(store, arn).await?.is_some_and(|now| now.as_str() == id) {
            continue;
        }
        let renamed = match UniqueId::parse(id) {
            Ok(id) => find_user_by_id(store, &id).await?.map(|found| found.row.arn()),
            Err(_) => None,
        };
        changed.insert(arn.clone(), renamed.unwrap_or_else(|| id.clone()));
    }
    Ok(changed)
}

/// The unique id behind a principal's ARN (a user's, a role's, or a session's role), if there is one on this server:
/// what a policy is pinned to when it is written.
///
/// # Errors
/// [`StoreError`].
pub async fn unique_id_of(store: &Store, arn: &str) -> Result<Option<UniqueId>, StoreError> {
    if let Some(parts) = parse_entity_arn(arn, EntityKind::User) {
        let Ok(account) = AccountId::parse(parts.account) else { return Ok(None) };
        let found = find_user(store, account, parts.name).await?;
        return Ok(found.filter(|found| found.row.arn() == arn).map(|found| found.row.user_id));
    }
    if let Some(parts) = parse_entity_arn(arn, EntityKind::Role) {
        let Ok(account) = AccountId::parse(parts.account) else { return Ok(None) };
        let found = find_role(store, account, parts.name).await?;
        return Ok(found.filter(|found| found.row.arn() == arn).map(|found| found.row.role_id));
    }
    let session = arn.strip_prefix("arn:").and_then(|rest| rest.strip_prefix(keywright_types::PARTITION));
    let Some((account, resource)) = session
        .and_then(|rest| rest.strip_prefix(":sts::"))
        .and_then(|rest| rest.split_once(":assumed-role/"))
    else {
        return Ok(None);
    };
    let (Ok(account), Some((role, _))) = (AccountId::parse(account), resource.split_once('/')) else {
        return Ok(None);
    };
    let found = find_role(store, account, role).await?;
    Ok(found.filter(|found| found.row.name == role).map(|found| found.row.role_id))
}

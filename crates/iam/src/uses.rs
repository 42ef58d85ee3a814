//! When access keys, passwords and roles were last used: observations, written behind.

use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::{CredentialUseRow, UserRow};
use keywright_auth::{ServiceError as _, View};
use keywright_store::{Column as _, Versioned, WriteSet};
use keywright_types::{AccountId, Timestamp};
use std::collections::BTreeMap;

/// The last use of an access key (by its id) or of a role (by its unique id), also if it is not written yet.
///
/// # Errors
/// The store's.
pub(crate) async fn last_use(view: View<'_, Iam>, name: &str) -> Result<Option<CredentialUseRow>, IamError> {
    // Looked for in memory first: what is written meanwhile is then found in the store.
    let noted = view.service.uses.find(name);
    let found = view.store.find::<CredentialUseRow>(&[name.to_owned().to_value()]).await;
    let stored = found.map_err(IamError::from_store)?.map(|found| found.row);
    Ok(newer(noted, stored))
}

/// The later of two.
pub(crate) fn newer(
    one: Option<CredentialUseRow>,
    other: Option<CredentialUseRow>,
) -> Option<CredentialUseRow> {
    [one, other].into_iter().flatten().max_by_key(|row| row.used_at)
}

/// When a user last signed in by password.
///
/// # Errors
/// The store's.
pub(crate) async fn last_sign_in(view: View<'_, Iam>, user: &UserRow) -> Result<Option<Timestamp>, IamError> {
    Ok(last_use(view, user.user_id.as_str()).await?.map(|used| used.used_at))
}

/// When the users of one page last signed in by password, by their unique ids. The page is in the order of names.
///
/// # Errors
/// The store's.
pub(crate) async fn last_sign_ins(
    view: View<'_, Iam>,
    account: AccountId,
    page: &[Versioned<UserRow>],
) -> Result<BTreeMap<String, Timestamp>, IamError> {
    let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(BTreeMap::new()) };
    let params = [account.to_value(), first.row.name_key.to_value(), last.row.name_key.to_value()];
    let condition = "WHERE name IN (SELECT user_id FROM iam_users \
                     WHERE account = $1 AND name_key >= $2 AND name_key <= $3)";
    let found = view.store.select::<CredentialUseRow>(condition, &params).await;
    let found = found.map_err(IamError::from_store)?;
    Ok(found.into_iter().map(|found| (found.row.name, found.row.used_at)).collect())
}

/// Forgets the last use of what is deleted.
pub(crate) fn forget(writes: &mut WriteSet, name: &str) {
    writes.delete_children::<CredentialUseRow>(vec![name.to_owned().to_value()]);
}

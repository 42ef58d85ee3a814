//! When access keys, passwords and roles were last used: observations, written behind.

use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::{CredentialUseRow, UserRow};
use keywright_auth::{ServiceError as _, View};
use keywright_store::Column as _;
use keywright_types::Timestamp;

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

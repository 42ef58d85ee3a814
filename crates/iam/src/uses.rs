//! When access keys, passwords and roles were last used: observations, written behind.

use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::{CredentialUseRow, UserRow};
use keywright_auth::{ServiceError as _, View};
use keywright_store::Column as _;
use keywright_types::Timestamp;

/// The last use of an access key (by its id) or of a role (by its unique id).
///
/// # Errors
/// The store's.
pub(crate) async fn last_use(view: View<'_, Iam>, name: &str) -> Result<Option<CredentialUseRow>, IamError> {
    let found = view.store.find::<CredentialUseRow>(&[name.to_owned().to_value()]).await;
    Ok(found.map_err(IamError::from_store)?.map(|found| found.row))
}

/// When a user last signed in by password.
///
/// # Errors
/// The store's.
pub(crate) async fn last_sign_in(view: View<'_, Iam>, user: &UserRow) -> Result<Option<Timestamp>, IamError> {
    Ok(last_use(view, user.user_id.as_str()).await?.map(|used| used.used_at))
}

//! The caller's account and its alias.

use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::{AccountRow, Cause, ServiceError as _, View};
use keywright_store::{Column as _, Versioned};
use keywright_types::AccountId;

/// The row of a caller's account.
///
/// # Errors
/// The store's.
pub(crate) async fn get(view: View<'_, Iam>, account: AccountId) -> Result<Versioned<AccountRow>, IamError> {
    let found = view.store.find::<AccountRow>(&[account.to_value()]).await.map_err(IamError::from_store)?;
    found.ok_or_else(|| IamError::internal(Cause::new("the caller's account has no row")))
}

/// Whether an account of this server, the caller's own or another, has the alias.
///
/// # Errors
/// The store's.
pub(crate) async fn is_alias_taken(view: View<'_, Iam>, alias: &str) -> Result<bool, IamError> {
    let found = view.store.select::<AccountRow>("WHERE alias = $1", &[alias.to_owned().to_value()]).await;
    Ok(!found.map_err(IamError::from_store)?.is_empty())
}

/// What the model's pattern does not say: an alias stands where an account's number can stand too.
///
/// # Errors
/// ValidationException.
pub(crate) fn check_alias(alias: &str) -> Result<(), IamError> {
    if AccountId::parse(alias).is_ok() {
        return Err(IamError::validation("An account alias cannot be a number of 12 digits."));
    }
    Ok(())
}

//! How many there are of something in an account: for quotas and summaries.
//!
//! Counts are read without a lock: of two entities that are made at the same moment at the very edge of a quota, both
//! may be. What must hold exactly (two access keys, ten groups) is decided on the row of its owner instead.

use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::{ServiceError as _, View};
use keywright_store::{Column as _, Value};
use keywright_types::AccountId;

/// Counts the rows of `table` that satisfy `condition`, whose `$1` is the account.
///
/// # Errors
/// The store's, as everywhere here.
pub(crate) async fn rows(
    view: View<'_, Iam>,
    table: &'static str,
    condition: &str,
    params: &[Value],
) -> Result<usize, IamError> {
    let sql = format!("SELECT COUNT(*) FROM {table} {condition}");
    let rows = view.store.query(table, &sql, params).await.map_err(IamError::from_store)?;
    let Some(mut row) = rows.into_iter().next() else { return Ok(0) };
    let count: u64 = row.take().map_err(IamError::from_store)?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// # Errors
/// The store's.
pub(crate) async fn of_account(
    view: View<'_, Iam>,
    table: &'static str,
    account: AccountId,
) -> Result<usize, IamError> {
    rows(view, table, "WHERE account = $1", &[account.to_value()]).await
}

/// # Errors
/// The store's.
pub(crate) async fn users(view: View<'_, Iam>, account: AccountId) -> Result<usize, IamError> {
    of_account(view, "iam_users", account).await
}

/// # Errors
/// The store's.
pub(crate) async fn groups(view: View<'_, Iam>, account: AccountId) -> Result<usize, IamError> {
    of_account(view, "iam_groups", account).await
}

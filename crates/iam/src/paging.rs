//! Pages of IAM's lists: `Marker` and `MaxItems` in, `IsTruncated` and `Marker` out.

use crate::error::IamError;
use keywright_auth::Page;
use keywright_crypto::Keyring;
use keywright_types::AccountId;

/// IAM's default page (IAM API Reference, `MaxItems`).
const DEFAULT: usize = 100;

/// What a list was asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paging {
    pub(crate) marker: Option<String>,
    pub(crate) limit: usize,
}

impl Paging {
    pub(crate) fn new(marker: Option<String>, max_items: Option<i32>) -> Self {
        let limit = max_items.and_then(|most| usize::try_from(most).ok()).unwrap_or(DEFAULT);
        Self { marker, limit }
    }

    /// `scope` names the list: operation and filter.
    ///
    /// # Errors
    /// A marker of another list.
    pub(crate) fn open(
        &self,
        keyring: &Keyring,
        account: AccountId,
        scope: &[&str],
    ) -> Result<Page, IamError> {
        Ok(Page::open(keyring, account, scope, self.marker.as_deref(), self.limit)?)
    }
}

/// Cuts a list that is in memory to the page, and gives the next marker. Items must be in the order of `position`.
pub(crate) fn page<T>(
    page: &Page,
    keyring: &Keyring,
    account: AccountId,
    scope: &[&str],
    items: Vec<T>,
    position: impl Fn(&T) -> String,
) -> (Vec<T>, Option<String>) {
    let after = page.after.clone().unwrap_or_default();
    let mut left: Vec<T> =
        items.into_iter().filter(|item| after.is_empty() || position(item) > after).collect();
    left.truncate(page.limit + 1);
    let marker = page.close(keyring, account, scope, &mut left, position);
    (left, marker)
}

//! Pages of a list: limits, and opaque markers that cannot be made up.

use keywright_crypto::Keyring;
use keywright_types::AccountId;

/// The marker is not one that this server gave for this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidMarker;

/// One page of a list: where it starts (the last item of the page before) and how long it is.
///
/// A marker is bound by a MAC to the operation, the account, the Region and the filter, so that it can
/// neither be forged nor carried to another list.
#[derive(Debug, Clone)]
pub struct Page {
    pub after: Option<String>,
    pub limit: usize,
}

impl Page {
    /// `scope` names the list: operation, Region, filter.
    ///
    /// # Errors
    /// [`InvalidMarker`] for a marker of another list or none of ours.
    pub fn open(
        keyring: &Keyring,
        account: AccountId,
        scope: &[&str],
        marker: Option<&str>,
        limit: usize,
    ) -> Result<Self, InvalidMarker> {
        let after = match marker {
            None => None,
            Some(marker) => {
                let parts = bound_to(&account, scope);
                let payload = keyring.markers().open(&parts, marker).map_err(|_| InvalidMarker)?;
                Some(String::from_utf8(payload).map_err(|_| InvalidMarker)?)
            }
        };
        Ok(Self { after, limit })
    }

    /// Cuts the one item too many that was read to see whether there is more, and gives the next marker.
    pub fn close<T>(
        &self,
        keyring: &Keyring,
        account: AccountId,
        scope: &[&str],
        items: &mut Vec<T>,
        position: impl Fn(&T) -> String,
    ) -> Option<String> {
        if items.len() <= self.limit {
            return None;
        }
        items.truncate(self.limit);
        let last = items.last().map(position)?;
        Some(keyring.markers().seal(&bound_to(&account, scope), last.as_bytes()))
    }

    /// The marker of a list that goes on behind `position`.
    #[must_use]
    pub fn marker(keyring: &Keyring, account: AccountId, scope: &[&str], position: &str) -> String {
        keyring.markers().seal(&bound_to(&account, scope), position.as_bytes())
    }

    /// How many rows to read: one more than the page holds.
    #[must_use]
    pub fn rows(&self) -> i64 {
        i64::try_from(self.limit).unwrap_or(i64::MAX - 1) + 1
    }
}

fn bound_to<'a>(account: &'a AccountId, scope: &[&'a str]) -> Vec<&'a [u8]> {
    std::iter::once(account.as_str()).chain(scope.iter().copied()).map(str::as_bytes).collect()
}

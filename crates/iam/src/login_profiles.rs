//! A user's password: its hash, the hashes before it, and what goes with signing in by it.
//!
//! What: the sealed column `sealed_password` of a user's row, taken apart and put together.
//! Why here: all of it decides about signing in, so all of it stands in the one row under the row's MAC.

use crate::error::IamError;
use crate::password_policy::REMEMBERED_MAX;
use keywright_auth::ServiceError as _;
use keywright_auth::identities::UserRow;
use keywright_aws::iam::LoginProfile as Shown;
use keywright_crypto::{ColumnContext, Keyring, PasswordHash, SealedColumn};
use keywright_store::{StoreError, Tampering};
use keywright_types::{Rng, SecretText, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What a user signs in with.
#[derive(Clone)]
pub struct LoginProfile {
    pub(crate) hash: Arc<PasswordHash>,
    /// When the user got its first password.
    pub(crate) created_at: Timestamp,
    /// How long a session of the console may last.
    pub(crate) max_session_seconds: Option<i32>,
    /// The passwords before, newest first.
    previous: Vec<Arc<PasswordHash>>,
}

/// As it stands in the column, before it is sealed.
#[derive(Serialize)]
struct Written<'a> {
    hash: &'a str,
    created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_session_seconds: Option<i32>,
    previous: Vec<&'a str>,
}

#[derive(Deserialize)]
struct Read {
    hash: String,
    created_at: i64,
    max_session_seconds: Option<i32>,
    previous: Vec<String>,
}

impl LoginProfile {
    pub(crate) fn new(hash: Arc<PasswordHash>, max_session_seconds: Option<i32>, now: Timestamp) -> Self {
        Self { hash, created_at: now, max_session_seconds, previous: Vec::new() }
    }

    /// The user's profile, if it has one.
    ///
    /// # Errors
    /// A fault of ours: the column does not open.
    pub(crate) fn open(user: &UserRow, keyring: &Keyring) -> Result<Option<Self>, IamError> {
        let Some(stored) = &user.sealed_password else { return Ok(None) };
        let tampered = || {
            let key = user.user_id.to_string();
            IamError::from_store(StoreError::Tampered { table: "iam_users", key, how: Tampering::Changed })
        };
        let sealed = SealedColumn::from_bytes(stored).ok_or_else(tampered)?;
        let opened = keyring.open_column(&column(user.user_id.as_str()), &sealed).map_err(|_| tampered())?;
        let read: Read = serde_json::from_slice(opened.expose()).map_err(|_| tampered())?;
        let hash = |text: String| Arc::new(PasswordHash::from_stored(SecretText::new(text)));
        Ok(Some(Self {
            hash: hash(read.hash),
            created_at: Timestamp::from_millis(read.created_at),
            max_session_seconds: read.max_session_seconds,
            previous: read.previous.into_iter().map(hash).collect(),
        }))
    }

    /// The last `count` passwords, the present one first.
    pub(crate) fn last(&self, count: usize) -> Vec<Arc<PasswordHash>> {
        std::iter::once(&self.hash).chain(&self.previous).take(count).cloned().collect()
    }

    /// Has another password from now on.
    pub(crate) fn replace(&mut self, hash: Arc<PasswordHash>) {
        let old = std::mem::replace(&mut self.hash, hash);
        self.previous.insert(0, old);
        // With the present one these are all that a policy can ask for.
        self.previous.truncate(REMEMBERED_MAX - 1);
    }

    /// Seals it into the user's row.
    pub(crate) fn write(&self, user: &mut UserRow, keyring: &Keyring, rng: &dyn Rng) {
        let written = Written {
            hash: self.hash.expose(),
            created_at: self.created_at.as_millis(),
            max_session_seconds: self.max_session_seconds,
            previous: self.previous.iter().map(|hash| hash.expose()).collect(),
        };
        let text = Zeroizing::new(serde_json::to_vec(&written).expect("texts and numbers always serialise"));
        let sealed = keyring.seal_column(&column(user.user_id.as_str()), &text, rng);
        user.sealed_password = Some(sealed.to_bytes());
    }

    /// As answers show it.
    pub(crate) fn shown(&self, user: &UserRow) -> Shown {
        Shown {
            user_name: user.name.clone(),
            create_date: self.created_at,
            password_reset_required: Some(user.password_reset_required.unwrap_or(false)),
            max_signin_session_duration: self.max_session_seconds,
        }
    }
}

/// NoSuchEntity for a user that cannot sign in by password.
pub(crate) fn none_of(user: &str) -> IamError {
    IamError::NoSuchEntity { message: format!("Login Profile for User {user} cannot be found.") }
}

fn column(user_id: &str) -> ColumnContext<'_> {
    ColumnContext { table: "iam_users", row_id: user_id, column: "sealed_password" }
}

#[cfg(test)]
mod tests {
    use super::LoginProfile;
    use keywright_crypto::PasswordHash;
    use keywright_types::{SecretText, Timestamp};
    use std::sync::Arc;

    fn hash(name: &str) -> Arc<PasswordHash> {
        Arc::new(PasswordHash::from_stored(SecretText::new(name.to_owned())))
    }

    #[test]
    fn the_last_passwords_are_remembered_newest_first_and_no_more_than_a_policy_can_ask_for() {
        let mut profile = LoginProfile::new(hash("0"), None, Timestamp::from_seconds(0));
        for number in 1..=30 {
            profile.replace(hash(&number.to_string()));
        }
        let last = |count| -> Vec<String> {
            profile.last(count).iter().map(|hash| hash.expose().to_owned()).collect()
        };
        assert_eq!(last(3), ["30", "29", "28"]);
        assert_eq!(last(24).last().map(String::as_str), Some("7"));
        assert_eq!(last(100).len(), 24);
    }
}

//! Hashing passwords, beside the requests and not in their way; and the check of who signs in.
//!
//! What: [`Passwords`] runs Argon2id on the blocking pool, a few at a time; [`verify_password`] says whose password it is.
//! Why here: `decide` must not block, and a hash takes tens of milliseconds and of megabytes. Operations ask for it in
//! `facts`, where they may wait; other requests go on meanwhile.
//!
//! Invariants
//! - No more than [`AT_ONCE`] hashes are computed at a time: whoever sends many passwords waits for its own turn only with
//!   others who send passwords.
//! - Looking for a user that is not there, or that has no password, takes the same work as a wrong password.
//! - Tries are counted by the user's id, which another name does not change; of names that nobody has, by the name as the
//!   store compares it.

use crate::attempts::Attempts;
use crate::error::IamError;
use crate::login_profiles::LoginProfile;
use crate::service::Iam;
use keywright_auth::identities::{NameKey, UserRow, find_user};
use keywright_auth::{Cause, ServiceError as _, View};
use keywright_crypto::{PasswordHash, SystemRng};
use keywright_store::Versioned;
use keywright_types::{AccountId, RequestId, Rng, SecretText, Timestamp};
use std::sync::Arc;
use tokio::sync::{OnceCell, Semaphore};

/// Hashes under way: some 100 MiB at the most.
const AT_ONCE: usize = 2;

/// Computes hashes.
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    /// Stands in for the hash of whoever has none.
    decoy: OnceCell<Arc<PasswordHash>>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), decoy: OnceCell::new() }
    }
}

impl Passwords {
    /// The hash of a new password.
    ///
    /// # Errors
    /// A fault of ours.
    pub(crate) async fn hash(&self, password: &Arc<SecretText>) -> Result<PasswordHash, IamError> {
        let password = Arc::clone(password);
        // The salt is drawn here and not by the decision: it must be there before the hash is, and nothing decides by it.
        self.in_turn(move || PasswordHash::of(&password, &SystemRng)).await
    }

    /// Whether any of the hashes is of this password. All are tried, whichever it is.
    ///
    /// # Errors
    /// A fault of ours: a stored hash is none.
    pub(crate) async fn is_one_of(
        &self,
        password: &Arc<SecretText>,
        hashes: Vec<Arc<PasswordHash>>,
    ) -> Result<bool, IamError> {
        let mut any = false;
        // One turn each, so that 24 of them do not keep others waiting.
        for hash in hashes {
            let password = Arc::clone(password);
            let matches = self.in_turn(move || hash.matches(&password)).await?;
            any |= matches.map_err(|fault| IamError::internal(Cause::new(fault)))?;
        }
        Ok(any)
    }

    /// Whether it is the password of this profile; none has no password, which takes as long to find out.
    ///
    /// # Errors
    /// A fault of ours.
    pub(crate) async fn is_of(
        &self,
        password: &Arc<SecretText>,
        profile: Option<&LoginProfile>,
    ) -> Result<bool, IamError> {
        let decoy = self
            .decoy
            .get_or_try_init(|| async {
                let rng: &dyn Rng = &SystemRng;
                let random: [u8; 32] = rng.array();
                let text = Arc::new(crate::base32::encode(&random));
                self.hash(&text).await.map(Arc::new)
            })
            .await?;
        let hash = profile.map_or(decoy, |profile| &profile.hash);
        let matches = self.is_one_of(password, vec![Arc::clone(hash)]).await?;
        Ok(matches && profile.is_some())
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, IamError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.expect("the turns are never closed");
        // The turn goes with the work: a caller that went away does not let another begin before this one ends.
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|fault| IamError::internal(Cause::new(fault)))
    }
}

/// The user that signs in with this name and password, if it is right; for the console's sign-in.
///
/// It says nothing of a second factor, of a password that is too old, or of one that must be changed: `mfa_serials`,
/// `password_set_at` and `password_reset_required` of the row do.
///
/// # Errors
/// The store's, or a fault of ours.
pub async fn verify_password(
    view: View<'_, Iam>,
    account: AccountId,
    name: &str,
    password: &Arc<SecretText>,
    request: RequestId,
) -> Result<Option<Versioned<UserRow>>, IamError> {
    let service = view.service;
    let found = find_user(view.store, account, name).await.map_err(IamError::from_store)?;
    let profile = match &found {
        Some(found) => LoginProfile::open(&found.row, view.keyring)?,
        None => None,
    };
    // Judged in any case, so that being barred takes as long as being wrong.
    let right = service.passwords.is_of(password, profile.as_ref()).await?;
    let of = found.as_ref().map_or_else(|| Tries::of_nobody(account, name), |found| Tries::of(&found.row));
    let counted = of.begin(&service.attempts, request, view.now);
    Ok(found.filter(|_| right && counted).inspect(|_| of.passed(&service.attempts)))
}

/// The tries of one user's password.
pub(crate) struct Tries {
    account: AccountId,
    counted_as: String,
}

impl Tries {
    pub(crate) fn of(user: &UserRow) -> Self {
        Self { account: user.account, counted_as: format!("password/{}", user.user_id) }
    }

    fn of_nobody(account: AccountId, name: &str) -> Self {
        Self { account, counted_as: format!("password/{account}/{}", NameKey::of(name)) }
    }

    /// Counts a try; false when too many failed, and then the answer must be that it is wrong.
    pub(crate) fn begin(&self, attempts: &Attempts, request: RequestId, now: Timestamp) -> bool {
        let begun = attempts.begin(&self.counted_as, request, now).is_ok();
        if !begun {
            // Not whose: what was typed as a name may be a password.
            tracing::warn!(account = %self.account, "too many wrong passwords of a user; none is accepted for a while");
        }
        begun
    }

    /// The password was right.
    pub(crate) fn passed(&self, attempts: &Attempts) {
        attempts.passed(&self.counted_as);
    }
}

#[cfg(test)]
mod tests {
    use super::Passwords;
    use crate::login_profiles::LoginProfile;
    use keywright_types::{SecretText, Timestamp};
    use std::sync::Arc;

    fn text(text: &str) -> Arc<SecretText> {
        Arc::new(SecretText::new(text.to_owned()))
    }

    #[tokio::test]
    async fn a_password_is_right_for_whoever_has_it() {
        let passwords = Passwords::default();
        let hash = passwords.hash(&text("right")).await.expect("it hashes");
        let profile = LoginProfile::new(Arc::new(hash), None, Timestamp::from_seconds(0));
        assert!(passwords.is_of(&text("right"), Some(&profile)).await.expect("it is judged"));
        assert!(!passwords.is_of(&text("wrong"), Some(&profile)).await.expect("it is judged"));
        assert!(!passwords.is_of(&text("right"), None).await.expect("it is judged"));
    }

    #[tokio::test]
    async fn peer_14_whoever_is_not_there_costs_the_same_work() {
        let passwords = Passwords::default();
        assert!(!passwords.is_of(&text("any"), None).await.expect("it is judged"));
        let decoy = passwords.decoy.get().expect("it was made").expose().to_owned();
        let real = passwords.hash(&text("any")).await.expect("it hashes").expose().to_owned();
        let cost = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(cost(&decoy), cost(&real), "algorithm, version and parameters");
    }
}

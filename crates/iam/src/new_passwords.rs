//! A password that is to become a user's: whether it may, and its hash.

use crate::error::IamError;
use crate::login_profiles::LoginProfile;
use crate::password_policy::{self, PasswordPolicy};
use crate::service::Iam;
use keywright_auth::{AccountRow, Cause, RequestContext, ServiceError as _, View};
use keywright_crypto::PasswordHash;
use keywright_store::{Column as _, Versioned, WriteSet};
use keywright_types::SecretText;
use std::sync::Arc;

/// What the account says of passwords.
pub struct Rules {
    pub(crate) account: Versioned<AccountRow>,
    pub(crate) policy: Option<PasswordPolicy>,
}

impl Rules {
    /// # Errors
    /// The store's, or a fault of ours.
    pub(crate) async fn find(view: View<'_, Iam>, request: &RequestContext) -> Result<Self, IamError> {
        let found = view.store.find::<AccountRow>(&[request.caller.account.to_value()]).await;
        let account = found
            .map_err(IamError::from_store)?
            .ok_or_else(|| IamError::internal(Cause::new("the caller's account has no row")))?;
        let policy = password_policy::of_account(&account.row)?;
        Ok(Self { account, policy })
    }

    /// A policy that is tightened meanwhile makes the decision anew.
    pub(crate) fn rely_on(&self, writes: &mut WriteSet) {
        writes.expect(&self.account.row, self.account.version);
    }

    /// Judges a new password and hashes it; `profile` is the user's present one.
    ///
    /// # Errors
    /// The store's, or a fault of ours. What the password policy says is kept for the decision.
    pub(crate) async fn judge(
        &self,
        view: View<'_, Iam>,
        password: &Arc<SecretText>,
        profile: Option<&LoginProfile>,
    ) -> Result<NewPassword, IamError> {
        let alias = self.account.row.alias.as_deref();
        // What the text alone breaks costs no work.
        if let Err(violation) = password_policy::check(self.policy.as_ref(), alias, password) {
            return Ok(NewPassword(Err(violation)));
        }
        let barred = self.policy.as_ref().and_then(|policy| policy.reuse_prevention).unwrap_or(0);
        let barred = usize::try_from(barred).unwrap_or(usize::MAX);
        let last = profile.map_or_else(Vec::new, |profile| profile.last(barred));
        if view.service.passwords.is_one_of(password, last).await? {
            return Ok(NewPassword(Err(REUSED.to_owned())));
        }
        Ok(NewPassword(Ok(Arc::new(view.service.passwords.hash(password).await?))))
    }
}

const REUSED: &str = "Policy constraint violation with password reuse prevention during password change";

/// A password's hash, or why it may not be one.
pub struct NewPassword(Result<Arc<PasswordHash>, String>);

impl NewPassword {
    /// # Errors
    /// PasswordPolicyViolation.
    pub(crate) fn get(&self) -> Result<Arc<PasswordHash>, IamError> {
        self.0.clone().map_err(|message| IamError::PasswordPolicyViolation { message })
    }
}

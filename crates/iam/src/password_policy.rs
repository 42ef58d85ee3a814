//! An account's password policy: what passwords must be like, how long they last.
//!
//! Source: IAM User Guide, "Set an account password policy for IAM users", with the default policy that holds for accounts
//! which have set none.

use crate::error::IamError;
use keywright_auth::{AccountRow, Cause, ServiceError as _};
use keywright_types::SecretText;
use serde::{Deserialize, Serialize};

/// What counts as a symbol.
const SYMBOLS: &str = "!@#$%^&*()_+-=[]{}|'";

/// Passwords that can be barred from being used again.
pub(crate) const REMEMBERED_MAX: usize = 24;

/// A policy that an account has set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordPolicy {
    /// Characters, 6 to 128.
    pub minimum_length: u32,
    pub require_symbols: bool,
    pub require_numbers: bool,
    pub require_uppercase: bool,
    pub require_lowercase: bool,
    /// Every user may change its own password, whatever its policies do not say.
    pub users_may_change: bool,
    /// How long a password lasts; for ever if none. Held against passwords when somebody signs in.
    pub max_age_days: Option<u32>,
    /// How many of the last passwords may not be used again.
    pub reuse_prevention: Option<u32>,
    /// Whoever has an expired password cannot set a new one.
    pub hard_expiry: Option<bool>,
}

/// The policy of an account, if it has set one.
///
/// # Errors
/// A fault of ours: a column that this program did not write.
pub(crate) fn of_account(account: &AccountRow) -> Result<Option<PasswordPolicy>, IamError> {
    let Some(text) = &account.password_policy else { return Ok(None) };
    serde_json::from_str(text).map(Some).map_err(|fault| IamError::internal(Cause::new(fault)))
}

/// Whether a password may be one in this account; `alias` is the account's.
///
/// # Errors
/// AWS's text of PasswordPolicyViolation, for the first rule that is broken.
pub(crate) fn check(
    policy: Option<&PasswordPolicy>,
    alias: Option<&str>,
    password: &SecretText,
) -> Result<(), String> {
    let password = password.expose();
    let length = password.chars().count();
    let has = |kind: fn(char) -> bool| password.chars().any(kind);
    let upper = has(|character| character.is_ascii_uppercase());
    let lower = has(|character| character.is_ascii_lowercase());
    let number = has(|character| character.is_ascii_digit());
    let symbol = has(|character| SYMBOLS.contains(character));
    let too_short = |least: u32| {
        (length < usize::try_from(least).unwrap_or(usize::MAX))
            .then(|| format!("Password should have a minimum length of {least}"))
    };
    let broken = match policy {
        Some(policy) => {
            let lacks = |required: bool, has: bool, what: &str| {
                (required && !has).then(|| format!("Password should have at least one {what}"))
            };
            too_short(policy.minimum_length)
                .or_else(|| lacks(policy.require_uppercase, upper, "uppercase letter"))
                .or_else(|| lacks(policy.require_lowercase, lower, "lowercase letter"))
                .or_else(|| lacks(policy.require_numbers, number, "number"))
                .or_else(|| lacks(policy.require_symbols, symbol, "symbol"))
        }
        None => {
            let kinds = [upper, lower, number, symbol].into_iter().filter(|has| *has).count();
            too_short(8)
                .or_else(|| {
                    (kinds < 3).then(|| {
                        "Password should have at least three of: uppercase letters, lowercase letters, numbers, \
                         symbols"
                            .to_owned()
                    })
                })
                .or_else(|| {
                    (alias == Some(password)).then(|| "Password should not be the account's name".to_owned())
                })
        }
    };
    broken.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::{PasswordPolicy, check};
    use keywright_types::SecretText;

    /// The text of the refusal; empty if there is none.
    fn judge(policy: Option<&PasswordPolicy>, password: &str) -> String {
        let judged = check(policy, Some("Acme-Corp-1"), &SecretText::new(password.to_owned()));
        judged.err().unwrap_or_default()
    }

    fn lax() -> PasswordPolicy {
        PasswordPolicy {
            minimum_length: 6,
            require_symbols: false,
            require_numbers: false,
            require_uppercase: false,
            require_lowercase: false,
            users_may_change: false,
            max_age_days: None,
            reuse_prevention: None,
            hard_expiry: None,
        }
    }

    /// IAM User Guide, "Default password policy".
    #[test]
    fn an_account_without_a_policy_has_the_default_one() {
        for good in ["Abcdefg1", "abcdef1!", "ABCDEF1!", "Abcdef-g"] {
            assert_eq!(judge(None, good), "", "{good}");
        }
        for (bad, word) in [
            ("Abcde1!", "minimum length of 8"),
            ("abcdefg1", "three of"),
            ("Abcdefgh", "three of"),
            ("Acme-Corp-1", "account's name"),
        ] {
            assert!(judge(None, bad).contains(word), "{bad}: {}", judge(None, bad));
        }
    }

    #[test]
    fn each_rule_of_a_policy_is_held_by_itself() {
        assert_eq!(judge(Some(&lax()), "aaaaaa"), "");
        assert_eq!(judge(Some(&lax()), "aaaaa"), "Password should have a minimum length of 6");
        // Length is in characters: these are six, in twelve bytes.
        assert_eq!(judge(Some(&lax()), "ääääää"), "");
        let upper = PasswordPolicy { require_uppercase: true, ..lax() };
        assert_eq!(judge(Some(&upper), "aaaaa1!"), "Password should have at least one uppercase letter");
        // From the Latin alphabet: an umlaut is none.
        assert_eq!(judge(Some(&upper), "aaaaaÄ"), "Password should have at least one uppercase letter");
        let lower = PasswordPolicy { require_lowercase: true, ..lax() };
        assert_eq!(judge(Some(&lower), "AAAAA1!"), "Password should have at least one lowercase letter");
        let number = PasswordPolicy { require_numbers: true, ..lax() };
        assert_eq!(judge(Some(&number), "aaaaaA!"), "Password should have at least one number");
        let symbol = PasswordPolicy { require_symbols: true, ..lax() };
        for other in ["aaaaaA1", "aaaaaa ", "aaaaaa.", "aaaaaa?"] {
            assert_eq!(judge(Some(&symbol), other), "Password should have at least one symbol");
        }
        for symbol_of_aws in "!@#$%^&*()_+-=[]{}|'".chars() {
            assert_eq!(judge(Some(&symbol), &format!("aaaaa{symbol_of_aws}")), "");
        }
    }
}

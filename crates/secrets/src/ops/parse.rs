//! What many operations read from their input in the same way.

use crate::error::{SecretsError, TOKEN_NEEDED};

/// The one resource policy that a secret has.
pub(crate) const POLICY_NAME: &str = "default";

/// The token that becomes a version's id; SDKs send one by themselves.
///
/// # Errors
/// InvalidParameterException, with AWS's text, without one.
pub(crate) fn token(token: Option<String>) -> Result<String, SecretsError> {
    token.ok_or_else(|| SecretsError::parameter(TOKEN_NEEDED))
}

/// A description or a type: any text but one with a NUL, which PostgreSQL cannot keep.
///
/// # Errors
/// InvalidParameterException.
pub(crate) fn text(text: Option<String>) -> Result<Option<String>, SecretsError> {
    match text {
        Some(text) if text.contains('\0') => {
            Err(SecretsError::parameter("The text contains a character that can't be stored: U+0000."))
        }
        text => Ok(text),
    }
}

/// # Errors
/// InvalidParameterException: only the policy `default` can be written.
pub(crate) fn policy_name(name: Option<&str>) -> Result<(), SecretsError> {
    match name {
        None | Some(POLICY_NAME) => Ok(()),
        Some(_) => Err(SecretsError::parameter("The only supported value of PolicyName is default.")),
    }
}

/// The key that a member names; an empty text goes back to the service's own.
pub(crate) fn kms_key(given: Option<String>) -> Option<String> {
    given.filter(|key| !key.is_empty() && key != crate::sealing::DEFAULT_KEY)
}

/// The page length of a list.
pub(crate) fn limit(asked: Option<i32>, default: usize) -> usize {
    asked.and_then(|asked| usize::try_from(asked).ok()).unwrap_or(default)
}

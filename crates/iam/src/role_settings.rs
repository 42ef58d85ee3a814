//! Settings of roles.

use crate::error::IamError;

/// One hour: IAM's default for the longest session of a role, also of an UpdateRole that gives none (IAM API Reference,
/// UpdateRole).
const SESSION_SECONDS: u32 = 3_600;

/// The model holds what is given to 3,600 to 43,200.
pub(crate) fn max_session_seconds(given: Option<i32>) -> u32 {
    given.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(SESSION_SECONDS)
}

/// Nobody signs in to a console with a role here, so that a limit of such sessions would bind nothing.
///
/// # Errors
/// InvalidInput.
pub(crate) fn refuse_sign_in_duration(given: Option<i32>) -> Result<(), IamError> {
    match given {
        None => Ok(()),
        Some(_) => Err(IamError::InvalidInput {
            message: "MaxSigninSessionDuration is not supported: there is no sign-in with a role.".to_owned(),
        }),
    }
}

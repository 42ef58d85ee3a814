//! Temporary credentials as answers show them.

use keywright_auth::{NewSession, SessionFacts, Sessions};
use keywright_aws::sts::Credentials;
use keywright_crypto::Keyring;
use keywright_types::Rng;

/// The longest token that is taken back, in characters; `SessionTokenUtilization` is a percentage of it.
const TOKEN_MAX: usize = 16 * 1024;

/// New credentials, with the two figures that answers give of their token.
pub(crate) struct Made {
    pub(crate) credentials: Credentials,
    /// Percent, rounded up.
    pub(crate) utilization: i32,
    pub(crate) size: i32,
}

/// Makes credentials of a session. `token_bytes_min` is `MinimumSessionTokenSize`.
pub(crate) fn make(facts: &SessionFacts, token_bytes_min: usize, keyring: &Keyring, rng: &dyn Rng) -> Made {
    let NewSession { access_key_id, secret, token, expires_at } =
        Sessions::seal_padded(facts, token_bytes_min, keyring, rng);
    let size = token.len();
    Made {
        credentials: Credentials {
            access_key_id: access_key_id.to_string(),
            secret_access_key: secret,
            session_token: token,
            expiration: expires_at,
        },
        utilization: percent(size, TOKEN_MAX),
        size: i32::try_from(size).unwrap_or(i32::MAX),
    }
}

/// How much of `most` is used, in percent, rounded up.
pub(crate) fn percent(used: usize, most: usize) -> i32 {
    i32::try_from((used * 100).div_ceil(most)).unwrap_or(i32::MAX)
}

/// `MinimumSessionTokenSize`; the model bounds it to 4,096.
pub(crate) fn token_bytes_min(given: Option<i32>) -> usize {
    given.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0)
}

//! Temporary credentials: a token that carries its session, sealed.
//!
//! What: [`Session`] is what STS gave somebody; [`Sessions::seal`] makes the token of it and [`Sessions::open`] gets
//! it back.
//! Why sealed and not stored: any node can open it, giving one costs no write, and there is nothing to clean up.
//!
//! Invariants
//! - A token opens only together with the access key id that it was made for.
//! - Tokens are sealed under keys derived from a domain key and name its epoch, so that they survive newer ones.
//! - A token says who somebody is, not that it may still act: role, user and parent access key are looked up at use.
//!
//! Source: STS API Reference, AssumeRole, GetSessionToken; IAM User Guide, "Temporary security credentials".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keywright_aws::sigv4::SigningKeys;
use keywright_crypto::Keyring;
use keywright_store::{EntityCache, Freshness};
use keywright_types::{AccessKeyId, AccountId, Rng, SecretText, Tags, Timestamp, UniqueId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Whose session it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionOf {
    /// Of a role that was assumed.
    Role {
        role_id: String,
        /// As it was when the session was made; the session's ARN keeps it.
        role_name: String,
        session_name: String,
        /// The session policy given by the maker, and the managed policies that it named.
        policy: Option<String>,
        policy_arns: Vec<String>,
        /// Session tags, and those of them that are handed on when another role is assumed.
        tags: Tags,
        transitive: Vec<String>,
        source_identity: Option<String>,
        /// The provider's ARN and the subject, if a provider of identities vouched for the maker.
        federated: Option<Box<Federation>>,
        /// Whether the maker itself was a session of a role: such sessions last an hour at the most.
        chained: bool,
    },
    /// Of a user by GetSessionToken, or of the root user (none). It dies with the access key that asked for it.
    User { user_id: Option<String>, parent_access_key_id: String },
}

/// Who vouched for whoever assumed a role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Federation {
    pub provider: String,
    pub subject: String,
    pub audience: String,
}

/// What a token says, apart from the secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionFacts {
    pub account: String,
    pub of: SessionOf,
    /// Milliseconds since the epoch.
    pub issued_at: i64,
    pub expires_at: i64,
    /// When the maker proved a second factor.
    pub mfa_at: Option<i64>,
}

/// A session, opened.
pub struct Session {
    pub access_key_id: AccessKeyId,
    pub account: AccountId,
    pub facts: SessionFacts,
    pub secret: SecretText,
    pub signing_keys: SigningKeys,
}

// By hand: the secret is not shown.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("access_key_id", &self.access_key_id)
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

impl Session {
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_millis(self.facts.expires_at)
    }

    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        Timestamp::from_millis(self.facts.issued_at)
    }

    #[must_use]
    pub fn mfa_at(&self) -> Option<Timestamp> {
        self.facts.mfa_at.map(Timestamp::from_millis)
    }

    /// The id of the user or role, if it is not the root user's.
    #[must_use]
    pub fn unique_id(&self) -> Option<UniqueId> {
        match &self.facts.of {
            SessionOf::Role { role_id, .. } => UniqueId::parse(role_id).ok(),
            SessionOf::User { user_id, .. } => user_id.as_deref().and_then(|id| UniqueId::parse(id).ok()),
        }
    }

    /// Tags of the session itself, which are the principal's own together with the identity's.
    #[must_use]
    pub fn tags(&self) -> Option<&Tags> {
        match &self.facts.of {
            SessionOf::Role { tags, .. } => Some(tags),
            SessionOf::User { .. } => None,
        }
    }
}

/// Why a token is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFault {
    /// None of ours, changed, or of another access key.
    Invalid,
    Expired,
}

/// New temporary credentials.
pub struct NewSession {
    pub access_key_id: AccessKeyId,
    pub secret: SecretText,
    pub token: SecretText,
    pub expires_at: Timestamp,
}

/// Makes and opens tokens, and remembers those that were opened.
pub struct Sessions {
    opened: EntityCache<[u8; 32], Arc<Session>>,
}

const CACHED_MAX: usize = 10_000;
/// The first byte of a token: the form of what follows.
const VERSION: u8 = 1;
/// No token of ours is longer; AWS asks clients to bear 8 KiB and more.
const TOKEN_BYTES_MAX: usize = 16 * 1024;
const SECRET_LEN: usize = 40;
/// What sealing adds: epoch, salt and tag.
const SEALING_BYTES: usize = 4 + 32 + 16;
const PURPOSE: &str = "session";
const SESSION_PREFIX: &str = "ASIA";
/// RFC 4648.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl Default for Sessions {
    fn default() -> Self {
        // A token's meaning never changes; whether it may still be used is asked each time.
        Self { opened: EntityCache::new(CACHED_MAX, Freshness::exact()) }
    }
}

impl Sessions {
    /// New credentials for a session, with their token.
    #[must_use]
    pub fn seal(facts: &SessionFacts, keyring: &Keyring, rng: &dyn Rng) -> NewSession {
        Self::seal_padded(facts, 0, keyring, rng)
    }

    /// The same, with a token of at least `token_bytes_min`.
    #[must_use]
    pub fn seal_padded(
        facts: &SessionFacts,
        token_bytes_min: usize,
        keyring: &Keyring,
        rng: &dyn Rng,
    ) -> NewSession {
        let access_key_id = session_key_id(&facts.account, rng);
        let secret = crate::access_keys::new_secret(rng);
        let facts_text = serde_json::to_vec(facts).expect("texts, lists and maps always serialise");
        let least = token_bytes_min.div_ceil(4) * 3;
        // In one piece: a buffer that grows leaves copies of the secret behind.
        let length = (SECRET_LEN + facts_text.len()).max(least.saturating_sub(1 + SEALING_BYTES));
        let mut plain = zeroize::Zeroizing::new(Vec::with_capacity(length));
        plain.extend_from_slice(secret.expose().as_bytes());
        plain.extend_from_slice(&facts_text);
        // White space after JSON means nothing.
        plain.resize(length, b' ');
        let mut token = vec![VERSION];
        token.extend(keyring.seal_token(PURPOSE, access_key_id.as_str(), &plain, rng));
        NewSession {
            access_key_id,
            secret,
            token: SecretText::new(STANDARD.encode(token)),
            expires_at: Timestamp::from_millis(facts.expires_at),
        }
    }

    /// The session behind a token, if it is of that access key and not over.
    ///
    /// # Errors
    /// [`TokenFault`].
    pub fn open(
        &self,
        keyring: &Keyring,
        access_key_id: &AccessKeyId,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<Session>, TokenFault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenFault::Invalid);
        }
        let name = keywright_crypto::sha256(token.as_bytes());
        let session = match self.opened.peek(&name) {
            // The same token with another key's id.
            Some(known) if known.access_key_id != *access_key_id => return Err(TokenFault::Invalid),
            Some(known) => known,
            None => {
                let session = Arc::new(unseal(keyring, access_key_id, token).ok_or(TokenFault::Invalid)?);
                self.opened.keep(name, Arc::clone(&session));
                session
            }
        };
        if session.expires_at() <= now {
            return Err(TokenFault::Expired);
        }
        Ok(session)
    }
}

fn unseal(keyring: &Keyring, access_key_id: &AccessKeyId, token: &str) -> Option<Session> {
    let bytes = STANDARD.decode(token).ok()?;
    let (version, sealed) = bytes.split_first()?;
    if *version != VERSION {
        return None;
    }
    let plain = keyring.open_token(PURPOSE, access_key_id.as_str(), sealed).ok()?;
    let (secret, facts) = plain.expose().split_at_checked(SECRET_LEN)?;
    let facts: SessionFacts = serde_json::from_slice(facts).ok()?;
    Some(Session {
        access_key_id: access_key_id.clone(),
        account: AccountId::parse(&facts.account).ok()?,
        facts,
        secret: SecretText::new(std::str::from_utf8(secret).ok()?.to_owned()),
        signing_keys: SigningKeys::default(),
    })
}

/// The id of temporary credentials. It holds the account, where AWS's own ids have it, so that the account can be told
/// of ids that no row keeps (GetAccessKeyInfo); the rest is random.
fn session_key_id(account: &str, rng: &dyn Rng) -> AccessKeyId {
    let random: [u8; 10] = rng.array();
    let number: u64 = account.parse().expect("an account id is twelve digits");
    // 80 bits in base32: one that is set, 40 of the account, 39 at random.
    let mut bits = u128::from(1_u8) << 79 | u128::from(number) << 39;
    bits |= random.iter().fold(0, |bits: u128, byte| bits << 8 | u128::from(*byte)) & ((1 << 39) - 1);
    let text: String = (0..16)
        .rev()
        .map(|digit| char::from(BASE32[usize::try_from(bits >> (5 * digit) & 31).expect("below 32")]))
        .collect();
    AccessKeyId::parse(&format!("{SESSION_PREFIX}{text}")).expect("twenty characters of the alphabet")
}

/// The account of the temporary credentials with that id; none if it is no id that this program gives.
#[must_use]
pub fn account_of_session_key(id: &AccessKeyId) -> Option<AccountId> {
    let text = id.as_str().strip_prefix(SESSION_PREFIX)?;
    if text.len() != 16 {
        return None;
    }
    let mut bits: u128 = 0;
    for character in text.bytes() {
        let digit = BASE32.iter().position(|known| *known == character)?;
        bits = bits << 5 | u128::try_from(digit).ok()?;
    }
    let number = bits >> 39 & ((1 << 40) - 1);
    if bits >> 79 == 0 || number > 999_999_999_999 {
        return None;
    }
    AccountId::parse(&format!("{number:012}")).ok()
}

#[cfg(test)]
mod tests;

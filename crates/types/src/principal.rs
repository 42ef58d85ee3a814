//! Who acts.

use crate::{AccountId, InvalidId, PARTITION};
use std::fmt;
use std::sync::Arc;

/// Who acts: a caller that was authenticated, or a part of Keywright itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// The root user of an account.
    Root { account: AccountId },
    /// An IAM user.
    User { account: AccountId, user_id: UniqueId, name: Arc<str>, arn: Arc<str> },
    /// A session of a role.
    RoleSession {
        account: AccountId,
        role_id: UniqueId,
        role_name: Arc<str>,
        role_arn: Arc<str>,
        session_name: Arc<str>,
        /// The session's own ARN, `arn:aws:sts::…:assumed-role/ROLE/SESSION`.
        arn: Arc<str>,
    },
    /// Somebody whom an identity provider vouches for, before a role was assumed.
    Federated {
        /// The account of the role that is asked for: nobody else has to do with it.
        account: AccountId,
        /// The provider's ARN.
        provider: Arc<str>,
        /// `provider:audience:subject`, as CloudTrail names the caller.
        id: Arc<str>,
    },
    /// A part of the service acting by itself, such as the rotation of a secret that is due.
    Service {
        /// Its name as a service principal, such as `secretsmanager.amazonaws.com`.
        name: &'static str,
    },
}

impl Principal {
    /// The ARN that policies, messages and the trail show; the service itself and a federated caller have none.
    #[must_use]
    pub fn arn(&self) -> Option<Arc<str>> {
        match self {
            Self::Root { account } => Some(root_arn(*account).into()),
            Self::User { arn, .. } | Self::RoleSession { arn, .. } => Some(Arc::clone(arn)),
            Self::Federated { .. } | Self::Service { .. } => None,
        }
    }

    /// The unique id that policies are pinned to: a user's, or that of the role behind a session.
    #[must_use]
    pub fn unique_id(&self) -> Option<&UniqueId> {
        match self {
            Self::User { user_id, .. } => Some(user_id),
            Self::RoleSession { role_id, .. } => Some(role_id),
            Self::Root { .. } | Self::Federated { .. } | Self::Service { .. } => None,
        }
    }
}

/// The ARN of an account's root user, which also stands for the account.
#[must_use]
pub fn root_arn(account: AccountId) -> String {
    format!("arn:{PARTITION}:iam::{account}:root")
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root { account } => write!(f, "arn:{PARTITION}:iam::{account}:root"),
            Self::User { arn, .. } | Self::RoleSession { arn, .. } => f.write_str(arn),
            Self::Federated { id, .. } => f.write_str(id),
            Self::Service { name } => f.write_str(name),
        }
    }
}

/// What a unique id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UniqueIdKind {
    User,
    Group,
    Role,
    ManagedPolicy,
}

impl UniqueIdKind {
    /// Source: IAM User Guide, "IAM identifiers", the table of prefixes.
    const fn prefix(self) -> &'static str {
        match self {
            Self::User => "AIDA",
            Self::Group => "AGPA",
            Self::Role => "AROA",
            Self::ManagedPolicy => "ANPA",
        }
    }
}

/// The id of a user, group, role or policy that is never used again, such as `AIDA…`: a namesake that is made later
/// has another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UniqueId(Box<str>);

impl TryFrom<String> for UniqueId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<UniqueId> for String {
    fn from(id: UniqueId) -> Self {
        id.0.into()
    }
}

impl UniqueId {
    /// A new id from 17 random bytes.
    #[must_use]
    pub fn from_random(kind: UniqueIdKind, random: [u8; 17]) -> Self {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut text = String::with_capacity(21);
        text.push_str(kind.prefix());
        text.extend(random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])));
        Self(text.into())
    }

    /// # Errors
    /// [`InvalidId`] unless it is 16 to 128 capital letters and digits.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let fits = (16..=128).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if fits { Ok(Self(text.into())) } else { Err(InvalidId { kind: "unique id" }) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

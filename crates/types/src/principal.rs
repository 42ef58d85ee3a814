//! Who acts.

use crate::{AccountId, PARTITION};
use std::fmt;

/// Who acts: a caller that was authenticated, or a part of Keywright itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// The root user of an account.
    Root { account: AccountId },
    /// A part of the service acting by itself, such as the rotation of a key that is due.
    Service,
}

impl Principal {
    /// The ARN that policies, messages and the trail show; the service itself has none.
    #[must_use]
    pub fn arn(&self) -> Option<String> {
        match self {
            Self::Root { account } => Some(format!("arn:{PARTITION}:iam::{account}:root")),
            Self::Service => None,
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root { account } => write!(f, "arn:{PARTITION}:iam::{account}:root"),
            Self::Service => f.write_str("AWS Internal"),
        }
    }
}

//! Why a step failed: what was done, where, why, and what helps. No password is in any of it.

use crate::kind::RotatorKind;
use std::fmt;

/// Where a rotator was at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub kind: RotatorKind,
    pub host: String,
    pub port: u16,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}:{}", self.kind.name(), self.host, self.port)
    }
}

/// What is wrong with a secret's value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueFault {
    #[error("the secret's value is not a JSON object with text members")]
    NotAnObject,
    #[error("the secret's value has no member \"{0}\"")]
    Missing(&'static str),
    #[error("the member \"{0}\" of the secret's value cannot be used: {1}")]
    Unusable(&'static str, &'static str),
}

/// A step that was not done.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error("{0}")]
    Value(#[from] ValueFault),
    #[error(
        "{place} is not among the hosts that rotators may reach: the operator can add it to the setting `rotators.allowed_hosts`"
    )]
    NotAllowed { place: Place },
    #[error("{place} could not be reached: {cause}")]
    Unreachable { place: Place, cause: String },
    #[error("{place} did not answer in time")]
    TimedOut { place: Place },
    #[error("{place} refused user \"{user}\" with {credential}")]
    Refused { place: Place, user: String, credential: &'static str },
    #[error("{place} refused to {doing} as user \"{user}\": {cause}")]
    Failed { place: Place, user: String, doing: &'static str, cause: String },
    #[error("{place}: {problem}")]
    Unsupported { place: Place, problem: String },
    #[error(
        "the pending version has no value: it was taken away while the rotation was under way; abandon the rotation and rotate anew"
    )]
    Lost,
    #[error("alternating users take an administrator's secret: name it in the member \"masterarn\"")]
    NoAdmin,
    #[error(
        "the administrator's secret is for {admin}, this secret for {own}: its password is used at its own host alone"
    )]
    OtherHost { admin: String, own: String },
}

impl StepError {
    /// Whether the same step may well succeed later without anybody mending something.
    #[must_use]
    pub const fn is_worth_retrying(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Failed { .. } | Self::Refused { .. }
        )
    }
}

/// What a database says, without any of these passwords.
pub(crate) fn scrubbed(cause: &str, passwords: &[&str]) -> String {
    let mut cause = cause.to_owned();
    for password in passwords.iter().filter(|password| !password.is_empty()) {
        cause = cause.replace(password, "***");
    }
    cause.chars().filter(|letter| !letter.is_control()).take(500).collect()
}

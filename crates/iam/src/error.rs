//! What an operation of IAM or STS can refuse, by AWS's codes; the texts are made here and nowhere else.
//!
//! Source: IAM and STS API References, each operation's errors and their statuses; texts as the services answer them,
//! as public reports and test suites show.

use keywright_auth::{Cause, InvalidMarker, ServiceError};
use keywright_aws::WireError;
use keywright_policy::PolicyError;
use std::borrow::Cow;

/// A refused or failed operation.
#[derive(Debug)]
pub enum IamError {
    AccessDenied {
        message: String,
    },
    /// The entity still has something that must go first.
    DeleteConflict(Cow<'static, str>),
    EntityAlreadyExists {
        message: String,
    },
    /// The role cannot be assumed by that token.
    ExpiredToken {
        message: String,
    },
    InvalidAuthenticationCode {
        message: String,
    },
    InvalidIdentityToken {
        message: String,
    },
    IdpCommunication {
        message: String,
    },
    InvalidInput {
        message: String,
    },
    InvalidUserType,
    LimitExceeded {
        message: String,
    },
    MalformedPolicy(PolicyFault),
    NoSuchEntity {
        message: String,
    },
    PackedPolicyTooLarge,
    PasswordPolicyViolation {
        message: String,
    },
    PolicyEvaluation {
        message: String,
    },
    PolicyNotAttachable {
        message: String,
    },
    /// A report that nobody asked for, or that is too old.
    ReportNotPresent,
    Unmodifiable {
        message: String,
    },
    Validation {
        message: String,
    },
    Internal(Cause),
    Unavailable(Cause),
}

/// Why a policy document is refused.
#[derive(Debug)]
pub enum PolicyFault {
    Form(PolicyError),
    /// Text of the one rule that it breaks.
    Rule(Cow<'static, str>),
}

impl IamError {
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::Validation { message: message.into() }
    }

    /// "The user with name bob cannot be found."
    pub(crate) fn no_such(kind: &str, name: &str) -> Self {
        Self::NoSuchEntity { message: format!("The {kind} with name {name} cannot be found.") }
    }

    /// "User with name bob already exists."
    pub(crate) fn exists(kind: &str, name: &str) -> Self {
        Self::EntityAlreadyExists { message: format!("{kind} with name {name} already exists.") }
    }

    /// "Cannot exceed quota for AccessKeysPerUser: 2"
    pub(crate) fn quota(name: &str, most: usize) -> Self {
        Self::LimitExceeded { message: format!("Cannot exceed quota for {name}: {most}") }
    }
}

impl From<InvalidMarker> for IamError {
    fn from(InvalidMarker: InvalidMarker) -> Self {
        Self::validation("Invalid Marker.")
    }
}

impl From<PolicyError> for IamError {
    fn from(fault: PolicyError) -> Self {
        Self::MalformedPolicy(PolicyFault::Form(fault))
    }
}

impl ServiceError for IamError {
    fn wire(&self) -> WireError {
        let (code, status, message): (&'static str, u16, Option<Cow<'static, str>>) = match self {
            Self::AccessDenied { message } => ("AccessDenied", 403, Some(message.clone().into())),
            Self::DeleteConflict(message) => ("DeleteConflict", 409, Some(message.clone())),
            Self::EntityAlreadyExists { message } => {
                ("EntityAlreadyExists", 409, Some(message.clone().into()))
            }
            Self::ExpiredToken { message } => ("ExpiredTokenException", 400, Some(message.clone().into())),
            Self::InvalidAuthenticationCode { message } => {
                ("InvalidAuthenticationCode", 403, Some(message.clone().into()))
            }
            Self::InvalidIdentityToken { message } => {
                ("InvalidIdentityToken", 400, Some(message.clone().into()))
            }
            Self::IdpCommunication { message } => {
                ("IDPCommunicationError", 400, Some(message.clone().into()))
            }
            Self::InvalidInput { message } => ("InvalidInput", 400, Some(message.clone().into())),
            Self::InvalidUserType => {
                ("InvalidUserType", 400, Some("User type is not valid for this operation.".into()))
            }
            Self::LimitExceeded { message } => ("LimitExceeded", 409, Some(message.clone().into())),
            Self::MalformedPolicy(fault) => ("MalformedPolicyDocument", 400, Some(fault.message())),
            Self::NoSuchEntity { message } => ("NoSuchEntity", 404, Some(message.clone().into())),
            Self::PackedPolicyTooLarge => (
                "PackedPolicyTooLarge",
                400,
                Some(
                    "The session policies and tags together are larger than what a session may carry.".into(),
                ),
            ),
            Self::PasswordPolicyViolation { message } => {
                ("PasswordPolicyViolation", 400, Some(message.clone().into()))
            }
            Self::PolicyEvaluation { message } => ("PolicyEvaluation", 500, Some(message.clone().into())),
            Self::PolicyNotAttachable { message } => {
                ("PolicyNotAttachable", 400, Some(message.clone().into()))
            }
            Self::ReportNotPresent => (
                "ReportNotPresent",
                410,
                Some("No report has been generated; call GenerateCredentialReport.".into()),
            ),
            Self::Unmodifiable { message } => ("UnmodifiableEntity", 400, Some(message.clone().into())),
            Self::Validation { message } => ("ValidationException", 400, Some(message.clone().into())),
            Self::Internal(_) => ("ServiceFailure", 500, None),
            Self::Unavailable(_) => {
                ("ServiceUnavailable", 503, Some("The store did not answer in time; try again.".into()))
            }
        };
        WireError { code, status, message }
    }

    fn denied(message: String) -> Self {
        Self::AccessDenied { message }
    }

    fn internal(cause: Cause) -> Self {
        Self::Internal(cause)
    }

    fn unavailable(cause: Cause) -> Self {
        Self::Unavailable(cause)
    }

    fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Internal(cause) | Self::Unavailable(cause) => Some(cause),
            Self::AccessDenied { .. }
            | Self::DeleteConflict(_)
            | Self::EntityAlreadyExists { .. }
            | Self::ExpiredToken { .. }
            | Self::InvalidAuthenticationCode { .. }
            | Self::InvalidIdentityToken { .. }
            | Self::IdpCommunication { .. }
            | Self::InvalidInput { .. }
            | Self::InvalidUserType
            | Self::LimitExceeded { .. }
            | Self::MalformedPolicy(_)
            | Self::NoSuchEntity { .. }
            | Self::PackedPolicyTooLarge
            | Self::PasswordPolicyViolation { .. }
            | Self::PolicyEvaluation { .. }
            | Self::PolicyNotAttachable { .. }
            | Self::ReportNotPresent
            | Self::Unmodifiable { .. }
            | Self::Validation { .. } => None,
        }
    }
}

impl PolicyFault {
    fn message(&self) -> Cow<'static, str> {
        match self {
            // AWS says "Syntax errors in policy." alone; where the fault is helps whoever wrote it.
            Self::Form(fault) => format!("Syntax errors in policy. {fault}").into(),
            Self::Rule(text) => text.clone(),
        }
    }
}

//! What an operation can refuse, by AWS's codes; the texts are made here and in the places that know the rule.
//!
//! Source: Secrets Manager API Reference; texts as recorded from the service by public test suites, which clients match.

use keywright_auth::{Cause, InvalidMarker, ServiceError};
use keywright_aws::WireError;
use keywright_aws::secretsmanager::SecretsManagerErrorCode as Code;
use keywright_kms::KmsError;
use keywright_policy::PolicyError;
use std::borrow::Cow;
use std::sync::Arc;

/// A refused or failed operation.
#[derive(Debug)]
pub enum SecretsError {
    AccessDenied {
        message: String,
    },
    /// There is no such secret.
    NotFound,
    /// No version has this label.
    NoVersionWithLabel {
        label: String,
    },
    NoVersionWithId {
        id: String,
    },
    /// ResourceNotFoundException of something else.
    NothingFound {
        message: Cow<'static, str>,
    },
    SecretExists {
        name: String,
    },
    TokenInUse {
        token: String,
        secret: Arc<str>,
    },
    InvalidRequest {
        message: Cow<'static, str>,
    },
    InvalidParameter {
        message: Cow<'static, str>,
    },
    Validation {
        message: Cow<'static, str>,
    },
    Limit {
        message: Cow<'static, str>,
    },
    MalformedPolicy(PolicyError),
    /// A policy that names somebody who is not there, or is too long.
    UnusablePolicy {
        message: Cow<'static, str>,
    },
    PublicPolicy,
    InvalidNextToken,
    Encryption,
    Decryption,
    Internal(Cause),
    Unavailable(Cause),
}

pub(crate) const TOKEN_NEEDED: &str =
    "You must provide a ClientRequestToken value. We recommend a UUID-type value.";
pub(crate) const MARKED_FOR_DELETION: &str =
    "You can't perform this operation on the secret because it was marked for deletion.";

pub(crate) const REPLICA: &str =
    "Operation not permitted on a replica secret. Call must be made in primary secret's region.";

impl SecretsError {
    pub(crate) fn request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidRequest { message: message.into() }
    }

    pub(crate) fn parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidParameter { message: message.into() }
    }

    pub(crate) fn validation(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Validation { message: message.into() }
    }

    /// What KMS said when a value was to be encrypted.
    pub(crate) fn encrypting(error: KmsError) -> Self {
        Self::of_kms(error, Self::Encryption)
    }

    /// What KMS said when a value was to be opened.
    pub(crate) fn decrypting(error: KmsError) -> Self {
        Self::of_kms(error, Self::Decryption)
    }

    /// A refusal that was met when the facts were read, told when it is its turn.
    #[must_use]
    pub fn repeat(refused: &Self) -> Self {
        match refused {
            Self::NotFound => Self::NotFound,
            Self::NoVersionWithLabel { label } => Self::NoVersionWithLabel { label: label.clone() },
            Self::NoVersionWithId { id } => Self::NoVersionWithId { id: id.clone() },
            Self::InvalidRequest { message } => Self::InvalidRequest { message: message.clone() },
            Self::InvalidParameter { message } => Self::InvalidParameter { message: message.clone() },
            Self::Validation { message } => Self::Validation { message: message.clone() },
            other => Self::again(other),
        }
    }

    /// A refusal of KMS that was met when the facts were read, told when it is its turn.
    pub(crate) fn again(refused: &Self) -> Self {
        match refused {
            Self::AccessDenied { message } => Self::AccessDenied { message: message.clone() },
            Self::Decryption => Self::Decryption,
            _ => Self::Encryption,
        }
    }

    fn of_kms(error: KmsError, otherwise: Self) -> Self {
        match error {
            KmsError::AccessDenied { .. } | KmsError::CiphertextKeyAbsent { .. } => {
                Self::AccessDenied { message: "Access to KMS is not allowed".to_owned() }
            }
            KmsError::Internal(cause) => Self::Internal(cause),
            KmsError::Unavailable(cause) => Self::Unavailable(cause),
            _ => otherwise,
        }
    }
}

impl From<InvalidMarker> for SecretsError {
    fn from(InvalidMarker: InvalidMarker) -> Self {
        Self::InvalidNextToken
    }
}

impl ServiceError for SecretsError {
    fn wire(&self) -> WireError {
        match self {
            Self::AccessDenied { message } => {
                WireError::new("AccessDeniedException", 400, Some(message.clone().into()))
            }
            Self::NotFound => Code::ResourceNotFoundException
                .error(Some("Secrets Manager can't find the specified secret.".into())),
            Self::NoVersionWithLabel { label } => Code::ResourceNotFoundException.error(Some(
                format!("Secrets Manager can't find the specified secret value for staging label: {label}")
                    .into(),
            )),
            Self::NoVersionWithId { id } => Code::ResourceNotFoundException.error(Some(
                format!("Secrets Manager can't find the specified secret value for VersionId: {id}").into(),
            )),
            Self::NothingFound { message } => Code::ResourceNotFoundException.error(Some(message.clone())),
            Self::SecretExists { name } => Code::ResourceExistsException.error(Some(
                format!("The operation failed because the secret {name} already exists.").into(),
            )),
            Self::TokenInUse { token, secret } => Code::ResourceExistsException.error(Some(
                format!(
                    "You can't use ClientRequestToken {token} because that value is already in use for a version \
                     of secret {secret}."
                )
                .into(),
            )),
            Self::InvalidRequest { message } => Code::InvalidRequestException.error(Some(message.clone())),
            Self::InvalidParameter { message } => {
                Code::InvalidParameterException.error(Some(message.clone()))
            }
            Self::Validation { message } => WireError::new("ValidationException", 400, Some(message.clone())),
            Self::Limit { message } => Code::LimitExceededException.error(Some(message.clone())),
            Self::MalformedPolicy(fault) => Code::MalformedPolicyDocumentException
                .error(Some(format!("This resource policy is not valid: {fault}").into())),
            Self::UnusablePolicy { message } => {
                Code::MalformedPolicyDocumentException.error(Some(message.clone()))
            }
            Self::PublicPolicy => Code::PublicPolicyException.error(Some(
                "You can't attach this resource policy because it would allow broad access to the secret.".into(),
            )),
            Self::InvalidNextToken => Code::InvalidNextTokenException
                .error(Some("The NextToken value is not one that this list gave.".into())),
            Self::Encryption => Code::EncryptionFailure.error(Some(
                "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the \
                 KMS key is available, enabled, and not in an invalid state."
                    .into(),
            )),
            Self::Decryption => Code::DecryptionFailure.error(Some(
                "Secrets Manager can't decrypt the protected secret text using the provided KMS key.".into(),
            )),
            Self::Internal(_) => Code::InternalServiceError
                .error(Some("An error occurred on the server side.".into())),
            Self::Unavailable(_) => Code::InternalServiceError
                .error(Some("The service could not answer in time; try again.".into())),
        }
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
            | Self::NotFound
            | Self::NoVersionWithLabel { .. }
            | Self::NoVersionWithId { .. }
            | Self::NothingFound { .. }
            | Self::SecretExists { .. }
            | Self::TokenInUse { .. }
            | Self::InvalidRequest { .. }
            | Self::InvalidParameter { .. }
            | Self::Validation { .. }
            | Self::Limit { .. }
            | Self::MalformedPolicy(_)
            | Self::UnusablePolicy { .. }
            | Self::PublicPolicy
            | Self::InvalidNextToken
            | Self::Encryption
            | Self::Decryption => None,
        }
    }
}

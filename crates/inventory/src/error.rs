//! What the vendor service can refuse.

use keywright_auth::{Cause, InvalidMarker, ServiceError};
use keywright_aws::WireError;
use keywright_crypto::Unrecognised;
use keywright_kms::KmsError;
use keywright_secrets::SecretsError;
use keywright_types::AccountId;
use std::borrow::Cow;

/// A refused or failed operation of the vendor service.
#[derive(Debug)]
pub enum InventoryError {
    AccessDenied {
        message: String,
    },
    AccountExists {
        account: AccountId,
    },
    /// A parameter that cannot be, in a way that the model does not say.
    InvalidParameter {
        message: String,
    },
    NotFound {
        message: String,
    },
    /// What is to be inspected is no ciphertext that this release knows.
    InvalidCiphertext(Unrecognised),
    InvalidMarker,
    Internal(Cause),
    Unavailable(Cause),
}

impl From<InvalidMarker> for InventoryError {
    fn from(InvalidMarker: InvalidMarker) -> Self {
        Self::InvalidMarker
    }
}

impl From<KmsError> for InventoryError {
    /// Of what KMS says to a read only its faults and its denials come here.
    fn from(fault: KmsError) -> Self {
        match fault {
            KmsError::AccessDenied { message } => Self::AccessDenied { message },
            KmsError::Internal(cause) => Self::Internal(cause),
            KmsError::Unavailable(cause) => Self::Unavailable(cause),
            other => Self::InvalidParameter {
                message: other.wire().message.map(Cow::into_owned).unwrap_or_default(),
            },
        }
    }
}

impl From<SecretsError> for InventoryError {
    fn from(fault: SecretsError) -> Self {
        let fault = match fault {
            SecretsError::Internal(cause) => return Self::Internal(cause),
            SecretsError::Unavailable(cause) => return Self::Unavailable(cause),
            fault => fault,
        };
        let message = || fault.wire().message.map(Cow::into_owned).unwrap_or_default();
        match &fault {
            SecretsError::NotFound => Self::NotFound { message: message() },
            SecretsError::AccessDenied { message } => Self::AccessDenied { message: message.clone() },
            _ => Self::InvalidParameter { message: message() },
        }
    }
}

impl InventoryError {
    pub(crate) fn parameter(message: impl Into<String>) -> Self {
        Self::InvalidParameter { message: message.into() }
    }
}

impl ServiceError for InventoryError {
    fn wire(&self) -> WireError {
        match self {
            Self::AccessDenied { message } => {
                WireError::new("AccessDeniedException", 400, Some(message.clone().into()))
            }
            Self::AccountExists { account } => WireError::new(
                "AccountAlreadyExistsException",
                400,
                Some(format!("The account {account} exists already.").into()),
            ),
            Self::InvalidParameter { message } => {
                WireError::new("InvalidParameterException", 400, Some(message.clone().into()))
            }
            Self::NotFound { message } => {
                WireError::new("ResourceNotFoundException", 400, Some(message.clone().into()))
            }
            Self::InvalidCiphertext(what) => WireError::new(
                "InvalidCiphertextException",
                400,
                Some(format!("This is no ciphertext that can be inspected: {what}.").into()),
            ),
            Self::InvalidMarker => WireError::new(
                "InvalidMarkerException",
                400,
                Some("The marker is not one that this list gave.".into()),
            ),
            Self::Internal(_) => WireError::new("KeywrightInternalException", 500, None),
            Self::Unavailable(_) => WireError::new(
                "KeywrightInternalException",
                500,
                Some("The store did not answer in time; try again.".into()),
            ),
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
            | Self::AccountExists { .. }
            | Self::InvalidParameter { .. }
            | Self::NotFound { .. }
            | Self::InvalidCiphertext(_)
            | Self::InvalidMarker => None,
        }
    }
}

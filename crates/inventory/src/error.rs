//! What the vendor service can refuse.

use keywright_auth::{Cause, InvalidMarker, ServiceError};
use keywright_aws::WireError;
use keywright_types::AccountId;

/// A refused or failed operation of the vendor service.
#[derive(Debug)]
pub enum InventoryError {
    AccessDenied { message: String },
    AccountExists { account: AccountId },
    InvalidMarker,
    Internal(Cause),
    Unavailable(Cause),
}

impl From<InvalidMarker> for InventoryError {
    fn from(InvalidMarker: InvalidMarker) -> Self {
        Self::InvalidMarker
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
            Self::AccessDenied { .. } | Self::AccountExists { .. } | Self::InvalidMarker => None,
        }
    }
}

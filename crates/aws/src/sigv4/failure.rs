//! Why a request's signature is not believed, by AWS's codes and texts.

use std::fmt::Write as _;

/// What is wrong with what a request presents. Values of the client are shown only where AWS shows them, cut
/// and cleaned; signatures never.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthFailure {
    /// Neither an `Authorization` header nor a signed query.
    Missing,
    /// Not all of what a signature consists of is there, or not in its form.
    Incomplete { message: String },
    /// No such access key, or none that may be used.
    UnknownAccessKey,
    /// The signature does not fit the request.
    WrongSignature,
    /// Something that must be signed is not, or the body is not the one that was signed.
    NotCovered { message: String },
    /// Signed too long ago.
    Expired { message: String },
    /// Signed in the future.
    NotYetCurrent { message: String },
    /// Scoped to a Region that is not served here.
    WrongRegion { region: String },
    /// Scoped to another service than the one that the operation belongs to.
    WrongService { expected: &'static str },
    /// Scoped to another day than it was signed on, or to no signing at all.
    WrongScope { message: String },
    /// The temporary credentials have expired.
    ExpiredToken,
}

/// A refusal as the wire shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthAnswer {
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    pub message: String,
}

const WRONG_SIGNATURE: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

impl AuthFailure {
    pub(super) fn incomplete(message: impl Into<String>) -> Self {
        Self::Incomplete { message: message.into() }
    }

    /// Code, status and text: as the AWS JSON services answer, or as the query services do (STS, IAM).
    #[must_use]
    pub fn wire(&self, json: bool) -> AuthAnswer {
        let (json_code, other_code, message) = match self {
            Self::Missing => (
                "MissingAuthenticationTokenException",
                "MissingAuthenticationToken",
                "Missing Authentication Token".to_owned(),
            ),
            Self::Incomplete { message } => {
                ("IncompleteSignatureException", "IncompleteSignature", message.clone())
            }
            Self::UnknownAccessKey => (
                "UnrecognizedClientException",
                "InvalidClientTokenId",
                "The security token included in the request is invalid.".to_owned(),
            ),
            Self::WrongSignature => {
                ("InvalidSignatureException", "SignatureDoesNotMatch", WRONG_SIGNATURE.to_owned())
            }
            Self::NotCovered { message }
            | Self::Expired { message }
            | Self::NotYetCurrent { message }
            | Self::WrongScope { message } => {
                ("InvalidSignatureException", "SignatureDoesNotMatch", message.clone())
            }
            Self::WrongRegion { region } => (
                "InvalidSignatureException",
                "SignatureDoesNotMatch",
                format!("Credential should be scoped to a valid region, not '{}'. ", shown(region)),
            ),
            Self::WrongService { expected } => (
                "InvalidSignatureException",
                "SignatureDoesNotMatch",
                format!("Credential should be scoped to correct service: '{expected}'. "),
            ),
            Self::ExpiredToken => (
                "ExpiredTokenException",
                "ExpiredToken",
                "The security token included in the request is expired".to_owned(),
            ),
        };
        // Recorded from both kinds of service; the other texts are the same.
        let message = match self {
            Self::Missing if !json => "Request is missing Authentication Token".to_owned(),
            _ => message,
        };
        let incomplete = matches!(self, Self::Incomplete { .. });
        if json {
            AuthAnswer { code: json_code, status: 400, message }
        } else {
            AuthAnswer { code: other_code, status: if incomplete { 400 } else { 403 }, message }
        }
    }
}

/// A client's text as far as a message may carry it: cut, without control characters.
pub(super) fn shown(text: &str) -> String {
    const CHARACTERS_MAX: usize = 64;
    let mut shown = String::new();
    for character in text.chars().take(CHARACTERS_MAX) {
        if character.is_control() {
            write!(shown, "{}", character.escape_default()).expect("writing to a String cannot fail");
        } else {
            shown.push(character);
        }
    }
    shown
}

//! Policy documents as callers give them and as answers show them.

use crate::error::{IamError, PolicyFault};
use keywright_policy::{Document, Kind};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 3986 leaves unescaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Characters of a managed policy, white space aside (IAM User Guide, "IAM and AWS STS quotas").
pub(crate) const MANAGED_MAX: usize = 6_144;

/// The document as IAM's answers carry it: percent-encoded (IAM API Reference, GetPolicyVersion).
#[must_use]
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// Checks a policy of an identity, or a managed one.
///
/// # Errors
/// MalformedPolicyDocument.
pub(crate) fn check_identity(text: &str) -> Result<Document, IamError> {
    Ok(Document::parse(text, Kind::Identity)?)
}

/// The characters that count against IAM's quotas: all but white space (IAM User Guide, "IAM and AWS STS quotas").
#[must_use]
pub(crate) fn counted(text: &str) -> usize {
    text.chars().filter(|character| !character.is_whitespace()).count()
}

/// # Errors
/// LimitExceeded, with AWS's text.
pub(crate) fn check_size(text: &str, most: usize) -> Result<(), IamError> {
    if counted(text) > most {
        return Err(IamError::LimitExceeded {
            message: format!("Cannot exceed quota for PolicySize: {most}"),
        });
    }
    Ok(())
}

/// A rule of policies that the language's parser does not know.
pub(crate) fn rule(text: &'static str) -> IamError {
    IamError::MalformedPolicy(PolicyFault::Rule(text.into()))
}

//! A secret's value: text or bytes.

use crate::error::SecretsError;
use keywright_types::{SecretBytes, SecretText};

/// AWS's limit of a value, in bytes.
const VALUE_BYTES_MAX: usize = 65_536;

/// What a caller stores.
pub enum SecretValue {
    Text(SecretText),
    Binary(SecretBytes),
}

impl SecretValue {
    /// The one of the two members that is given; none if neither is.
    ///
    /// # Errors
    /// InvalidParameterException for both, or for one that is too long.
    pub fn parse(text: Option<SecretText>, bytes: Option<SecretBytes>) -> Result<Option<Self>, SecretsError> {
        let value = match (text, bytes) {
            (Some(_), Some(_)) => {
                return Err(SecretsError::parameter(
                    "You can't specify both a binary secret value and a string secret value in the same secret.",
                ));
            }
            (Some(text), None) => Self::Text(text),
            (None, Some(bytes)) => Self::Binary(bytes),
            (None, None) => return Ok(None),
        };
        if value.expose().len() > VALUE_BYTES_MAX {
            return Err(SecretsError::parameter(format!(
                "The secret value is longer than {VALUE_BYTES_MAX} bytes."
            )));
        }
        Ok(Some(value))
    }

    /// # Errors
    /// [`SecretsError::Internal`] if text does not open as text.
    pub(crate) fn opened(bytes: SecretBytes, is_binary: bool) -> Result<Self, std::str::Utf8Error> {
        if is_binary {
            return Ok(Self::Binary(bytes));
        }
        let text = std::str::from_utf8(bytes.expose())?.to_owned();
        Ok(Self::Text(SecretText::new(text)))
    }

    pub(crate) fn expose(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.expose().as_bytes(),
            Self::Binary(bytes) => bytes.expose(),
        }
    }

    #[must_use]
    pub(crate) const fn is_binary(&self) -> bool {
        matches!(self, Self::Binary(_))
    }

    /// As the API's two members.
    pub(crate) fn into_members(self) -> (Option<SecretText>, Option<SecretBytes>) {
        match self {
            Self::Text(text) => (Some(text), None),
            Self::Binary(bytes) => (None, Some(bytes)),
        }
    }
}

impl PartialEq for SecretValue {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(two)) => one == two,
            (Self::Binary(one), Self::Binary(two)) => one == two,
            (Self::Text(_), Self::Binary(_)) | (Self::Binary(_), Self::Text(_)) => false,
        }
    }
}

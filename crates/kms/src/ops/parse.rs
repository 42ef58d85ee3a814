//! What many operations read from their input in the same way.

use crate::error::{KmsError, NotFound};
use crate::service::Kms;
use keywright_types::{KeyRef, MaterialId, Region};

/// A key by any of its four names: what cryptographic operations and DescribeKey take.
///
/// # Errors
/// NotFoundException, as AWS answers text that is no key.
pub(crate) fn key(text: &str, service: &Kms) -> Result<KeyRef, KmsError> {
    Ok(KeyRef::parse(text, &service.regions)?)
}

/// A key by id or ARN: what management operations take.
///
/// # Errors
/// NotFoundException for anything else, aliases among it.
pub(crate) fn key_without_alias(text: &str, service: &Kms) -> Result<KeyRef, KmsError> {
    match KeyRef::parse(text, &service.regions)? {
        key_ref @ (KeyRef::Id(_) | KeyRef::Arn(_)) => Ok(key_ref),
        KeyRef::Alias(_) | KeyRef::AliasArn(_) => {
            Err(KmsError::NotFound(NotFound::AliasNotTaken(text.to_owned())))
        }
    }
}

/// A Region that this server knows.
///
/// # Errors
/// ValidationException for another one, and how the operator adds it.
pub(crate) fn region(text: &str, service: &Kms) -> Result<Region, KmsError> {
    service.regions.find(text).ok_or_else(|| {
        KmsError::validation(format!(
            "The Region {text} is not known to this server; its operator can add it to the setting `regions`."
        ))
    })
}

/// The id of a key material, whose form the model has checked.
///
/// # Errors
/// ValidationException for anything else.
pub(crate) fn material(text: Option<&str>) -> Result<Option<MaterialId>, KmsError> {
    let parse = |text| MaterialId::parse(text).map_err(|_| KmsError::validation("Invalid key material ID"));
    text.map(parse).transpose()
}

/// A key's description: any text but one with a NUL, which no PostgreSQL can keep and AWS's own consoles cannot show.
///
/// # Errors
/// ValidationException.
pub(crate) fn description(text: String) -> Result<String, KmsError> {
    if text.contains('\0') {
        return Err(KmsError::validation("Description contains a character that cannot be stored: U+0000"));
    }
    Ok(text)
}

/// `Recipient` asks for an answer only an attested enclave can read. It must never be ignored: that
/// would answer in clear.
///
/// # Errors
/// UnsupportedOperationException when it is given.
pub(crate) fn no_recipient<T>(recipient: Option<T>) -> Result<(), KmsError> {
    match recipient {
        None => Ok(()),
        Some(_) => Err(KmsError::unsupported("Recipient attestation is not supported.")),
    }
}

/// The page length of a list: what was asked for, or the operation's default. The model bounds it to
/// 1000; some operations have a lower ceiling of their own.
///
/// # Errors
/// ValidationException above the ceiling.
pub(crate) fn limit(asked: Option<i32>, default: usize, ceiling: usize) -> Result<usize, KmsError> {
    let Some(asked) = asked else { return Ok(default) };
    let limit = usize::try_from(asked).unwrap_or(usize::MAX);
    if limit > ceiling {
        return Err(KmsError::validation(format!(
            "1 validation error detected: Value '{asked}' at 'limit' failed to satisfy constraint: \
             Member must have value less than or equal to {ceiling}"
        )));
    }
    Ok(limit)
}

/// The blob of Decrypt or ReEncrypt. `DryRunModifiers: [IGNORE_CIPHERTEXT]` makes it optional, and then
/// the key must be named: a pure test of permission.
///
/// # Errors
/// ValidationException when what is needed is missing, or the modifier comes without a dry run.
pub(crate) fn ciphertext(
    blob: Option<Vec<u8>>,
    dry_run: bool,
    ignore_ciphertext: bool,
    key_named: bool,
) -> Result<Option<Vec<u8>>, KmsError> {
    if ignore_ciphertext {
        if !dry_run {
            return Err(KmsError::validation("DryRunModifiers can only be used when DryRun is true."));
        }
        if !key_named {
            return Err(KmsError::validation("A key is required with the modifier IGNORE_CIPHERTEXT."));
        }
        return Ok(None);
    }
    match blob {
        Some(blob) => Ok(Some(blob)),
        None => Err(KmsError::validation(
            "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: \
             Member must not be null",
        )),
    }
}

//! What the symmetric cryptographic operations share: the context and the message.

use crate::error::KmsError;
use crate::key::Key;
use crate::key_spec::KeySpec;
use crate::material::Material;
use crate::service::Kms;
use keywright_auth::Env;
use keywright_crypto::ContextTooLong;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The encryption context: authenticated pairs given by the caller, in order of their keys' bytes.
pub(crate) type EncryptionContext = BTreeMap<String, String>;

/// Data keys are made under symmetric encryption keys alone.
///
/// # Errors
/// InvalidKeyUsageException, with AWS's text.
pub(crate) fn check_symmetric(key: &Arc<Key>, operation: &'static str) -> Result<(), KmsError> {
    match key.spec {
        KeySpec::SymmetricDefault => Ok(()),
        KeySpec::Mac(_) | KeySpec::Pair(_) => {
            Err(KmsError::WrongUsage { key: Arc::clone(&key.arn_text), usage: key.usage.as_str(), operation })
        }
    }
}

/// Encrypts under a backing key.
///
/// # Errors
/// ValidationException for a context longer than what is authenticated.
pub(crate) fn encrypt(
    key: &Key,
    material: &Material,
    context: &EncryptionContext,
    plaintext: &[u8],
    env: &Env<'_, Kms>,
) -> Result<Vec<u8>, KmsError> {
    let pairs = context.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    keywright_crypto::encrypt(material.symmetric()?, key.arn.key_id, material.id, pairs, plaintext, env.rng)
        .map_err(|fault: ContextTooLong| KmsError::validation(fault.to_string()))
}

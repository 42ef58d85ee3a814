//! What the symmetric cryptographic operations share: the context, the checks on the key, the message.

use crate::error::KmsError;
use crate::key::Key;
use crate::key_state::KeyUse;
use crate::material::Material;
use crate::service::{Kms, Resolved};
use keywright_auth::{Env, ServiceError as _, View};
use keywright_aws::kms::EncryptionAlgorithmSpec;
use keywright_crypto::ContextTooLong;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The encryption context: authenticated pairs given by the caller, in order of their keys' bytes.
pub(crate) type EncryptionContext = BTreeMap<String, String>;

/// A key to encrypt under, with its current backing key.
pub struct Encryptor {
    pub(crate) resolved: Resolved,
    pub(crate) current: Option<Arc<Material>>,
}

impl Encryptor {
    /// Reads the current backing key of a resolved key; a key that may not be used needs none.
    pub(crate) async fn find(view: View<'_, Kms>, resolved: Resolved) -> Result<Self, KmsError> {
        let current = match &resolved {
            Resolved::Key(key) => view
                .service
                .find_material(view, key, key.current_material.tag())
                .await
                .map_err(KmsError::from_store)?,
            Resolved::NoKey(_) | Resolved::NoAlias(_) => None,
        };
        Ok(Self { resolved, current })
    }

    /// The key and its current backing key, once the key may be used.
    ///
    /// # Errors
    /// NotFoundException, the state's error, or an internal one if the store lost the backing key.
    pub(crate) fn usable(&self) -> Result<(&Arc<Key>, &Arc<Material>), KmsError> {
        let key = self.resolved.get()?;
        usable(key)?;
        let material = self.current.as_ref().ok_or_else(|| missing_material(key))?;
        Ok((key, material))
    }
}

/// # Errors
/// The error that AWS answers for a cryptographic use in the key's state.
pub(crate) fn usable(key: &Arc<Key>) -> Result<(), KmsError> {
    key.state.allows(KeyUse::Cryptographic).map_err(|fault| KmsError::state(&key.arn_text, fault))
}

/// A key whose current backing key is not in the store: an integrity fault of ours.
pub(crate) fn missing_material(key: &Key) -> KmsError {
    KmsError::internal(keywright_auth::Cause::new(format!(
        "backing key {} of {} is missing from the store",
        key.current_material, key.arn_text
    )))
}

/// Only SYMMETRIC_DEFAULT goes with a symmetric key.
///
/// # Errors
/// InvalidKeyUsageException's text is AWS's.
pub(crate) fn check_algorithm(key: &Key, algorithm: Option<EncryptionAlgorithmSpec>) -> Result<(), KmsError> {
    match algorithm {
        None | Some(EncryptionAlgorithmSpec::SymmetricDefault) => Ok(()),
        Some(other) => Err(KmsError::WrongAlgorithm { algorithm: other.as_str(), spec: key.spec.as_str() }),
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
    keywright_crypto::encrypt(&material.key, key.arn.key_id, material.id, pairs, plaintext, env.rng)
        .map_err(|fault: ContextTooLong| KmsError::validation(fault.to_string()))
}

//! By what a key encrypts: under its symmetric backing key, or with the public half of an RSA key.

use super::key_in_use;
use super::symmetric::{self, EncryptionContext};
use crate::error::KmsError;
use crate::key::Key;
use crate::key_spec::{KeySpec, KeyUsage};
use crate::material::Material;
use crate::service::Kms;
use keywright_auth::{Cause, Env, ServiceError as _};
use keywright_aws::kms::EncryptionAlgorithmSpec;
use keywright_crypto::{EncryptionAlgorithm, OaepError};
use std::sync::Arc;

/// The way of a key and a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cipher {
    Symmetric,
    Oaep(EncryptionAlgorithm),
}

impl Cipher {
    /// # Errors
    /// InvalidKeyUsageException for a key that does not encrypt or not by that algorithm; ValidationException for an
    /// encryption context where nothing can be authenticated.
    pub(crate) fn of(
        key: &Arc<Key>,
        algorithm: Option<EncryptionAlgorithmSpec>,
        context: &EncryptionContext,
        operation: &'static str,
    ) -> Result<Self, KmsError> {
        key_in_use::check_usage(key, KeyUsage::EncryptDecrypt, operation)?;
        let algorithm = algorithm.unwrap_or(EncryptionAlgorithmSpec::SymmetricDefault);
        let cipher = match key.spec {
            KeySpec::SymmetricDefault if algorithm == EncryptionAlgorithmSpec::SymmetricDefault => {
                return Ok(Self::Symmetric);
            }
            KeySpec::SymmetricDefault | KeySpec::Mac(_) => None,
            KeySpec::Pair(spec) => EncryptionAlgorithm::from_name(algorithm.as_str())
                .filter(|wanted| spec.encryption_algorithms().contains(wanted)),
        };
        let Some(cipher) = cipher else {
            return Err(KmsError::WrongAlgorithm { algorithm: algorithm.as_str(), spec: key.spec.as_str() });
        };
        if context.is_empty() {
            return Ok(Self::Oaep(cipher));
        }
        Err(KmsError::validation(format!(
            "EncryptionContext is not supported for the encryption algorithm {}.",
            algorithm.as_str()
        )))
    }

    pub(crate) fn name(self) -> Option<EncryptionAlgorithmSpec> {
        match self {
            Self::Symmetric => Some(EncryptionAlgorithmSpec::SymmetricDefault),
            Self::Oaep(algorithm) => EncryptionAlgorithmSpec::parse(algorithm.name()),
        }
    }

    /// # Errors
    /// ValidationException, with AWS's text, for a plaintext that the key cannot take.
    pub(crate) fn check_size(self, key: &Key, plaintext: &[u8]) -> Result<(), KmsError> {
        let (Self::Oaep(algorithm), KeySpec::Pair(spec)) = (self, key.spec) else { return Ok(()) };
        match spec.plaintext_bytes_max(algorithm) {
            Some(bytes_max) if plaintext.len() > bytes_max => Err(KmsError::validation(format!(
                "Algorithm {} and key spec {} cannot encrypt data larger than {bytes_max} bytes.",
                algorithm.name(),
                spec.name()
            ))),
            Some(_) | None => Ok(()),
        }
    }

    /// # Errors
    /// As [`Cipher::check_size`], and ValidationException for a context longer than what is authenticated.
    pub(crate) fn encrypt(
        self,
        key: &Key,
        material: &Material,
        context: &EncryptionContext,
        plaintext: &[u8],
        env: &Env<'_, Kms>,
    ) -> Result<Vec<u8>, KmsError> {
        match self {
            Self::Symmetric => symmetric::encrypt(key, material, context, plaintext, env),
            Self::Oaep(algorithm) => {
                self.check_size(key, plaintext)?;
                let encrypted = material.pair()?.public_key().encrypt(algorithm, plaintext);
                encrypted.map_err(|fault| KmsError::internal(Cause::new(fault)))
            }
        }
    }
}

/// A blob that does not open says nothing more, whatever the fault was.
pub(crate) fn opening(fault: OaepError) -> KmsError {
    match fault {
        OaepError::DoesNotOpen => KmsError::InvalidCiphertext,
        OaepError::UnsupportedAlgorithm | OaepError::PlaintextTooLong { .. } => {
            KmsError::internal(Cause::new(fault))
        }
    }
}

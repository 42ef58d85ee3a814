//! Import tokens: what GetParametersForImport gives out beside a public key and ImportKeyMaterial wants back.
//!
//! The token holds the private half of the wrapping key, sealed for one KMS key; the store holds nothing, so that
//! whoever may ask for parameters cannot fill it. It can be used again until its end, as on AWS: the same material then
//! comes to the same.

use crate::error::KmsError;
use crate::service::Kms;
use keywright_auth::Env;
use keywright_crypto::{ImportWrappingKey, KeyMaterial, KeyPairSpec, WrappingAlgorithm};
use keywright_types::{KeyArn, SecretBytes, Timestamp};
use std::time::Duration;
use zeroize::Zeroizing;

const PURPOSE: &str = "kms-import";
/// AWS's validity.
const VALID_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// Layout: version (1) ‖ algorithm (1) ‖ spec (1) ‖ end of validity in milliseconds (8, big-endian) ‖ private key.
const VERSION: u8 = 1;
const HEADER_LEN: usize = 11;

/// A token, opened.
pub(crate) struct ImportToken {
    algorithm: WrappingAlgorithm,
    wrapping_key: ImportWrappingKey,
}

/// A new token, and until when it is good.
pub(crate) struct NewImportToken {
    pub(crate) token: Vec<u8>,
    pub(crate) public_key: Vec<u8>,
    pub(crate) valid_to: Timestamp,
}

/// Seals `wrapping_key` for an import into `key`.
pub(crate) fn seal(
    key: &KeyArn,
    algorithm: WrappingAlgorithm,
    wrapping_key: &ImportWrappingKey,
    env: &Env<'_, Kms>,
) -> NewImportToken {
    let valid_to = env.now.plus(VALID_FOR);
    let private = wrapping_key.material();
    let mut value = Zeroizing::new(Vec::with_capacity(HEADER_LEN + private.expose().len()));
    value.extend_from_slice(&[VERSION, number_of(algorithm), number_of_spec(wrapping_key.spec())]);
    value.extend_from_slice(&valid_to.as_millis().to_be_bytes());
    value.extend_from_slice(private.expose());
    NewImportToken {
        token: env.keyring.seal_token(PURPOSE, &key.to_string(), &value, env.rng),
        public_key: wrapping_key.public_key_spki(),
        valid_to,
    }
}

impl ImportToken {
    /// # Errors
    /// InvalidImportTokenException for anything that was not given out for `key`, ExpiredImportTokenException.
    pub(crate) fn open(key: &KeyArn, token: &[u8], env: &Env<'_, Kms>) -> Result<Self, KmsError> {
        let invalid = || KmsError::InvalidImportToken;
        let value = env.keyring.open_token(PURPOSE, &key.to_string(), token).map_err(|_| invalid())?;
        let (header, private) = value.expose().split_at_checked(HEADER_LEN).ok_or_else(invalid)?;
        let [VERSION, algorithm, spec, valid_to @ ..] = header else { return Err(invalid()) };
        let valid_to = i64::from_be_bytes(valid_to.try_into().map_err(|_| invalid())?);
        let algorithm = WrappingAlgorithm::ALL.into_iter().find(|one| number_of(*one) == *algorithm);
        let spec = ImportWrappingKey::SPECS.into_iter().find(|one| number_of_spec(*one) == *spec);
        let (Some(algorithm), Some(spec)) = (algorithm, spec) else { return Err(invalid()) };
        if Timestamp::from_millis(valid_to) <= env.now {
            return Err(KmsError::ExpiredImportToken);
        }
        let private = KeyMaterial::from_secret(SecretBytes::new(private.to_vec()));
        let wrapping_key = ImportWrappingKey::from_material(spec, &private).map_err(|_| invalid())?;
        Ok(Self { algorithm, wrapping_key })
    }

    /// # Errors
    /// InvalidCiphertextException, the same for every fault.
    pub(crate) fn unwrap(&self, wrapped: &[u8]) -> Result<SecretBytes, KmsError> {
        self.wrapping_key.unwrap(self.algorithm, wrapped).map_err(|_| KmsError::InvalidCiphertext)
    }
}

const fn number_of(algorithm: WrappingAlgorithm) -> u8 {
    match algorithm {
        WrappingAlgorithm::RsaesOaepSha1 => 1,
        WrappingAlgorithm::RsaesOaepSha256 => 2,
        WrappingAlgorithm::RsaAesKeyWrapSha1 => 3,
        WrappingAlgorithm::RsaAesKeyWrapSha256 => 4,
    }
}

/// 0 for what is no wrapping key's.
fn number_of_spec(spec: KeyPairSpec) -> u8 {
    match spec {
        KeyPairSpec::Rsa2048 => 1,
        KeyPairSpec::Rsa3072 => 2,
        KeyPairSpec::Rsa4096 => 3,
        _ => 0,
    }
}

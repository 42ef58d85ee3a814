//! What Sign and Verify are given: a message, its digest, or ML-DSA's µ, and the algorithm.

use crate::error::KmsError;
use crate::key::Key;
use crate::key_spec::KeySpec;
use keywright_auth::{Cause, ServiceError as _};
use keywright_aws::kms::{MessageType, SigningAlgorithmSpec};
use keywright_crypto::{DecapsulationError, SignatureError, SigningAlgorithm, Unsupported};
use keywright_types::SecretBytes;
use std::sync::Arc;

/// A message to sign or verify. Its bytes may be a secret, and are shared with the thread that does the work.
#[derive(Clone)]
pub(crate) struct SignedMessage {
    bytes: Arc<SecretBytes>,
    pub(crate) message_type: MessageType,
    pub(crate) algorithm: SigningAlgorithmSpec,
}

impl SignedMessage {
    pub(crate) fn new(
        message: SecretBytes,
        message_type: Option<MessageType>,
        algorithm: SigningAlgorithmSpec,
    ) -> Self {
        let message_type = message_type.unwrap_or(MessageType::Raw);
        Self { bytes: Arc::new(message), message_type, algorithm }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.expose()
    }

    pub(crate) fn form(&self) -> keywright_crypto::MessageType {
        match self.message_type {
            MessageType::Raw => keywright_crypto::MessageType::Raw,
            MessageType::Digest => keywright_crypto::MessageType::Digest,
            MessageType::ExternalMu => keywright_crypto::MessageType::ExternalMu,
        }
    }

    /// The algorithm, if the key has it and it takes this type of message.
    ///
    /// # Errors
    /// InvalidKeyUsageException for another spec's algorithm, ValidationException for another type of message.
    pub(crate) fn check_algorithm(&self, key: &Key) -> Result<SigningAlgorithm, KmsError> {
        let wanted = SigningAlgorithm::from_name(self.algorithm.as_str());
        let known = match key.spec {
            KeySpec::Pair(spec) => wanted.filter(|wanted| spec.signing_algorithms().contains(wanted)),
            KeySpec::SymmetricDefault | KeySpec::Mac(_) => None,
        };
        let Some(algorithm) = known else {
            return Err(KmsError::WrongAlgorithm {
                algorithm: self.algorithm.as_str(),
                spec: key.spec.as_str(),
            });
        };
        if !algorithm.message_types().contains(&self.form()) {
            return Err(KmsError::validation(format!(
                "Algorithm {} is incompatible with message type {}.",
                self.algorithm.as_str(),
                self.message_type.as_str()
            )));
        }
        Ok(algorithm)
    }

    /// # Errors
    /// ValidationException, with AWS's text, for a digest that is none of the algorithm's.
    pub(crate) fn check_length(&self) -> Result<(), KmsError> {
        let Some(algorithm) = SigningAlgorithm::from_name(self.algorithm.as_str()) else { return Ok(()) };
        let fits = match self.message_type {
            MessageType::Raw => true,
            MessageType::Digest | MessageType::ExternalMu => self.bytes().len() == algorithm.digest_len(),
        };
        if fits {
            return Ok(());
        }
        Err(KmsError::validation(format!(
            "Digest is invalid length for algorithm {}.",
            self.algorithm.as_str()
        )))
    }
}

impl KmsError {
    /// What was checked before fails only by a fault of ours, or of the library's.
    pub(crate) fn signing(fault: SignatureError) -> Self {
        Self::internal(Cause::new(fault))
    }

    pub(crate) fn encapsulation(fault: Unsupported) -> Self {
        Self::internal(Cause::new(fault))
    }

    pub(crate) fn decapsulation(fault: DecapsulationError) -> Self {
        match fault {
            DecapsulationError::Length { .. } => Self::InvalidCiphertext,
            DecapsulationError::Unsupported => Self::internal(Cause::new(fault)),
        }
    }
}

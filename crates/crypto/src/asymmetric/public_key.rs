//! A public key: what anyone may do.

use super::error::{InvalidPublicKey, OaepError, SignatureError, Unsupported};
use super::rsa::RsaPublic;
use super::spec::{EncryptionAlgorithm, Family, KeyPairSpec, MessageType, RsaSize, SigningAlgorithm};
use super::{ec, ed25519, ml_dsa, ml_kem, rsa, spki};
use aws_lc_rs::kem::{AlgorithmId, EncapsulationKey};
use aws_lc_rs::signature::ParsedPublicKey;
use keywright_types::SecretBytes;
use std::sync::OnceLock;

/// A public key that was found valid.
pub struct PublicKey {
    spec: KeyPairSpec,
    /// RSAPublicKey, point, or the algorithm's own bytes: what the BIT STRING holds.
    bytes: Vec<u8>,
    ready: Ready,
}

/// The library's forms of it, made when they are first wanted.
enum Ready {
    Rsa(Box<RsaPublic>),
    Verifying(OnceLock<ParsedPublicKey>),
    Encapsulating(OnceLock<EncapsulationKey<AlgorithmId>>),
}

impl PublicKey {
    /// Reads a DER-encoded SubjectPublicKeyInfo; the spec is what it says it is.
    ///
    /// # Errors
    /// [`InvalidPublicKey`]: not DER, another kind of key, a point that is not on its curve, an RSA modulus of another
    /// size or an unsound exponent.
    pub fn from_spki(der: &[u8]) -> Result<Self, InvalidPublicKey> {
        let (algorithm, bytes) = spki::read(der)?;
        let spec = KeyPairSpec::ALL
            .into_iter()
            .find(|spec| spec.algorithm_identifier() == algorithm)
            .ok_or(InvalidPublicKey)?;
        let (spec, ready) = match spec.family() {
            Family::Rsa(_) => {
                let spec = match rsa::judge_public(bytes)? {
                    RsaSize::Bits2048 => KeyPairSpec::Rsa2048,
                    RsaSize::Bits3072 => KeyPairSpec::Rsa3072,
                    RsaSize::Bits4096 => KeyPairSpec::Rsa4096,
                };
                (spec, Ready::Rsa(Box::default()))
            }
            Family::Ec(curve) => (spec, verifying(ec::parse_public(curve, bytes))?),
            Family::Ed25519 => (spec, verifying(ed25519::parse_public(bytes))?),
            Family::MlDsa(set) => (spec, verifying(ml_dsa::parse_public(set, bytes))?),
            Family::MlKem(set) => {
                let key = ml_kem::parse_public(set, bytes).ok_or(InvalidPublicKey)?;
                (spec, Ready::Encapsulating(OnceLock::from(key)))
            }
        };
        Ok(Self { spec, bytes: bytes.to_vec(), ready })
    }

    /// The public half of a private key.
    pub(super) fn own(spec: KeyPairSpec, bytes: Vec<u8>) -> Self {
        let ready = match spec.family() {
            Family::Rsa(_) => Ready::Rsa(Box::default()),
            Family::Ec(_) | Family::Ed25519 | Family::MlDsa(_) => Ready::Verifying(OnceLock::new()),
            Family::MlKem(_) => Ready::Encapsulating(OnceLock::new()),
        };
        Self { spec, bytes, ready }
    }

    #[must_use]
    pub const fn spec(&self) -> KeyPairSpec {
        self.spec
    }

    /// As a DER-encoded SubjectPublicKeyInfo.
    #[must_use]
    pub fn spki(&self) -> Vec<u8> {
        spki::write(self.spec.algorithm_identifier(), &self.bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether `signature` is this key's over `message`.
    ///
    /// # Errors
    /// Those of [`check_message`]; a signature that is none is `false`.
    pub fn verify(
        &self,
        algorithm: SigningAlgorithm,
        kind: MessageType,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, SignatureError> {
        check_message(self.spec, algorithm, kind, message)?;
        let digest = (kind == MessageType::Digest).then_some(message);
        Ok(match (&self.ready, self.spec.family()) {
            (Ready::Rsa(keys), _) => rsa::scheme(algorithm)
                .is_some_and(|scheme| keys.verify(&self.bytes, &scheme, digest, message, signature)),
            (Ready::Verifying(key), family) => {
                let key = || {
                    key.get_or_init(|| {
                        match family {
                            Family::Ec(curve) => ec::parse_public(curve, &self.bytes),
                            Family::Ed25519 => ed25519::parse_public(&self.bytes),
                            Family::MlDsa(set) => ml_dsa::parse_public(set, &self.bytes),
                            Family::Rsa(_) | Family::MlKem(_) => None,
                        }
                        .expect("a key pair's public key is valid")
                    })
                };
                match (family, kind) {
                    (Family::Ec(curve), _) => ec::verify(curve, key(), digest, message, signature),
                    (Family::Ed25519, MessageType::Digest) => {
                        ed25519::verify_prehashed(&self.bytes, message, signature)
                    }
                    (Family::Ed25519, _) => ed25519::verify(key(), message, signature),
                    (Family::MlDsa(set), MessageType::ExternalMu) => {
                        message.try_into().is_ok_and(|mu| ml_dsa::verify_mu(set, &self.bytes, mu, signature))
                    }
                    (Family::MlDsa(_), _) => ml_dsa::verify(key(), message, signature),
                    (Family::Rsa(_) | Family::MlKem(_), _) => false,
                }
            }
            (Ready::Encapsulating(_), _) => false,
        })
    }

    /// # Errors
    /// Unsupported, or a plaintext longer than [`KeyPairSpec::plaintext_bytes_max`].
    pub fn encrypt(&self, algorithm: EncryptionAlgorithm, plaintext: &[u8]) -> Result<Vec<u8>, OaepError> {
        match &self.ready {
            Ready::Rsa(keys) => keys.encrypt(|| self.spki(), algorithm, plaintext),
            Ready::Verifying(_) | Ready::Encapsulating(_) => Err(OaepError::UnsupportedAlgorithm),
        }
    }

    /// A new secret of 32 bytes, and the ciphertext from which the private key finds it again.
    ///
    /// # Errors
    /// Unsupported by the spec.
    pub fn encapsulate(&self) -> Result<(SecretBytes, Vec<u8>), Unsupported> {
        let (Ready::Encapsulating(key), Family::MlKem(set)) = (&self.ready, self.spec.family()) else {
            return Err(Unsupported);
        };
        let key = key.get_or_init(|| {
            ml_kem::parse_public(set, &self.bytes).expect("a key pair's public key is valid")
        });
        Ok(ml_kem::encapsulate(key))
    }
}

fn verifying(key: Option<ParsedPublicKey>) -> Result<Ready, InvalidPublicKey> {
    key.map(|key| Ready::Verifying(OnceLock::from(key))).ok_or(InvalidPublicKey)
}

/// What every signature and verification asks first.
///
/// # Errors
/// The algorithm is not the spec's, the type of message is not the algorithm's, or a digest has another length.
pub(super) fn check_message(
    spec: KeyPairSpec,
    algorithm: SigningAlgorithm,
    kind: MessageType,
    message: &[u8],
) -> Result<(), SignatureError> {
    if !spec.signing_algorithms().contains(&algorithm) {
        return Err(SignatureError::UnsupportedAlgorithm);
    }
    if !algorithm.message_types().contains(&kind) {
        return Err(SignatureError::UnsupportedMessageType);
    }
    let wanted = algorithm.digest_len();
    match kind {
        MessageType::Raw => Ok(()),
        MessageType::Digest | MessageType::ExternalMu if message.len() == wanted => Ok(()),
        MessageType::Digest | MessageType::ExternalMu => Err(SignatureError::DigestLength { wanted }),
    }
}

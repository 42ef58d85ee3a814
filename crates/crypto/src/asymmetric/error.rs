//! Why a key, a message or a ciphertext was not taken. None of it depends on secret bits, and none of it shows any.

/// Bytes that are no key of the wanted spec, or one that must not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeyMaterial {
    #[error("The key material is not a DER-encoded PKCS #8 private key.")]
    Encoding,
    #[error("The key material is a key of another kind, curve or size than the key spec.")]
    OtherSpec,
    #[error("The key material has a length that the key spec does not allow.")]
    Length,
    /// Its parts contradict each other: a public key that is not the private key's, factors that do not make the modulus.
    #[error("The parts of the key material do not belong together.")]
    Inconsistent,
    /// It is a key, and one that protects nothing or that others' software may refuse.
    #[error("The key material has weak parameters.")]
    Weak,
}

/// Not a public key that can be used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("The public key is not a DER-encoded SubjectPublicKeyInfo of a supported kind.")]
pub struct InvalidPublicKey;

/// The spec of the key does not do that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key spec does not support the operation")]
pub struct Unsupported;

/// Why nothing was signed or verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the key spec does not sign with this algorithm")]
    UnsupportedAlgorithm,
    #[error("the signing algorithm does not take this type of message")]
    UnsupportedMessageType,
    #[error("a digest or µ for this algorithm has {wanted} bytes")]
    DigestLength { wanted: usize },
    /// The library refused, which for RSA includes that a computation was found faulty. Nothing was given out.
    #[error("the signature could not be made")]
    Failed,
}

/// Why nothing was encrypted or decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OaepError {
    #[error("the key spec does not encrypt with this algorithm")]
    UnsupportedAlgorithm,
    #[error("a plaintext for this key and algorithm has at most {bytes_max} bytes")]
    PlaintextTooLong { bytes_max: usize },
    /// One such error, whichever check failed.
    #[error("the ciphertext does not open")]
    DoesNotOpen,
}

/// Why no secret was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AgreementError {
    #[error("the key spec does not agree on secrets")]
    Unsupported,
    /// Not a public key, one of another curve, or a point that is not on it.
    #[error("the peer's public key is not a valid one of the same curve")]
    InvalidPeer,
}

/// Why no secret was decapsulated. A ciphertext of the right length always gives one (FIPS 203, implicit rejection).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecapsulationError {
    #[error("the key spec does not encapsulate")]
    Unsupported,
    #[error("an encapsulated secret for this key has {wanted} bytes")]
    Length { wanted: usize },
}

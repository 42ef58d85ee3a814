//! Keys for message authentication codes: HMAC (RFC 2104, FIPS 198-1).
//!
//! Source: KMS Developer Guide, "HMAC keys in AWS KMS" and "Requirements for imported key material".

use crate::asymmetric::InvalidKeyMaterial;
use crate::material::KeyMaterial;
use aws_lc_rs::hmac;
use keywright_types::{Rng, SecretBytes};

/// Which hash, and how long a key, by the API's KeySpec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MacSpec {
    Hmac224,
    Hmac256,
    Hmac384,
    Hmac512,
}

/// 1,024 bits, however short the hash.
const IMPORTED_BYTES_MAX: usize = 128;

impl MacSpec {
    pub const ALL: [Self; 4] = [Self::Hmac224, Self::Hmac256, Self::Hmac384, Self::Hmac512];

    /// The API's KeySpec: `HMAC_256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hmac224 => "HMAC_224",
            Self::Hmac256 => "HMAC_256",
            Self::Hmac384 => "HMAC_384",
            Self::Hmac512 => "HMAC_512",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|spec| spec.name() == name)
    }

    /// The API's MacAlgorithmSpec, the only one that the spec takes: `HMAC_SHA_256`.
    #[must_use]
    pub const fn algorithm_name(self) -> &'static str {
        match self {
            Self::Hmac224 => "HMAC_SHA_224",
            Self::Hmac256 => "HMAC_SHA_256",
            Self::Hmac384 => "HMAC_SHA_384",
            Self::Hmac512 => "HMAC_SHA_512",
        }
    }

    /// The length of a new key and of a MAC, in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Hmac224 => 28,
            Self::Hmac256 => 32,
            Self::Hmac384 => 48,
            Self::Hmac512 => 64,
        }
    }

    /// Material of a new key.
    #[must_use]
    pub fn generate(self, rng: &dyn Rng) -> KeyMaterial {
        let mut bytes = vec![0; self.bytes()];
        rng.fill(&mut bytes);
        KeyMaterial::from_secret(SecretBytes::new(bytes))
    }

    /// Material that was made elsewhere: at least as long as the hash, and at most 1,024 bits.
    ///
    /// # Errors
    /// [`InvalidKeyMaterial::Length`].
    pub fn import(self, bytes: SecretBytes) -> Result<KeyMaterial, InvalidKeyMaterial> {
        if (self.bytes()..=IMPORTED_BYTES_MAX).contains(&bytes.len()) {
            Ok(KeyMaterial::from_secret(bytes))
        } else {
            Err(InvalidKeyMaterial::Length)
        }
    }

    const fn algorithm(self) -> hmac::Algorithm {
        match self {
            Self::Hmac224 => hmac::HMAC_SHA224,
            Self::Hmac256 => hmac::HMAC_SHA256,
            Self::Hmac384 => hmac::HMAC_SHA384,
            Self::Hmac512 => hmac::HMAC_SHA512,
        }
    }
}

/// An HMAC key, ready for use: what a cache holds.
pub struct HmacKey {
    spec: MacSpec,
    key: hmac::Key,
}

impl HmacKey {
    /// # Errors
    /// [`InvalidKeyMaterial::Length`]: it is not this spec's.
    pub fn from_material(spec: MacSpec, material: &KeyMaterial) -> Result<Self, InvalidKeyMaterial> {
        let bytes = material.expose();
        if !(spec.bytes()..=IMPORTED_BYTES_MAX).contains(&bytes.len()) {
            return Err(InvalidKeyMaterial::Length);
        }
        Ok(Self { spec, key: hmac::Key::new(spec.algorithm(), bytes) })
    }

    #[must_use]
    pub const fn spec(&self) -> MacSpec {
        self.spec
    }

    #[must_use]
    pub fn mac(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key, message).as_ref().to_vec()
    }

    /// Whether `mac` is the message's, whole; compared in constant time.
    #[must_use]
    pub fn verify(&self, message: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.key, message, mac).is_ok()
    }
}

//! Backing keys: the bytes, and their ready form.

use aws_lc_rs::hmac;
use keywright_types::{Rng, SecretBytes};

/// The bytes of a backing key; 32 for symmetric keys.
pub struct KeyMaterial(SecretBytes);

impl KeyMaterial {
    /// 32 random bytes.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut bytes = vec![0; 32];
        rng.fill(&mut bytes);
        Self(SecretBytes::new(bytes))
    }

    #[must_use]
    pub fn from_secret(bytes: SecretBytes) -> Self {
        Self(bytes)
    }

    /// The bytes themselves; see [`SecretBytes::expose`].
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

/// A backing key ready for messages: the keyed state of the derivation. What a cache holds; aws-lc wipes it
/// when it is freed.
pub struct MaterialKey(pub(crate) hmac::Key);

impl MaterialKey {
    #[must_use]
    pub fn new(material: &KeyMaterial) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, material.expose()))
    }
}

//! Backing keys: the bytes, and their ready form.

use aws_lc_rs::hmac;
use keywright_types::{Rng, SecretBytes};
use zeroize::Zeroizing;

/// The bytes of a backing key: 32 for symmetric keys, and for others what docs/ciphertext.md, section 7 says.
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

/// A backing key ready for messages: what a cache holds. The keyed state of the derivation would save two hash
/// blocks of each message and take twenty times the memory, so the bytes are kept, and wiped when they go.
pub struct MaterialKey(Zeroizing<Box<[u8]>>);

impl MaterialKey {
    #[must_use]
    pub fn new(material: &KeyMaterial) -> Self {
        Self(Zeroizing::new(material.expose().into()))
    }

    /// The pseudo-random function that messages' keys come from.
    pub(crate) fn prf(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0)
    }
}

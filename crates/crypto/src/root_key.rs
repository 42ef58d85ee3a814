//! The root key: what the seal protects, and the only thing that opens the rest.

use crate::binding::Binding;
use crate::{aead, kdf};
use aws_lc_rs::hmac;
use keywright_types::{Rng, SecretBytes, StoreId};
use zeroize::Zeroizing;

/// 32 random bytes at the top of the hierarchy.
pub struct RootKey(Zeroizing<[u8; 32]>);

impl RootKey {
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        Self(Zeroizing::new(rng.array()))
    }

    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key that wraps the keys of one store.
    fn wrapping_key(&self, store: StoreId) -> aws_lc_rs::aead::LessSafeKey {
        let mut bytes = Zeroizing::new([0; 32]);
        let prf = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice());
        kdf::derive(&prf, b"keywright/root/wrap/v1", &[store.as_bytes()], bytes.as_mut_slice());
        aead::key(&bytes)
    }

    pub(crate) fn wrap(
        &self,
        store: StoreId,
        purpose: &str,
        epoch: u32,
        key: &[u8],
        rng: &dyn Rng,
    ) -> Vec<u8> {
        aead::seal(&self.wrapping_key(store), binding(store, purpose, epoch).bytes(), key, rng)
    }

    pub(crate) fn unwrap(
        &self,
        store: StoreId,
        purpose: &str,
        epoch: u32,
        wrapped: &[u8],
    ) -> Result<SecretBytes, aead::NotAuthentic> {
        aead::open(&self.wrapping_key(store), binding(store, purpose, epoch).bytes(), wrapped)
    }
}

fn binding(store: StoreId, purpose: &str, epoch: u32) -> Binding {
    Binding::new("keywright/sealed-key/v1")
        .part(store.as_bytes())
        .part(purpose.as_bytes())
        .part(&epoch.to_be_bytes())
}

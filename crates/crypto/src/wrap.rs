//! Wrapping of backing keys under domain keys.

use crate::aead;
use crate::binding::Binding;
use crate::keyring::Keyring;
use crate::material::KeyMaterial;
use keywright_types::{AccountId, KeyId, MaterialId, Rng};

/// What a wrapped backing key is bound to: it opens as this one and no other.
pub struct WrapContext<'a> {
    pub account: &'a AccountId,
    /// The Region's name, or `mrk` for a multi-Region key.
    pub region: &'a str,
    pub key_id: KeyId,
    pub material_id: MaterialId,
    pub spec: &'a str,
}

/// A wrapped backing key.
pub struct Wrapped {
    /// Which domain key wrapped it.
    pub epoch: u32,
    pub bytes: Vec<u8>,
}

/// It does not open as what it is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the backing key does not open as what it is said to be")]
pub struct UnwrapError;

impl Keyring {
    #[must_use]
    pub fn wrap(&self, context: &WrapContext<'_>, material: &KeyMaterial, rng: &dyn Rng) -> Wrapped {
        let (epoch, key) = self.current_domain();
        let binding = self.binding(context, epoch);
        Wrapped { epoch, bytes: aead::seal(key, binding.bytes(), material.expose(), rng) }
    }

    /// # Errors
    /// [`UnwrapError`] for another context, another store, an unknown epoch or a changed byte.
    pub fn unwrap(&self, context: &WrapContext<'_>, wrapped: &Wrapped) -> Result<KeyMaterial, UnwrapError> {
        let key = self.domain.get(&wrapped.epoch).ok_or(UnwrapError)?;
        let binding = self.binding(context, wrapped.epoch);
        aead::open(key, binding.bytes(), &wrapped.bytes)
            .map(KeyMaterial::from_secret)
            .map_err(|aead::NotAuthentic| UnwrapError)
    }

    fn binding(&self, context: &WrapContext<'_>, epoch: u32) -> Binding {
        Binding::new("keywright/backing-key/v1")
            .part(self.store.as_bytes())
            .part(context.account.as_str().as_bytes())
            .part(context.region.as_bytes())
            .part(&[context.key_id.kind()])
            .part(context.key_id.as_bytes())
            .part(context.material_id.as_bytes())
            .part(context.spec.as_bytes())
            .part(&epoch.to_be_bytes())
    }
}

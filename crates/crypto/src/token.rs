//! Sealed tokens: session tokens that clients carry and bring back.
//!
//! Each token has a key of its own, derived from a domain key and a 256-bit salt. A domain key itself seals at most
//! 2^32 messages with random nonces, and whoever may ask for tokens could use that up in months; derived keys keep no
//! count.
//!
//! `epoch (4, big-endian) ‖ salt (32) ‖ ciphertext ‖ tag (16)`; AES-256-GCM, with key and nonce derived.

use crate::aead::{self, TAG_LEN};
use crate::binding::Binding;
use crate::kdf;
use crate::keyring::Keyring;
use crate::wrap::UnwrapError;
use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use aws_lc_rs::hmac;
use keywright_types::{Rng, SecretBytes};
use zeroize::{Zeroize as _, Zeroizing};

const LABEL: &[u8] = b"keywright/token/v1";
/// What of a domain key derives the tokens' keys.
const DOMAIN_LABEL: &[u8] = b"keywright/token-root/v1";
const EPOCH_LEN: usize = 4;
const SALT_LEN: usize = 32;
const HEADER_LEN: usize = EPOCH_LEN + SALT_LEN;

/// The key that derives the tokens' keys of one epoch. It is not the domain key's own bytes: a key has one purpose.
pub(crate) fn root(domain_key: &[u8; 32]) -> hmac::Key {
    let mut root = Zeroizing::new([0; 32]);
    kdf::derive(&hmac::Key::new(hmac::HMAC_SHA256, domain_key), DOMAIN_LABEL, &[], root.as_mut_slice());
    hmac::Key::new(hmac::HMAC_SHA256, root.as_slice())
}

impl Keyring {
    /// Seals `value` for whoever brings it back together with `bound_to`; `purpose` says what kind of token it is.
    #[must_use]
    pub fn seal_token(&self, purpose: &str, bound_to: &str, value: &[u8], rng: &dyn Rng) -> Vec<u8> {
        let (epoch, root) = self.token_roots.last_key_value().expect("a keyring has a domain key");
        let mut token = Vec::with_capacity(HEADER_LEN + value.len() + TAG_LEN);
        token.extend_from_slice(&epoch.to_be_bytes());
        token.extend_from_slice(&rng.array::<SALT_LEN>());
        let binding = self.token_binding(purpose, bound_to, &token);
        let (key, nonce) = token_key(root, &binding);
        token.extend_from_slice(value);
        let tag = aead::key(&key)
            .seal_in_place_separate_tag(nonce, Aad::from(binding.bytes()), &mut token[HEADER_LEN..])
            .expect("sealing fails only beyond 64 GiB");
        token.extend_from_slice(tag.as_ref());
        token
    }

    /// # Errors
    /// [`UnwrapError`] for anything that was not sealed so, for this purpose and bound to this.
    pub fn open_token(
        &self,
        purpose: &str,
        bound_to: &str,
        token: &[u8],
    ) -> Result<SecretBytes, UnwrapError> {
        let (header, sealed) = token.split_at_checked(HEADER_LEN).ok_or(UnwrapError)?;
        let epoch = header.first_chunk::<EPOCH_LEN>().ok_or(UnwrapError)?;
        let root = self.token_roots.get(&u32::from_be_bytes(*epoch)).ok_or(UnwrapError)?;
        let (ciphertext, tag) =
            sealed.split_at_checked(sealed.len().wrapping_sub(TAG_LEN)).ok_or(UnwrapError)?;
        let binding = self.token_binding(purpose, bound_to, header);
        let (key, nonce) = token_key(root, &binding);
        let mut value = vec![0; ciphertext.len()];
        let opened = aead::key(&key).open_separate_gather(
            nonce,
            Aad::from(binding.bytes()),
            ciphertext,
            tag,
            &mut value,
        );
        if opened.is_err() {
            value.zeroize();
            return Err(UnwrapError);
        }
        Ok(SecretBytes::new(value))
    }

    fn token_binding(&self, purpose: &str, bound_to: &str, header: &[u8]) -> Binding {
        Binding::new("keywright/token/v1")
            .part(self.store.as_bytes())
            .part(purpose.as_bytes())
            .part(bound_to.as_bytes())
            .part(header)
    }
}

/// The whole binding goes into the derivation: a token of another place has another key.
fn token_key(root: &hmac::Key, binding: &Binding) -> (Zeroizing<[u8; 32]>, Nonce) {
    let mut derived = Zeroizing::new([0; 32 + NONCE_LEN]);
    kdf::derive(root, LABEL, &[binding.bytes()], derived.as_mut_slice());
    let (mut key, mut nonce) = (Zeroizing::new([0; 32]), [0; NONCE_LEN]);
    key.copy_from_slice(&derived[..32]);
    nonce.copy_from_slice(&derived[32..]);
    (key, Nonce::assume_unique_for_key(nonce))
}

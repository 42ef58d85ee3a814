//! AES-256-GCM with random nonces: `nonce (12) ‖ ciphertext ‖ tag (16)`.
//!
//! A key seals at most 2^32 messages with random nonces (NIST SP 800-38D, 8.3). Domain keys and the root
//! key's subkeys wrap keys, one for each backing key or row, and stay far below that.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use keywright_types::{Rng, SecretBytes};

/// Whatever was wrong, the answer is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAuthentic;

pub(crate) const TAG_LEN: usize = 16;

/// The AES-256-GCM key of these bytes.
pub(crate) fn key(bytes: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes).expect("AES-256 takes 32 bytes"))
}

pub(crate) fn seal(key: &LessSafeKey, aad: &[u8], plaintext: &[u8], rng: &dyn Rng) -> Vec<u8> {
    let nonce: [u8; NONCE_LEN] = rng.array();
    let mut sealed = Vec::with_capacity(NONCE_LEN + plaintext.len() + TAG_LEN);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plaintext);
    let tag = key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut sealed[NONCE_LEN..],
        )
        .expect("sealing fails only beyond 64 GiB");
    sealed.extend_from_slice(tag.as_ref());
    sealed
}

pub(crate) fn open(key: &LessSafeKey, aad: &[u8], sealed: &[u8]) -> Result<SecretBytes, NotAuthentic> {
    let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(NotAuthentic)?;
    let nonce: [u8; NONCE_LEN] = nonce.try_into().map_err(|_| NotAuthentic)?;
    let length = body.len().checked_sub(TAG_LEN).ok_or(NotAuthentic)?;
    let (ciphertext, tag) = body.split_at(length);
    let mut plaintext = vec![0; length];
    match key.open_separate_gather(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(aad),
        ciphertext,
        tag,
        &mut plaintext,
    ) {
        Ok(()) => Ok(SecretBytes::new(plaintext)),
        Err(_) => {
            zeroize::Zeroize::zeroize(&mut plaintext);
            Err(NotAuthentic)
        }
    }
}

//! The symmetric ciphertext, version 1; docs/ciphertext.md has every byte.
//!
//! | offset | length | field |
//! |---|---|---|
//! | 0 | 3 | `KW` and the version, 1 |
//! | 3 | 1 | suite, 1 |
//! | 4 | 17 | kind of key id and key id |
//! | 21 | 16 | key material tag |
//! | 37 | 32 | salt |
//! | 69 | 32 | commitment |
//! | 101 | n | ciphertext |
//! | 101 + n | 16 | GCM tag |
//!
//! Each message has a key of its own, derived from the backing key and a 256-bit salt, so there is no count
//! of messages to keep. GCM does not commit to its key: the derived commitment does, and is compared first.

use crate::aead::{self, TAG_LEN};
use crate::kdf;
use crate::material::MaterialKey;
use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use aws_lc_rs::constant_time;
use keywright_types::{KeyId, MaterialId, Rng, SecretBytes};
use zeroize::{Zeroize as _, Zeroizing};

pub(crate) const MAGIC: [u8; 2] = *b"KW";
pub(crate) const VERSION: u8 = 1;
pub(crate) const SUITE: u8 = 1;
const LABEL: &[u8] = b"keywright/kms/sym/v1";
const TAG_AT: usize = 21;
const SALT_AT: usize = 37;
const COMMITMENT_AT: usize = 69;
/// Bytes before the ciphertext.
pub const HEADER_LEN: usize = 101;
/// Bytes that a ciphertext is longer than its plaintext.
pub const OVERHEAD: usize = HEADER_LEN + TAG_LEN;
/// Encryption key, IV, four spare bytes, commitment.
const DERIVED_LEN: usize = 80;
const IV_AT: usize = 32;
const DERIVED_COMMITMENT_AT: usize = 48;
/// The canonical form of an encryption context, in bytes, at most.
const CONTEXT_BYTES_MAX: usize = 8192;

/// An encryption context that is too long to be authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("The encryption context is too long: its keys and values may have 8192 bytes together.")]
pub struct ContextTooLong;

/// The blob does not open. There is one such error, whichever check failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ciphertext does not open")]
pub struct DecryptError;

/// What a blob says of itself before it is opened: which key, which backing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    key_id: KeyId,
    material_tag: [u8; 16],
}

impl Header {
    /// Reads the clear part of a blob; none if it is not one of ours or too short to be one.
    #[must_use]
    pub fn parse(blob: &[u8]) -> Option<Self> {
        if blob.len() < OVERHEAD || blob[..2] != MAGIC || blob[2] != VERSION || blob[3] != SUITE {
            return None;
        }
        let id: [u8; 16] = blob[5..TAG_AT].try_into().ok()?;
        Some(Self {
            key_id: KeyId::from_kind(blob[4], id)?,
            material_tag: blob[TAG_AT..SALT_AT].try_into().ok()?,
        })
    }

    /// The format's version.
    #[must_use]
    pub const fn version(&self) -> u8 {
        VERSION
    }

    /// Which algorithms the format was made with.
    #[must_use]
    pub const fn suite(&self) -> u8 {
        SUITE
    }

    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The first 16 bytes of the material id.
    #[must_use]
    pub const fn material_tag(&self) -> [u8; 16] {
        self.material_tag
    }
}

/// Encrypts under a backing key. `context` comes in order of its keys' bytes, each key once.
///
/// # Errors
/// [`ContextTooLong`].
pub fn encrypt<'a>(
    material: &MaterialKey,
    key_id: KeyId,
    material_id: MaterialId,
    context: impl Iterator<Item = (&'a str, &'a str)>,
    plaintext: &[u8],
    rng: &dyn Rng,
) -> Result<Vec<u8>, ContextTooLong> {
    let mut blob = Vec::with_capacity(OVERHEAD + plaintext.len());
    blob.extend_from_slice(&MAGIC);
    blob.push(VERSION);
    blob.push(SUITE);
    blob.push(key_id.kind());
    blob.extend_from_slice(key_id.as_bytes());
    blob.extend_from_slice(&material_id.tag());
    let salt: [u8; 32] = rng.array();
    blob.extend_from_slice(&salt);
    let derived = derive(material, key_id, material_id, &salt);
    blob.extend_from_slice(&derived[DERIVED_COMMITMENT_AT..]);
    let aad = additional_data(&blob, context)?;
    blob.extend_from_slice(plaintext);
    let (key, nonce) = message_key(&derived);
    let tag = aead::key(&key)
        .seal_in_place_separate_tag(nonce, Aad::from(aad.as_slice()), &mut blob[HEADER_LEN..])
        .expect("sealing fails only beyond 64 GiB");
    blob.extend_from_slice(tag.as_ref());
    Ok(blob)
}

/// Opens a blob with the backing key that its header names.
///
/// # Errors
/// [`DecryptError`] for another key, another context, or any changed byte.
pub fn decrypt<'a>(
    material: &MaterialKey,
    header: &Header,
    material_id: MaterialId,
    context: impl Iterator<Item = (&'a str, &'a str)>,
    blob: &[u8],
) -> Result<SecretBytes, DecryptError> {
    if Header::parse(blob).as_ref() != Some(header) || material_id.tag() != header.material_tag {
        return Err(DecryptError);
    }
    let salt: [u8; 32] = blob[SALT_AT..COMMITMENT_AT].try_into().map_err(|_| DecryptError)?;
    let derived = derive(material, header.key_id, material_id, &salt);
    constant_time::verify_slices_are_equal(
        &blob[COMMITMENT_AT..HEADER_LEN],
        &derived[DERIVED_COMMITMENT_AT..],
    )
    .map_err(|_| DecryptError)?;
    let aad = additional_data(&blob[..HEADER_LEN], context).map_err(|ContextTooLong| DecryptError)?;
    let (ciphertext, tag) = blob[HEADER_LEN..].split_at(blob.len() - OVERHEAD);
    let (key, nonce) = message_key(&derived);
    let mut plaintext = vec![0; ciphertext.len()];
    match aead::key(&key).open_separate_gather(
        nonce,
        Aad::from(aad.as_slice()),
        ciphertext,
        tag,
        &mut plaintext,
    ) {
        Ok(()) => Ok(SecretBytes::new(plaintext)),
        Err(_) => {
            plaintext.zeroize();
            Err(DecryptError)
        }
    }
}

fn derive(
    material: &MaterialKey,
    key_id: KeyId,
    material_id: MaterialId,
    salt: &[u8; 32],
) -> Zeroizing<[u8; DERIVED_LEN]> {
    let mut derived = Zeroizing::new([0; DERIVED_LEN]);
    let context: [&[u8]; 4] = [&[key_id.kind()], key_id.as_bytes(), material_id.as_bytes(), salt];
    kdf::derive(&material.prf(), LABEL, &context, derived.as_mut_slice());
    derived
}

fn message_key(derived: &[u8; DERIVED_LEN]) -> (Zeroizing<[u8; 32]>, Nonce) {
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(&derived[..IV_AT]);
    let mut iv = [0; NONCE_LEN];
    iv.copy_from_slice(&derived[IV_AT..IV_AT + NONCE_LEN]);
    (key, Nonce::assume_unique_for_key(iv))
}

/// The header, then the context: number of pairs, then each key and value behind its length, all 32 bits.
fn additional_data<'a>(
    header: &[u8],
    context: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<u8>, ContextTooLong> {
    let mut aad = Vec::with_capacity(header.len() + 128);
    aad.extend_from_slice(header);
    let count_at = aad.len();
    aad.extend_from_slice(&[0; 4]);
    let mut pairs: u32 = 0;
    for (key, value) in context {
        pairs += 1;
        for text in [key, value] {
            let length = u32::try_from(text.len()).map_err(|_| ContextTooLong)?;
            aad.extend_from_slice(&length.to_be_bytes());
            aad.extend_from_slice(text.as_bytes());
        }
        if aad.len() - count_at > CONTEXT_BYTES_MAX {
            return Err(ContextTooLong);
        }
    }
    aad[count_at..count_at + 4].copy_from_slice(&pairs.to_be_bytes());
    Ok(aad)
}

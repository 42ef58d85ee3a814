//! Ids of keys and of their key material.

use crate::InvalidId;
use std::fmt;
use uuid::Uuid;

/// The id of a key: a UUID, or `mrk-` and 32 hex digits for a multi-Region key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyId {
    Uuid([u8; 16]),
    MultiRegion([u8; 16]),
}

impl KeyId {
    /// A single-Region key id from 16 random bytes.
    #[must_use]
    pub fn from_random(random: [u8; 16]) -> Self {
        Self::Uuid(*uuid::Builder::from_random_bytes(random).into_uuid().as_bytes())
    }

    /// A multi-Region key id from 16 random bytes.
    #[must_use]
    pub fn multi_region_from_random(random: [u8; 16]) -> Self {
        Self::MultiRegion(*uuid::Builder::from_random_bytes(random).into_uuid().as_bytes())
    }

    /// Accepts exactly the two printed forms, in lower case.
    ///
    /// # Errors
    /// [`InvalidId`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let invalid = InvalidId { kind: "key id" };
        let id = match text.strip_prefix("mrk-") {
            Some(hex) if hex.len() == 32 => {
                Self::MultiRegion(*Uuid::try_parse(hex).map_err(|_| invalid)?.as_bytes())
            }
            Some(_) => return Err(invalid),
            None if text.len() == 36 => Self::Uuid(*Uuid::try_parse(text).map_err(|_| invalid)?.as_bytes()),
            None => return Err(invalid),
        };
        // Upper case and other spellings of a UUID are not key ids.
        if text.bytes().any(|b| b.is_ascii_uppercase()) { Err(invalid) } else { Ok(id) }
    }

    /// Kind byte of the ciphertext header: 1 for a UUID, 2 for a multi-Region id.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Uuid(_) => 1,
            Self::MultiRegion(_) => 2,
        }
    }

    /// The inverse of [`KeyId::kind`] and [`KeyId::as_bytes`].
    #[must_use]
    pub const fn from_kind(kind: u8, bytes: [u8; 16]) -> Option<Self> {
        match kind {
            1 => Some(Self::Uuid(bytes)),
            2 => Some(Self::MultiRegion(bytes)),
            _ => None,
        }
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        match self {
            Self::Uuid(bytes) | Self::MultiRegion(bytes) => bytes,
        }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = Uuid::encode_buffer();
        match self {
            Self::Uuid(bytes) => f.write_str(Uuid::from_bytes(*bytes).hyphenated().encode_lower(&mut buffer)),
            Self::MultiRegion(bytes) => {
                f.write_str("mrk-")?;
                f.write_str(Uuid::from_bytes(*bytes).simple().encode_lower(&mut buffer))
            }
        }
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Names one backing key of one key: 32 bytes, shown as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaterialId([u8; 32]);

impl MaterialId {
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 16 bytes, which a ciphertext header carries; unique within a key.
    #[must_use]
    pub fn tag(&self) -> [u8; 16] {
        let mut tag = [0; 16];
        tag.copy_from_slice(&self.0[..16]);
        tag
    }

    /// # Errors
    /// [`InvalidId`] unless `text` is 64 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let invalid = InvalidId { kind: "key material id" };
        if text.len() != 64 {
            return Err(invalid);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digit = |c: u8| match c {
                b'0'..=b'9' => Ok(c - b'0'),
                b'a'..=b'f' => Ok(c - b'a' + 10),
                _ => Err(invalid),
            };
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for MaterialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0_u8; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        f.write_str(std::str::from_utf8(&text).expect("hex digits are ASCII"))
    }
}

impl fmt::Debug for MaterialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MaterialId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyId, MaterialId};

    #[test]
    fn key_ids_have_two_forms() {
        for text in ["1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-1234abcd12ab34cd56ef1234567890ab"] {
            let id = KeyId::parse(text).expect(text);
            assert_eq!(id.to_string(), text);
            assert_eq!(KeyId::from_kind(id.kind(), *id.as_bytes()), Some(id));
        }
        for text in [
            "",
            "mrk-",
            "1234ABCD-12AB-34CD-56EF-1234567890AB",
            "1234abcd12ab34cd56ef1234567890ab",
            "mrk-1234abcd-12ab-34cd-56ef-1234567890ab",
            "{1234abcd-12ab-34cd-56ef-1234567890ab}",
        ] {
            assert!(KeyId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn material_ids_are_hex() {
        let id = MaterialId::from_bytes(std::array::from_fn(|i| u8::try_from(i * 7).expect("small")));
        assert_eq!(MaterialId::parse(&id.to_string()), Ok(id));
        assert!(MaterialId::parse(&id.to_string().to_uppercase()).is_err());
    }
}

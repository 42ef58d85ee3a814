//! Public keys as SubjectPublicKeyInfo (RFC 5280, 4.1).

use super::error::InvalidPublicKey;
use crate::der::{BIT_STRING, Malformed, Reader, SEQUENCE, element};

impl From<Malformed> for InvalidPublicKey {
    fn from(_: Malformed) -> Self {
        Self
    }
}

/// What the AlgorithmIdentifier holds, and the key's bytes.
pub(super) fn read(der: &[u8]) -> Result<(&[u8], &[u8]), InvalidPublicKey> {
    let mut outer = Reader::new(der);
    let mut info = outer.nested(SEQUENCE)?;
    outer.finish()?;
    let algorithm = info.element(SEQUENCE)?;
    let key = info.bit_string()?;
    info.finish()?;
    Ok((algorithm, key))
}

pub(super) fn write(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[&element(SEQUENCE, &[algorithm]), &element(BIT_STRING, &[&[0], key])])
}

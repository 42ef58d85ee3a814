//! The private keys of ML-DSA (RFC 9881, 6) and ML-KEM (RFC 9935, 6) inside PKCS #8, which look the same:
//! `seed [0]`, `expandedKey OCTET STRING`, or `SEQUENCE { seed, expandedKey }`.
//!
//! A key without its seed is refused: the seed cannot be found again, keys are given out by it, and an expanded key
//! can be made to leak.

use super::error::InvalidKeyMaterial;
use crate::der::{OCTET_STRING, Reader, SEQUENCE, context};
use zeroize::Zeroizing;

pub(super) struct Given<'a, const N: usize> {
    pub(super) seed: Zeroizing<[u8; N]>,
    /// To be held against what the seed gives.
    pub(super) expanded: Option<&'a [u8]>,
}

pub(super) fn read<const N: usize>(private_key: &[u8]) -> Result<Given<'_, N>, InvalidKeyMaterial> {
    let mut outer = Reader::new(private_key);
    let (seed, expanded) = if outer.peek() == Some(SEQUENCE) {
        let mut both = outer.nested(SEQUENCE)?;
        let (seed, expanded) = (both.element(OCTET_STRING)?, both.element(OCTET_STRING)?);
        both.finish()?;
        (seed, Some(expanded))
    } else {
        (outer.element(context(0))?, None)
    };
    outer.finish()?;
    let seed = seed.try_into().map(Zeroizing::new).map_err(|_| InvalidKeyMaterial::Encoding)?;
    Ok(Given { seed, expanded })
}

//! Seeds: the private keys of Ed25519, ML-DSA and ML-KEM.
//!
//! Those of ML-DSA (RFC 9881, 6) and ML-KEM (RFC 9935, 6) inside PKCS #8, which look the same:
//! `seed [0]`, `expandedKey OCTET STRING`, or `SEQUENCE { seed, expandedKey }`.
//!
//! A key without its seed is refused: the seed cannot be found again, keys are given out by it, and an expanded key
//! can be made to leak.

use super::error::InvalidKeyMaterial;
use crate::der::{OCTET_STRING, Reader, SEQUENCE, context};
use keywright_types::Rng;
use zeroize::Zeroizing;

/// What a private key is made from. Boxed, so that moving a key leaves no copy of it behind.
pub(super) type Seed<const N: usize> = Box<Zeroizing<[u8; N]>>;

pub(super) fn random<const N: usize>(rng: &dyn Rng) -> Seed<N> {
    let mut seed = Seed::new(Zeroizing::new([0; N]));
    rng.fill(seed.as_mut_slice());
    seed
}

/// # Errors
/// `Encoding`: another length.
pub(super) fn copy_of<const N: usize>(bytes: &[u8]) -> Result<Seed<N>, InvalidKeyMaterial> {
    let mut seed = Seed::new(Zeroizing::new([0; N]));
    if bytes.len() != N {
        return Err(InvalidKeyMaterial::Encoding);
    }
    seed.copy_from_slice(bytes);
    Ok(seed)
}

pub(super) struct Given<'a, const N: usize> {
    pub(super) seed: Seed<N>,
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
    Ok(Given { seed: copy_of(seed)?, expanded })
}

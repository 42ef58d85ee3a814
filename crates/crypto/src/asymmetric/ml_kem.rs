//! ML-KEM (FIPS 203). Private keys as RFC 9935, 6 has them, by their seed.
//!
//! aws-lc encapsulates and decapsulates. aws-lc-rs makes no key from a seed, and keys are given out by their seed
//! (GenerateDataKeyPair), so the crate ml-kem expands it; of it nothing else is used.

use super::error::InvalidKeyMaterial;
use super::pkcs8::{self, PrivateKeyInfo};
use super::seed::{self, Seed};
use super::spec::{KeyPairSpec, MlKemSet};
use crate::der::{context, element};
use aws_lc_rs::constant_time;
use aws_lc_rs::kem::{
    Algorithm, AlgorithmId, DecapsulationKey, EncapsulationKey, ML_KEM_512, ML_KEM_768, ML_KEM_1024,
};
use keywright_types::{Rng, SecretBytes};
use zeroize::Zeroizing;

/// `d ‖ z` of FIPS 203, algorithm 19.
const SEED_LEN: usize = 64;

pub(super) struct MlKemPrivate {
    seed: Seed<SEED_LEN>,
    key: DecapsulationKey<AlgorithmId>,
    public_key: Vec<u8>,
}

impl MlKemPrivate {
    pub(super) fn generate(set: MlKemSet, rng: &dyn Rng) -> Self {
        let seed = seed::random(rng);
        let expanded = expand(set, &seed);
        Self::new(set, seed, &expanded)
    }

    pub(super) fn parse(set: MlKemSet, info: &PrivateKeyInfo<'_>) -> Result<Self, InvalidKeyMaterial> {
        let given = seed::read::<SEED_LEN>(info.private_key)?;
        let expanded = expand(set, &given.seed);
        if let Some(given) = given.expanded {
            constant_time::verify_slices_are_equal(given, &expanded)
                .map_err(|_| InvalidKeyMaterial::Inconsistent)?;
        }
        let key = Self::new(set, given.seed, &expanded);
        if info.public_key.is_some_and(|given| given != key.public_key) {
            return Err(InvalidKeyMaterial::Inconsistent);
        }
        Ok(key)
    }

    /// `expanded` is `dkPKE ‖ ek ‖ H(ek) ‖ z` (FIPS 203, algorithm 16), and ek is 32 bytes longer than dkPKE.
    fn new(set: MlKemSet, seed: Seed<SEED_LEN>, expanded: &[u8]) -> Self {
        let length = set.public_key_len();
        let public_key = expanded[length - 32..][..length].to_vec();
        let key = DecapsulationKey::new(algorithm(set), expanded).expect("an expanded key has its length");
        Self { seed, key, public_key }
    }

    pub(super) fn pkcs8(&self, spec: KeyPairSpec) -> SecretBytes {
        SecretBytes::new(pkcs8::write(spec, element(context(0), &[self.seed.as_slice()])))
    }

    pub(super) fn public_key(&self) -> Vec<u8> {
        self.public_key.clone()
    }

    /// `ciphertext` has its right length.
    pub(super) fn decapsulate(&self, ciphertext: &[u8]) -> SecretBytes {
        let secret = self.key.decapsulate(ciphertext.into()).expect("a key made from its seed fits together");
        SecretBytes::copy_of(secret.as_ref())
    }
}

#[allow(deprecated)] // The crate would rather have seeds kept, as we do; aws-lc-rs takes expanded keys alone.
fn expand(set: MlKemSet, seed: &[u8; SEED_LEN]) -> Zeroizing<Vec<u8>> {
    use ml_kem::{DecapsulationKey512, DecapsulationKey768, DecapsulationKey1024, ExpandedKeyEncoding as _};
    let seed = (*seed).into();
    let mut expanded = Zeroizing::new(Vec::new());
    match set {
        MlKemSet::MlKem512 => {
            let key = Zeroizing::new(DecapsulationKey512::from_seed(seed).to_expanded_bytes());
            expanded.extend_from_slice(key.as_slice());
        }
        MlKemSet::MlKem768 => {
            let key = Zeroizing::new(DecapsulationKey768::from_seed(seed).to_expanded_bytes());
            expanded.extend_from_slice(key.as_slice());
        }
        MlKemSet::MlKem1024 => {
            let key = Zeroizing::new(DecapsulationKey1024::from_seed(seed).to_expanded_bytes());
            expanded.extend_from_slice(key.as_slice());
        }
    }
    expanded
}

/// A key whose coefficients are reduced (FIPS 203, 7.2), or none. aws-lc looks when it encapsulates.
pub(super) fn parse_public(set: MlKemSet, bytes: &[u8]) -> Option<EncapsulationKey<AlgorithmId>> {
    let key = EncapsulationKey::new(algorithm(set), bytes).ok()?;
    key.encapsulate().is_ok().then_some(key)
}

/// The secret, and its ciphertext.
pub(super) fn encapsulate(key: &EncapsulationKey<AlgorithmId>) -> (SecretBytes, Vec<u8>) {
    let (ciphertext, secret) = key.encapsulate().expect("the key was looked at before");
    (SecretBytes::copy_of(secret.as_ref()), ciphertext.as_ref().to_vec())
}

const fn algorithm(set: MlKemSet) -> &'static Algorithm<AlgorithmId> {
    match set {
        MlKemSet::MlKem512 => &ML_KEM_512,
        MlKemSet::MlKem768 => &ML_KEM_768,
        MlKemSet::MlKem1024 => &ML_KEM_1024,
    }
}

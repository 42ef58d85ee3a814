//! ML-DSA (FIPS 204), hedged, with an empty context. Private keys as RFC 9881, 6 has them, by their seed.
//!
//! aws-lc signs messages. Over a given µ it is the crate ml-dsa that signs and verifies, from the same seed: aws-lc-rs has
//! no function for it. Of that crate nothing else is used.

use super::error::{InvalidKeyMaterial, SignatureError};
use super::pkcs8::{self, PrivateKeyInfo};
use super::seed::{self, Seed};
use super::spec::{KeyPairSpec, MlDsaSet};
use crate::der::{context, element};
use crate::rng::SystemRng;
use aws_lc_rs::constant_time;
use aws_lc_rs::encoding::AsRawBytes as _;
use aws_lc_rs::signature::{
    KeyPair as _, ML_DSA_44, ML_DSA_44_SIGNING, ML_DSA_65, ML_DSA_65_SIGNING, ML_DSA_87, ML_DSA_87_SIGNING,
    ParsedPublicKey, PqdsaKeyPair, PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm,
};
use keywright_types::{Rng, SecretBytes};
use ml_dsa::signature::rand_core::{TryCryptoRng, TryRng};
use ml_dsa::{
    EncodedSignature, EncodedVerifyingKey, ExpandedSigningKey, MlDsa44, MlDsa65, MlDsa87, MlDsaParams,
    Signature, VerifyingKey,
};
use std::convert::Infallible;

const SEED_LEN: usize = 32;
pub(super) const MU_LEN: usize = 64;

pub(super) struct MlDsaPrivate {
    set: MlDsaSet,
    seed: Seed<SEED_LEN>,
    key: PqdsaKeyPair,
}

impl MlDsaPrivate {
    pub(super) fn generate(set: MlDsaSet, rng: &dyn Rng) -> Self {
        Self::from_seed(set, seed::random(rng))
    }

    pub(super) fn parse(set: MlDsaSet, info: &PrivateKeyInfo<'_>) -> Result<Self, InvalidKeyMaterial> {
        let given = seed::read::<SEED_LEN>(info.private_key)?;
        let key = Self::from_seed(set, given.seed);
        if let Some(given) = given.expanded {
            let expanded = key.key.private_key().as_raw_bytes().expect("a key that was made can be written");
            constant_time::verify_slices_are_equal(given, expanded.as_ref())
                .map_err(|_| InvalidKeyMaterial::Inconsistent)?;
        }
        if info.public_key.is_some_and(|given| given != key.key.public_key().as_ref()) {
            return Err(InvalidKeyMaterial::Inconsistent);
        }
        Ok(key)
    }

    fn from_seed(set: MlDsaSet, seed: Seed<SEED_LEN>) -> Self {
        let key = PqdsaKeyPair::from_seed(signing(set), seed.as_slice()).expect("any 32 bytes are a seed");
        Self { set, seed, key }
    }

    pub(super) fn pkcs8(&self, spec: KeyPairSpec) -> SecretBytes {
        SecretBytes::new(pkcs8::write(spec, element(context(0), &[self.seed.as_slice()])))
    }

    pub(super) fn public_key(&self) -> Vec<u8> {
        self.key.public_key().as_ref().to_vec()
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let mut signature = vec![0; signing(self.set).signature_len()];
        self.key.sign(message, &mut signature).map_err(|_| SignatureError::Failed)?;
        Ok(signature)
    }

    pub(super) fn sign_mu(&self, mu: &[u8; MU_LEN]) -> Result<Vec<u8>, SignatureError> {
        match self.set {
            MlDsaSet::MlDsa44 => sign_mu::<MlDsa44>(&self.seed, mu),
            MlDsaSet::MlDsa65 => sign_mu::<MlDsa65>(&self.seed, mu),
            MlDsaSet::MlDsa87 => sign_mu::<MlDsa87>(&self.seed, mu),
        }
    }
}

fn sign_mu<P: MlDsaParams>(seed: &[u8; SEED_LEN], mu: &[u8; MU_LEN]) -> Result<Vec<u8>, SignatureError> {
    ExpandedSigningKey::<P>::from_seed(seed.into())
        .sign_mu_randomized(mu.into(), &mut Drbg)
        .map(|signature| signature.encode().to_vec())
        .map_err(|_| SignatureError::Failed)
}

/// Our randomness, as RustCrypto asks for it.
struct Drbg;

impl TryRng for Drbg {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let rng: &dyn Rng = &SystemRng;
        Ok(u32::from_ne_bytes(rng.array()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let rng: &dyn Rng = &SystemRng;
        Ok(u64::from_ne_bytes(rng.array()))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        SystemRng.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Drbg {}

pub(super) fn parse_public(set: MlDsaSet, bytes: &[u8]) -> Option<ParsedPublicKey> {
    let length_fits = bytes.len() == set.public_key_len();
    length_fits.then(|| ParsedPublicKey::new(verifying(set), bytes).ok()).flatten()
}

pub(super) fn verify(key: &ParsedPublicKey, message: &[u8], signature: &[u8]) -> bool {
    key.verify_sig(message, signature).is_ok()
}

pub(super) fn verify_mu(set: MlDsaSet, public_key: &[u8], mu: &[u8; MU_LEN], signature: &[u8]) -> bool {
    match set {
        MlDsaSet::MlDsa44 => verify_mu_of::<MlDsa44>(public_key, mu, signature),
        MlDsaSet::MlDsa65 => verify_mu_of::<MlDsa65>(public_key, mu, signature),
        MlDsaSet::MlDsa87 => verify_mu_of::<MlDsa87>(public_key, mu, signature),
    }
}

fn verify_mu_of<P: MlDsaParams>(public_key: &[u8], mu: &[u8; MU_LEN], signature: &[u8]) -> bool {
    let Ok(public_key) = EncodedVerifyingKey::<P>::try_from(public_key) else { return false };
    let Ok(signature) = EncodedSignature::<P>::try_from(signature) else { return false };
    Signature::<P>::decode(&signature)
        .is_some_and(|signature| VerifyingKey::<P>::decode(&public_key).verify_mu(mu.into(), &signature))
}

const fn signing(set: MlDsaSet) -> &'static PqdsaSigningAlgorithm {
    match set {
        MlDsaSet::MlDsa44 => &ML_DSA_44_SIGNING,
        MlDsaSet::MlDsa65 => &ML_DSA_65_SIGNING,
        MlDsaSet::MlDsa87 => &ML_DSA_87_SIGNING,
    }
}

const fn verifying(set: MlDsaSet) -> &'static PqdsaVerificationAlgorithm {
    match set {
        MlDsaSet::MlDsa44 => &ML_DSA_44,
        MlDsaSet::MlDsa65 => &ML_DSA_65,
        MlDsaSet::MlDsa87 => &ML_DSA_87,
    }
}

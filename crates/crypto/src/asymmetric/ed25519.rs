//! Ed25519 and Ed25519ph (RFC 8032). Private keys as RFC 8410, 7 has them.
//!
//! aws-lc-rs has the pure one. Ed25519ph is by ed25519-dalek, from the same seed, and of it nothing else is used.

use super::error::{InvalidKeyMaterial, SignatureError};
use super::pkcs8::{self, PrivateKeyInfo};
use super::seed::{self, Seed};
use super::spec::KeyPairSpec;
use crate::der::{OCTET_STRING, Reader, element};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey};
use ed25519_dalek::{Digest as _, Sha512, Signature, SigningKey, VerifyingKey};
use keywright_types::{Rng, SecretBytes};

pub(super) const PUBLIC_KEY_LEN: usize = 32;
const SEED_LEN: usize = 32;

pub(super) struct Ed25519Private {
    seed: Seed<SEED_LEN>,
    key: Ed25519KeyPair,
}

impl Ed25519Private {
    pub(super) fn generate(rng: &dyn Rng) -> Self {
        Self::from_seed(seed::random(rng))
    }

    pub(super) fn parse(info: &PrivateKeyInfo<'_>) -> Result<Self, InvalidKeyMaterial> {
        let mut inner = Reader::new(info.private_key);
        let seed = inner.element(OCTET_STRING)?;
        inner.finish()?;
        let key = Self::from_seed(seed::copy_of(seed)?);
        if info.public_key.is_some_and(|given| given != key.key.public_key().as_ref()) {
            return Err(InvalidKeyMaterial::Inconsistent);
        }
        Ok(key)
    }

    fn from_seed(seed: Seed<SEED_LEN>) -> Self {
        let key = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).expect("any 32 bytes are a seed");
        Self { seed, key }
    }

    pub(super) fn pkcs8(&self) -> SecretBytes {
        SecretBytes::new(pkcs8::write(KeyPairSpec::Ed25519, element(OCTET_STRING, &[self.seed.as_slice()])))
    }

    pub(super) fn public_key(&self) -> Vec<u8> {
        self.key.public_key().as_ref().to_vec()
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let signature = self.key.try_sign(message).map_err(|_| SignatureError::Failed)?;
        Ok(signature.as_ref().to_vec())
    }

    /// Ed25519ph of `message`, which is hashed as RFC 8032, 5.1 has it.
    pub(super) fn sign_prehashed(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let signature = SigningKey::from_bytes(&self.seed)
            .sign_prehashed(Sha512::new_with_prefix(message), None)
            .map_err(|_| SignatureError::Failed)?;
        Ok(signature.to_bytes().to_vec())
    }
}

pub(super) fn parse_public(bytes: &[u8]) -> Option<ParsedPublicKey> {
    let bytes: &[u8; PUBLIC_KEY_LEN] = bytes.try_into().ok()?;
    // aws-lc looks for the point when it verifies; a key without one is refused here.
    VerifyingKey::from_bytes(bytes).ok()?;
    ParsedPublicKey::new(&ED25519, bytes).ok()
}

pub(super) fn verify(key: &ParsedPublicKey, message: &[u8], signature: &[u8]) -> bool {
    key.verify_sig(message, signature).is_ok()
}

pub(super) fn verify_prehashed(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = public_key.try_into().ok().and_then(|bytes| VerifyingKey::from_bytes(bytes).ok());
    let (Some(key), Ok(signature)) = (key, Signature::from_slice(signature)) else { return false };
    key.verify_prehashed_strict(Sha512::new_with_prefix(message), None, &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{Ed25519Private, verify_prehashed};
    use crate::asymmetric::seed;
    use crate::tests::unhex;

    /// RFC 8032, 7.3. Its message is no digest, so it is not one that the API would sign.
    #[test]
    fn ed25519ph_is_rfc_8032_s() {
        let seed = unhex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42");
        let key = Ed25519Private::from_seed(seed::copy_of(&seed).expect("32 bytes"));
        let public = key.public_key();
        assert_eq!(public, unhex("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf"));
        let signature = unhex(concat!(
            "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41",
            "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
        ));
        assert_eq!(key.sign_prehashed(b"abc").expect("it signs"), signature);
        assert!(verify_prehashed(&public, b"abc", &signature));
        assert!(!verify_prehashed(&public, b"abd", &signature));
        // It is not the pure signature of the same message, nor of its hash.
        assert_ne!(key.sign(b"abc").expect("it signs"), signature);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, b"abc");
        assert_ne!(key.sign(digest.as_ref()).expect("it signs"), signature);
    }
}

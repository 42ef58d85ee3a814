//! Elliptic curves of NIST and secp256k1: ECDSA and ECDH. Private keys as RFC 5915 has them.

use super::error::{AgreementError, InvalidKeyMaterial, SignatureError};
use super::pkcs8::{self, PrivateKeyInfo};
use super::spec::{Curve, KeyPairSpec};
use crate::der::{
    BIT_STRING, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE, context_constructed, element,
};
use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521, UnparsedPublicKey};
use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::encoding::AsBigEndian as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1,
    ECDSA_P256K1_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING,
    ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    EcdsaVerificationAlgorithm, KeyPair as _, ParsedPublicKey,
};
use keywright_types::SecretBytes;
use std::sync::OnceLock;
use zeroize::Zeroizing;

pub(super) struct EcPrivate {
    curve: Curve,
    key: EcdsaKeyPair,
    /// aws-lc-rs has another type for ECDH, made when it is first wanted: a key does one or the other.
    agreeing: OnceLock<agreement::PrivateKey>,
}

impl EcPrivate {
    pub(super) fn generate(curve: Curve) -> Self {
        let key =
            EcdsaKeyPair::generate(signing(curve)).expect("a system that cannot make keys cannot go on");
        Self { curve, key, agreeing: OnceLock::new() }
    }

    /// From an ECPrivateKey: a scalar of the curve's length, with or without the curve's name and the public point.
    pub(super) fn parse(
        spec: KeyPairSpec,
        curve: Curve,
        info: &PrivateKeyInfo<'_>,
    ) -> Result<Self, InvalidKeyMaterial> {
        let mut outer = Reader::new(info.private_key);
        let mut fields = outer.nested(SEQUENCE)?;
        outer.finish()?;
        if fields.element(INTEGER)? != [1] {
            return Err(InvalidKeyMaterial::Encoding);
        }
        let scalar = fields.element(OCTET_STRING)?;
        if let Some(parameters) = fields.optional(context_constructed(0))? {
            // The algorithm's own identifier comes first, then the curve's name. No curve is described by its numbers.
            let mut known = Reader::new(spec.algorithm_identifier());
            known.element(OBJECT_IDENTIFIER)?;
            let mut parameters = Reader::new(parameters);
            let name = parameters.element(OBJECT_IDENTIFIER)?;
            parameters.finish()?;
            if name != known.element(OBJECT_IDENTIFIER)? {
                return Err(InvalidKeyMaterial::OtherSpec);
            }
        }
        let point = match fields.optional(context_constructed(1))? {
            None => None,
            Some(explicit) => {
                let mut explicit = Reader::new(explicit);
                let point = explicit.bit_string()?;
                explicit.finish()?;
                Some(point)
            }
        };
        fields.finish()?;
        if scalar.len() != curve.bytes() {
            return Err(InvalidKeyMaterial::OtherSpec);
        }

        // aws-lc holds a point that it is given against the scalar, which costs it less than finding the point.
        let uncompressed = point.filter(|point| point.first() == Some(&4));
        let der = Zeroizing::new(plain(spec, scalar, uncompressed));
        let key =
            EcdsaKeyPair::from_pkcs8(signing(curve), &der).map_err(|_| InvalidKeyMaterial::Inconsistent)?;
        let found = key.public_key().as_ref();
        if [point, info.public_key].into_iter().flatten().all(|given| same_point(given, found)) {
            Ok(Self { curve, key, agreeing: OnceLock::new() })
        } else {
            Err(InvalidKeyMaterial::Inconsistent)
        }
    }

    /// Always with the public point: aws-lc would leave it out of a key that came without.
    pub(super) fn pkcs8(&self, spec: KeyPairSpec) -> SecretBytes {
        let scalar = self.key.private_key().as_be_bytes().expect("a key that was parsed can be written");
        SecretBytes::new(plain(spec, scalar.as_ref(), Some(self.key.public_key().as_ref())))
    }

    /// The point, uncompressed (SEC 1, 2.3.3).
    pub(super) fn public_key(&self) -> Vec<u8> {
        self.key.public_key().as_ref().to_vec()
    }

    pub(super) fn sign(&self, digest: Option<&[u8]>, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        match digest {
            None => self.key.sign(&SystemRandom::new(), message),
            Some(digest) => Digest::import_less_safe(digest, hash(self.curve))
                .and_then(|digest| self.key.sign_digest(&digest)),
        }
        .map(|signature| signature.as_ref().to_vec())
        .map_err(|_| SignatureError::Failed)
    }

    /// The x coordinate of the shared point, as long as the curve's coordinates (NIST SP 800-56A, 5.7.1.2).
    pub(super) fn agree(&self, peer: &[u8]) -> Result<SecretBytes, AgreementError> {
        let algorithm = match self.curve {
            Curve::P256 => &ECDH_P256,
            Curve::P384 => &ECDH_P384,
            Curve::P521 => &ECDH_P521,
            Curve::Secp256k1 => return Err(AgreementError::Unsupported),
        };
        let key = self.agreeing.get_or_init(|| {
            let der = self.key.to_pkcs8v1().expect("a key that was parsed can be written");
            agreement::PrivateKey::from_private_key_der(algorithm, der.as_ref())
                .expect("a key that was written can be parsed")
        });
        let peer = UnparsedPublicKey::new(algorithm, peer);
        agreement::agree(key, peer, AgreementError::InvalidPeer, |secret| Ok(SecretBytes::copy_of(secret)))
    }
}

/// PKCS #8 of a scalar, with nothing but the point beside it.
fn plain(spec: KeyPairSpec, scalar: &[u8], point: Option<&[u8]>) -> Vec<u8> {
    let version = element(INTEGER, &[&[1]]);
    let point = point
        .map(|point| element(context_constructed(1), &[&element(BIT_STRING, &[&[0], point])]))
        .unwrap_or_default();
    let scalar = Zeroizing::new(element(OCTET_STRING, &[scalar]));
    pkcs8::write(spec, element(SEQUENCE, &[&version, &scalar, &point]))
}

/// Whether `given` is one of the encodings of SEC 1, 2.3.3 (or ANSI X9.62's hybrid one) of an uncompressed point.
fn same_point(given: &[u8], uncompressed: &[u8]) -> bool {
    let coordinates = &uncompressed[1..];
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    let odd = y.last().is_some_and(|last| last % 2 == 1);
    match given {
        [4, rest @ ..] => rest == coordinates,
        [2, rest @ ..] => !odd && rest == x,
        [3, rest @ ..] => odd && rest == x,
        [6, rest @ ..] => !odd && rest == coordinates,
        [7, rest @ ..] => odd && rest == coordinates,
        _ => false,
    }
}

/// A point as others give it: on the curve, or refused.
pub(super) fn parse_public(curve: Curve, point: &[u8]) -> Option<ParsedPublicKey> {
    ParsedPublicKey::new(verifying(curve), point).ok()
}

pub(super) fn verify(
    curve: Curve,
    key: &ParsedPublicKey,
    digest: Option<&[u8]>,
    message: &[u8],
    signature: &[u8],
) -> bool {
    match digest {
        None => key.verify_sig(message, signature),
        Some(digest) => Digest::import_less_safe(digest, hash(curve))
            .and_then(|digest| key.verify_digest_sig(&digest, signature)),
    }
    .is_ok()
}

const fn signing(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
        Curve::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
        Curve::P521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
        Curve::Secp256k1 => &ECDSA_P256K1_SHA256_ASN1_SIGNING,
    }
}

const fn verifying(curve: Curve) -> &'static EcdsaVerificationAlgorithm {
    match curve {
        Curve::P256 => &ECDSA_P256_SHA256_ASN1,
        Curve::P384 => &ECDSA_P384_SHA384_ASN1,
        Curve::P521 => &ECDSA_P521_SHA512_ASN1,
        Curve::Secp256k1 => &ECDSA_P256K1_SHA256_ASN1,
    }
}

const fn hash(curve: Curve) -> &'static digest::Algorithm {
    match curve {
        Curve::P256 | Curve::Secp256k1 => &digest::SHA256,
        Curve::P384 => &digest::SHA384,
        Curve::P521 => &digest::SHA512,
    }
}

//! Private keys in PKCS #8 (RFC 5958, which has RFC 5208 within it), read strictly.
//!
//! Accepted: version 1, or version 2 with the public key; attributes, which say nothing about the key and are dropped.
//! What the private key looks like inside is its algorithm's matter.

use super::error::InvalidKeyMaterial;
use super::spec::KeyPairSpec;
use crate::der::{
    INTEGER, Malformed, OCTET_STRING, Reader, SEQUENCE, bits, context, context_constructed, element,
    wrap_secret,
};

/// A private key, not looked into yet.
pub(super) struct PrivateKeyInfo<'a> {
    /// What the OCTET STRING holds.
    pub(super) private_key: &'a [u8],
    /// Only where version 2 gives it.
    pub(super) public_key: Option<&'a [u8]>,
}

impl From<Malformed> for InvalidKeyMaterial {
    fn from(_: Malformed) -> Self {
        Self::Encoding
    }
}

impl<'a> PrivateKeyInfo<'a> {
    /// # Errors
    /// `Encoding`, or `OtherSpec` when it is well-formed and of another algorithm or curve.
    pub(super) fn read(spec: KeyPairSpec, der: &'a [u8]) -> Result<Self, InvalidKeyMaterial> {
        let mut outer = Reader::new(der);
        let mut info = outer.nested(SEQUENCE)?;
        outer.finish()?;
        let version_2 = match info.element(INTEGER)? {
            [0] => false,
            [1] => true,
            _ => return Err(InvalidKeyMaterial::Encoding),
        };
        let algorithm = info.element(SEQUENCE)?;
        let private_key = info.element(OCTET_STRING)?;
        if let Some(attributes) = info.optional(context_constructed(0))? {
            let mut attributes = Reader::new(attributes);
            while attributes.peek().is_some() {
                attributes.element(SEQUENCE)?;
            }
        }
        let public_key = info.optional(context(1))?.map(bits).transpose()?;
        info.finish()?;
        if public_key.is_some() != version_2 {
            return Err(InvalidKeyMaterial::Encoding);
        }
        if algorithm != spec.algorithm_identifier() {
            return Err(InvalidKeyMaterial::OtherSpec);
        }
        Ok(Self { private_key, public_key })
    }
}

/// Version 1, without attributes: what is stored and given out. Takes over and wipes `private_key`.
pub(super) fn write(spec: KeyPairSpec, private_key: Vec<u8>) -> Vec<u8> {
    let inner = wrap_secret(OCTET_STRING, &[], private_key);
    let version = element(INTEGER, &[&[0]]);
    let algorithm = element(SEQUENCE, &[spec.algorithm_identifier()]);
    wrap_secret(SEQUENCE, &[&version, &algorithm], inner)
}

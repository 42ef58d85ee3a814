//! Public keys as JSON Web Keys have them: their parts by name.
//!
//! Source: RFC 7518, 6.2 and 6.3 (EC, RSA); RFC 8037 (OKP); RFC 8812 (secp256k1); draft-ietf-cose-dilithium (AKP).

use super::public_key::PublicKey;
use super::spec::KeyPairSpec;
use crate::der::{Reader, SEQUENCE};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The members of a JWK that say which key it is, beside `kid` and `use`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwkParts {
    pub kty: &'static str,
    /// The only algorithm that a key of its spec signs with; none of RSA, which has six.
    pub alg: Option<&'static str>,
    /// By name; binary ones in Base64url.
    pub members: Vec<(&'static str, String)>,
}

impl PublicKey {
    /// None of keys that verify nothing.
    #[must_use]
    pub fn jwk(&self) -> Option<JwkParts> {
        let spec = self.spec();
        let (kty, alg, members) = match spec {
            KeyPairSpec::Rsa2048 | KeyPairSpec::Rsa3072 | KeyPairSpec::Rsa4096 => {
                let (modulus, exponent) = rsa_parts(self.bytes())?;
                ("RSA", None, vec![("n", encode(modulus)), ("e", encode(exponent))])
            }
            KeyPairSpec::P256 => ("EC", Some("ES256"), point("P-256", self.bytes())?),
            KeyPairSpec::P384 => ("EC", Some("ES384"), point("P-384", self.bytes())?),
            KeyPairSpec::P521 => ("EC", Some("ES512"), point("P-521", self.bytes())?),
            KeyPairSpec::Secp256k1 => ("EC", Some("ES256K"), point("secp256k1", self.bytes())?),
            KeyPairSpec::Ed25519 => {
                ("OKP", Some("EdDSA"), vec![("crv", "Ed25519".to_owned()), ("x", encode(self.bytes()))])
            }
            KeyPairSpec::MlDsa44 => ("AKP", Some("ML-DSA-44"), vec![("pub", encode(self.bytes()))]),
            KeyPairSpec::MlDsa65 => ("AKP", Some("ML-DSA-65"), vec![("pub", encode(self.bytes()))]),
            KeyPairSpec::MlDsa87 => ("AKP", Some("ML-DSA-87"), vec![("pub", encode(self.bytes()))]),
            KeyPairSpec::MlKem512 | KeyPairSpec::MlKem768 | KeyPairSpec::MlKem1024 => return None,
        };
        Some(JwkParts { kty, alg, members })
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An uncompressed point: 4, x, y.
fn point(curve: &'static str, bytes: &[u8]) -> Option<Vec<(&'static str, String)>> {
    let (4, coordinates) = bytes.split_first().map(|(form, rest)| (*form, rest))? else { return None };
    let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
    Some(vec![("crv", curve.to_owned()), ("x", encode(x)), ("y", encode(y))])
}

/// RSAPublicKey (RFC 8017, A.1.1).
fn rsa_parts(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut numbers = Reader::new(bytes).nested(SEQUENCE).ok()?;
    Some((numbers.unsigned().ok()?, numbers.unsigned().ok()?))
}

//! Signatures of JSON Web Tokens, verified only: RFC 7515, RFC 7518 section 3, RFC 8037.
//!
//! What: a public key of an identity provider, with the algorithms that it may be used with.
//! Why here: whoever reads tokens chooses neither primitive nor parameters. There is no `none` and no HMAC to choose:
//! they are not in [`JwsAlgorithm`], so that a public key can never be taken for a shared secret.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

/// How a token is signed, by its name in the token's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwsAlgorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    EdDsa,
}

impl JwsAlgorithm {
    pub(crate) const ALL: [Self; 10] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
        }
    }

    /// None for every other name, `none` and `HS256` among them. Names are compared exactly, as RFC 7515 has it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}

/// A public key of a provider.
pub struct JwsKey(Kind);

enum Kind {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// The curve's only algorithm, and the point, uncompressed (SEC 1, 2.3.3).
    Ec {
        algorithm: JwsAlgorithm,
        point: Vec<u8>,
    },
    Ed25519 {
        public: Vec<u8>,
    },
}

/// A modulus of 8,192 bits.
const RSA_MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;
const RSA_EXPONENT_BYTES_MAX: usize = 8;

impl JwsKey {
    /// An RSA key of 2,048 to 8,192 bits: `n` and `e` of its JWK, decoded.
    #[must_use]
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        // RFC 7518, 6.3.1.1 forbids leading zeros; some providers write one.
        let plain = |bytes: &[u8]| {
            let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
            bytes[start..].to_vec()
        };
        let (modulus, exponent) = (plain(modulus), plain(exponent));
        // An exponent of 1 would make every message its own signature; an even one is none.
        let fits = RSA_MODULUS_BYTES.contains(&modulus.len())
            && (1..=RSA_EXPONENT_BYTES_MAX).contains(&exponent.len())
            && exponent != [1]
            && exponent.last().is_some_and(|last| last % 2 == 1);
        fits.then_some(Self(Kind::Rsa { modulus, exponent }))
    }

    /// A key on a curve of NIST's, by its JWK name, with the coordinates decoded.
    #[must_use]
    pub fn ec(curve: &str, x: &[u8], y: &[u8]) -> Option<Self> {
        let (algorithm, coordinate_len) = match curve {
            "P-256" => (JwsAlgorithm::Es256, 32),
            "P-384" => (JwsAlgorithm::Es384, 48),
            "P-521" => (JwsAlgorithm::Es512, 66),
            _ => return None,
        };
        if x.len() != coordinate_len || y.len() != coordinate_len {
            return None;
        }
        let point = [&[4], x, y].concat();
        Some(Self(Kind::Ec { algorithm, point }))
    }

    /// An Ed25519 key: `x` of its JWK, decoded.
    #[must_use]
    pub fn ed25519(public: &[u8]) -> Option<Self> {
        (public.len() == 32).then(|| Self(Kind::Ed25519 { public: public.to_vec() }))
    }

    /// Whether `signature` over `signed` is this key's. False for an algorithm that is not the key's kind.
    #[must_use]
    pub fn verifies(&self, algorithm: JwsAlgorithm, signed: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Kind::Rsa { modulus, exponent } => rsa_parameters(algorithm).is_some_and(|parameters| {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(parameters, signed, signature).is_ok()
            }),
            Kind::Ec { algorithm: own, point } => {
                *own == algorithm
                    && curve(algorithm).is_some_and(|curve| {
                        UnparsedPublicKey::new(curve, point).verify(signed, signature).is_ok()
                    })
            }
            Kind::Ed25519 { public } => {
                algorithm == JwsAlgorithm::EdDsa
                    && UnparsedPublicKey::new(&ED25519, public).verify(signed, signature).is_ok()
            }
        }
    }
}

const fn rsa_parameters(algorithm: JwsAlgorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        JwsAlgorithm::Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        JwsAlgorithm::Rs384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        JwsAlgorithm::Rs512 => Some(&RSA_PKCS1_2048_8192_SHA512),
        JwsAlgorithm::Ps256 => Some(&RSA_PSS_2048_8192_SHA256),
        JwsAlgorithm::Ps384 => Some(&RSA_PSS_2048_8192_SHA384),
        JwsAlgorithm::Ps512 => Some(&RSA_PSS_2048_8192_SHA512),
        JwsAlgorithm::Es256 | JwsAlgorithm::Es384 | JwsAlgorithm::Es512 | JwsAlgorithm::EdDsa => None,
    }
}

fn curve(algorithm: JwsAlgorithm) -> Option<&'static dyn VerificationAlgorithm> {
    match algorithm {
        JwsAlgorithm::Es256 => Some(&ECDSA_P256_SHA256_FIXED),
        JwsAlgorithm::Es384 => Some(&ECDSA_P384_SHA384_FIXED),
        JwsAlgorithm::Es512 => Some(&ECDSA_P521_SHA512_FIXED),
        JwsAlgorithm::Rs256
        | JwsAlgorithm::Rs384
        | JwsAlgorithm::Rs512
        | JwsAlgorithm::Ps256
        | JwsAlgorithm::Ps384
        | JwsAlgorithm::Ps512
        | JwsAlgorithm::EdDsa => None,
    }
}

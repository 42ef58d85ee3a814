//! Key specs, and which algorithm each takes.
//!
//! Source: KMS Developer Guide, "Key spec reference"; the API's enumerations KeySpec, SigningAlgorithmSpec, MessageType,
//! EncryptionAlgorithmSpec.

/// What kind of key pair, by the API's KeySpec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyPairSpec {
    Rsa2048,
    Rsa3072,
    Rsa4096,
    P256,
    P384,
    P521,
    Secp256k1,
    Ed25519,
    MlDsa44,
    MlDsa65,
    MlDsa87,
    MlKem512,
    MlKem768,
    MlKem1024,
}

/// The algorithm behind a spec.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Rsa(RsaSize),
    Ec(Curve),
    Ed25519,
    MlDsa(MlDsaSet),
    MlKem(MlKemSet),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RsaSize {
    Bits2048,
    Bits3072,
    Bits4096,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
    Secp256k1,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MlDsaSet {
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MlKemSet {
    MlKem512,
    MlKem768,
    MlKem1024,
}

const RSA_SIGNING: &[SigningAlgorithm] = &[
    SigningAlgorithm::RsassaPssSha256,
    SigningAlgorithm::RsassaPssSha384,
    SigningAlgorithm::RsassaPssSha512,
    SigningAlgorithm::RsassaPkcs1V15Sha256,
    SigningAlgorithm::RsassaPkcs1V15Sha384,
    SigningAlgorithm::RsassaPkcs1V15Sha512,
];

impl KeyPairSpec {
    pub const ALL: [Self; 14] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::P256,
        Self::P384,
        Self::P521,
        Self::Secp256k1,
        Self::Ed25519,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
        Self::MlKem512,
        Self::MlKem768,
        Self::MlKem1024,
    ];

    /// The API's name: `RSA_2048`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA_2048",
            Self::Rsa3072 => "RSA_3072",
            Self::Rsa4096 => "RSA_4096",
            Self::P256 => "ECC_NIST_P256",
            Self::P384 => "ECC_NIST_P384",
            Self::P521 => "ECC_NIST_P521",
            Self::Secp256k1 => "ECC_SECG_P256K1",
            Self::Ed25519 => "ECC_NIST_EDWARDS25519",
            Self::MlDsa44 => "ML_DSA_44",
            Self::MlDsa65 => "ML_DSA_65",
            Self::MlDsa87 => "ML_DSA_87",
            Self::MlKem512 => "ML_KEM_512",
            Self::MlKem768 => "ML_KEM_768",
            Self::MlKem1024 => "ML_KEM_1024",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|spec| spec.name() == name)
    }

    /// What it can sign with; empty for a key that signs nothing.
    #[must_use]
    pub const fn signing_algorithms(self) -> &'static [SigningAlgorithm] {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => RSA_SIGNING,
            Self::P256 | Self::Secp256k1 => &[SigningAlgorithm::EcdsaSha256],
            Self::P384 => &[SigningAlgorithm::EcdsaSha384],
            Self::P521 => &[SigningAlgorithm::EcdsaSha512],
            Self::Ed25519 => &[SigningAlgorithm::Ed25519Sha512, SigningAlgorithm::Ed25519PhSha512],
            Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => &[SigningAlgorithm::MlDsaShake256],
            Self::MlKem512 | Self::MlKem768 | Self::MlKem1024 => &[],
        }
    }

    /// What it can encrypt and decrypt with: RSA alone does.
    #[must_use]
    pub const fn encryption_algorithms(self) -> &'static [EncryptionAlgorithm] {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => &EncryptionAlgorithm::ALL,
            Self::P256
            | Self::P384
            | Self::P521
            | Self::Secp256k1
            | Self::Ed25519
            | Self::MlDsa44
            | Self::MlDsa65
            | Self::MlDsa87
            | Self::MlKem512
            | Self::MlKem768
            | Self::MlKem1024 => &[],
        }
    }

    /// The longest plaintext of [`PublicKey::encrypt`](super::PublicKey::encrypt), in bytes (RFC 8017, 7.1.1). None for a
    /// key that does not encrypt.
    #[must_use]
    pub fn plaintext_bytes_max(self, algorithm: EncryptionAlgorithm) -> Option<usize> {
        match self.family() {
            Family::Rsa(size) => Some(size.bytes() - 2 * algorithm.hash_len() - 2),
            Family::Ec(_) | Family::Ed25519 | Family::MlDsa(_) | Family::MlKem(_) => None,
        }
    }

    /// Whether it can agree on a secret with a peer's key (ECDH): NIST's curves alone do.
    #[must_use]
    pub const fn agrees(self) -> bool {
        matches!(self, Self::P256 | Self::P384 | Self::P521)
    }

    /// The length of an encapsulated secret, in bytes (FIPS 203, table 3). None for what is no ML-KEM key.
    #[must_use]
    pub const fn encapsulated_len(self) -> Option<usize> {
        match self {
            Self::MlKem512 => Some(768),
            Self::MlKem768 => Some(1088),
            Self::MlKem1024 => Some(1568),
            Self::Rsa2048
            | Self::Rsa3072
            | Self::Rsa4096
            | Self::P256
            | Self::P384
            | Self::P521
            | Self::Secp256k1
            | Self::Ed25519
            | Self::MlDsa44
            | Self::MlDsa65
            | Self::MlDsa87 => None,
        }
    }

    pub(super) const fn family(self) -> Family {
        match self {
            Self::Rsa2048 => Family::Rsa(RsaSize::Bits2048),
            Self::Rsa3072 => Family::Rsa(RsaSize::Bits3072),
            Self::Rsa4096 => Family::Rsa(RsaSize::Bits4096),
            Self::P256 => Family::Ec(Curve::P256),
            Self::P384 => Family::Ec(Curve::P384),
            Self::P521 => Family::Ec(Curve::P521),
            Self::Secp256k1 => Family::Ec(Curve::Secp256k1),
            Self::Ed25519 => Family::Ed25519,
            Self::MlDsa44 => Family::MlDsa(MlDsaSet::MlDsa44),
            Self::MlDsa65 => Family::MlDsa(MlDsaSet::MlDsa65),
            Self::MlDsa87 => Family::MlDsa(MlDsaSet::MlDsa87),
            Self::MlKem512 => Family::MlKem(MlKemSet::MlKem512),
            Self::MlKem768 => Family::MlKem(MlKemSet::MlKem768),
            Self::MlKem1024 => Family::MlKem(MlKemSet::MlKem1024),
        }
    }

    /// What the AlgorithmIdentifier of a key holds: the object identifier, and the parameters where there are any.
    /// RFC 3279 2.3.1 (RSA), RFC 5480 2.1 (curves), RFC 8410 3 (Ed25519), RFC 9881 2 (ML-DSA), RFC 9935 3 (ML-KEM).
    pub(crate) const fn algorithm_identifier(self) -> &'static [u8] {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => {
                b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"
            }
            Self::P256 => b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
            Self::P384 => b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22",
            Self::P521 => b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23",
            Self::Secp256k1 => b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x0a",
            Self::Ed25519 => b"\x06\x03\x2b\x65\x70",
            Self::MlDsa44 => b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x11",
            Self::MlDsa65 => b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x12",
            Self::MlDsa87 => b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x13",
            Self::MlKem512 => b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x04\x01",
            Self::MlKem768 => b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x04\x02",
            Self::MlKem1024 => b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x04\x03",
        }
    }
}

impl RsaSize {
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Bits2048 => 256,
            Self::Bits3072 => 384,
            Self::Bits4096 => 512,
        }
    }
}

impl Curve {
    /// The length of a coordinate and of a private key, in bytes.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::P256 | Self::Secp256k1 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

impl MlDsaSet {
    /// FIPS 204, table 2.
    pub(super) const fn public_key_len(self) -> usize {
        match self {
            Self::MlDsa44 => 1312,
            Self::MlDsa65 => 1952,
            Self::MlDsa87 => 2592,
        }
    }
}

impl MlKemSet {
    /// FIPS 203, table 3.
    pub(super) const fn public_key_len(self) -> usize {
        match self {
            Self::MlKem512 => 800,
            Self::MlKem768 => 1184,
            Self::MlKem1024 => 1568,
        }
    }
}

/// How to sign, by the API's SigningAlgorithmSpec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SigningAlgorithm {
    /// RFC 8017, 8.1, with MGF1 over the same hash and a salt as long as it; so the two below.
    RsassaPssSha256,
    RsassaPssSha384,
    RsassaPssSha512,
    /// RFC 8017, 8.2; so the two below.
    RsassaPkcs1V15Sha256,
    RsassaPkcs1V15Sha384,
    RsassaPkcs1V15Sha512,
    /// FIPS 186-5, 6, encoded in DER (RFC 3279, 2.2.3); so the two below.
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
    /// RFC 8032, Ed25519.
    Ed25519Sha512,
    /// RFC 8032, Ed25519ph. The message is what the caller says is a SHA-512 digest, and is hashed again.
    Ed25519PhSha512,
    /// FIPS 204, hedged, with an empty context.
    MlDsaShake256,
}

impl SigningAlgorithm {
    pub const ALL: [Self; 12] = [
        Self::RsassaPssSha256,
        Self::RsassaPssSha384,
        Self::RsassaPssSha512,
        Self::RsassaPkcs1V15Sha256,
        Self::RsassaPkcs1V15Sha384,
        Self::RsassaPkcs1V15Sha512,
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::EcdsaSha512,
        Self::Ed25519Sha512,
        Self::Ed25519PhSha512,
        Self::MlDsaShake256,
    ];

    /// The API's name: `RSASSA_PSS_SHA_256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsassaPssSha256 => "RSASSA_PSS_SHA_256",
            Self::RsassaPssSha384 => "RSASSA_PSS_SHA_384",
            Self::RsassaPssSha512 => "RSASSA_PSS_SHA_512",
            Self::RsassaPkcs1V15Sha256 => "RSASSA_PKCS1_V1_5_SHA_256",
            Self::RsassaPkcs1V15Sha384 => "RSASSA_PKCS1_V1_5_SHA_384",
            Self::RsassaPkcs1V15Sha512 => "RSASSA_PKCS1_V1_5_SHA_512",
            Self::EcdsaSha256 => "ECDSA_SHA_256",
            Self::EcdsaSha384 => "ECDSA_SHA_384",
            Self::EcdsaSha512 => "ECDSA_SHA_512",
            Self::Ed25519Sha512 => "ED25519_SHA_512",
            Self::Ed25519PhSha512 => "ED25519_PH_SHA_512",
            Self::MlDsaShake256 => "ML_DSA_SHAKE_256",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// What kinds of message it signs. The first is the default where the API allows it to be left out; only
    /// Ed25519ph takes no [`MessageType::Raw`].
    #[must_use]
    pub const fn message_types(self) -> &'static [MessageType] {
        match self {
            Self::RsassaPssSha256
            | Self::RsassaPssSha384
            | Self::RsassaPssSha512
            | Self::RsassaPkcs1V15Sha256
            | Self::RsassaPkcs1V15Sha384
            | Self::RsassaPkcs1V15Sha512
            | Self::EcdsaSha256
            | Self::EcdsaSha384
            | Self::EcdsaSha512 => &[MessageType::Raw, MessageType::Digest],
            Self::Ed25519Sha512 => &[MessageType::Raw],
            Self::Ed25519PhSha512 => &[MessageType::Digest],
            Self::MlDsaShake256 => &[MessageType::Raw, MessageType::ExternalMu],
        }
    }

    /// The length that a [`MessageType::Digest`] or [`MessageType::ExternalMu`] must have, in bytes.
    #[must_use]
    pub const fn digest_len(self) -> usize {
        match self {
            Self::RsassaPssSha256 | Self::RsassaPkcs1V15Sha256 | Self::EcdsaSha256 => 32,
            Self::RsassaPssSha384 | Self::RsassaPkcs1V15Sha384 | Self::EcdsaSha384 => 48,
            Self::RsassaPssSha512
            | Self::RsassaPkcs1V15Sha512
            | Self::EcdsaSha512
            | Self::Ed25519Sha512
            | Self::Ed25519PhSha512
            | Self::MlDsaShake256 => 64,
        }
    }
}

/// What the message to be signed is, by the API's MessageType.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// The message itself, to be hashed here.
    Raw,
    /// Its digest, by the algorithm's hash.
    Digest,
    /// The 64-byte µ of FIPS 204, 6.2: SHAKE256 over the hash of the public key, the context and the message.
    ExternalMu,
}

impl MessageType {
    pub const ALL: [Self; 3] = [Self::Raw, Self::Digest, Self::ExternalMu];

    /// The API's name: `RAW`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "RAW",
            Self::Digest => "DIGEST",
            Self::ExternalMu => "EXTERNAL_MU",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How to encrypt with an RSA key, by the API's EncryptionAlgorithmSpec: RFC 8017, 7.1, with MGF1 over the same hash
/// and an empty label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EncryptionAlgorithm {
    RsaesOaepSha1,
    RsaesOaepSha256,
}

impl EncryptionAlgorithm {
    pub const ALL: [Self; 2] = [Self::RsaesOaepSha1, Self::RsaesOaepSha256];

    /// The API's name: `RSAES_OAEP_SHA_1`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaesOaepSha1 => "RSAES_OAEP_SHA_1",
            Self::RsaesOaepSha256 => "RSAES_OAEP_SHA_256",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    const fn hash_len(self) -> usize {
        match self {
            Self::RsaesOaepSha1 => 20,
            Self::RsaesOaepSha256 => 32,
        }
    }
}

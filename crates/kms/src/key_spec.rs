//! What a key is made of and what it may be used for, and which algorithms go with that.
//!
//! Source: KMS Developer Guide, "Key spec reference"; the tables of algorithms are the crypto crate's.

use keywright_aws::kms;
use keywright_crypto::{KeyPairSpec, MacSpec};

/// What a key is made of, by the API's name; decides what it can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeySpec {
    /// AES-256-GCM under a message key derived for each message.
    SymmetricDefault,
    Mac(MacSpec),
    Pair(KeyPairSpec),
}

/// The three classes between which an alias cannot move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyClass {
    Symmetric,
    Mac,
    Asymmetric,
}

impl KeySpec {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SymmetricDefault => "SYMMETRIC_DEFAULT",
            Self::Mac(spec) => spec.name(),
            Self::Pair(spec) => spec.name(),
        }
    }

    /// None for a name that no key here has: SM2, which AWS offers in China only.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == Self::SymmetricDefault.as_str() {
            return Some(Self::SymmetricDefault);
        }
        MacSpec::from_name(text).map(Self::Mac).or_else(|| KeyPairSpec::from_name(text).map(Self::Pair))
    }

    #[must_use]
    pub const fn class(self) -> KeyClass {
        match self {
            Self::SymmetricDefault => KeyClass::Symmetric,
            Self::Mac(_) => KeyClass::Mac,
            Self::Pair(_) => KeyClass::Asymmetric,
        }
    }

    /// Whether keys of it can have that usage.
    #[must_use]
    pub const fn allows(self, usage: KeyUsage) -> bool {
        match (self, usage) {
            (Self::SymmetricDefault, usage) => matches!(usage, KeyUsage::EncryptDecrypt),
            (Self::Mac(_), usage) => matches!(usage, KeyUsage::GenerateVerifyMac),
            (Self::Pair(spec), KeyUsage::EncryptDecrypt) => !spec.encryption_algorithms().is_empty(),
            (Self::Pair(spec), KeyUsage::SignVerify) => !spec.signing_algorithms().is_empty(),
            (Self::Pair(spec), KeyUsage::KeyAgreement) => spec.agrees(),
            (Self::Pair(spec), KeyUsage::EncapsulateDecapsulate) => spec.encapsulated_len().is_some(),
            (Self::Pair(_), KeyUsage::GenerateVerifyMac) => false,
        }
    }

    /// Whether its key material can be exchanged under one key id: only there does a ciphertext name it.
    #[must_use]
    pub const fn rotates(self) -> bool {
        matches!(self, Self::SymmetricDefault)
    }

    /// Whether work with its private key is too slow for the threads that serve requests: more than some tens of
    /// microseconds (docs/performance.md).
    #[must_use]
    pub const fn is_slow(self) -> bool {
        match self {
            Self::SymmetricDefault | Self::Mac(_) => false,
            Self::Pair(spec) => match spec {
                KeyPairSpec::P256
                | KeyPairSpec::Ed25519
                | KeyPairSpec::MlKem512
                | KeyPairSpec::MlKem768
                | KeyPairSpec::MlKem1024 => false,
                KeyPairSpec::Rsa2048
                | KeyPairSpec::Rsa3072
                | KeyPairSpec::Rsa4096
                | KeyPairSpec::P384
                | KeyPairSpec::P521
                | KeyPairSpec::Secp256k1
                | KeyPairSpec::MlDsa44
                | KeyPairSpec::MlDsa65
                | KeyPairSpec::MlDsa87 => true,
            },
        }
    }
}

/// What a key may be used for; fixed when it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUsage {
    EncryptDecrypt,
    SignVerify,
    GenerateVerifyMac,
    KeyAgreement,
    EncapsulateDecapsulate,
}

impl KeyUsage {
    const ALL: [Self; 5] = [
        Self::EncryptDecrypt,
        Self::SignVerify,
        Self::GenerateVerifyMac,
        Self::KeyAgreement,
        Self::EncapsulateDecapsulate,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EncryptDecrypt => "ENCRYPT_DECRYPT",
            Self::SignVerify => "SIGN_VERIFY",
            Self::GenerateVerifyMac => "GENERATE_VERIFY_MAC",
            Self::KeyAgreement => "KEY_AGREEMENT",
            Self::EncapsulateDecapsulate => "ENCAPSULATE_DECAPSULATE",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|usage| usage.as_str() == text)
    }
}

/// The algorithms of a key, as KeyMetadata and GetPublicKey list them: those of its usage, none of the others'.
#[derive(Default)]
pub(crate) struct Algorithms {
    pub(crate) encryption: Option<Vec<kms::EncryptionAlgorithmSpec>>,
    pub(crate) signing: Option<Vec<kms::SigningAlgorithmSpec>>,
    pub(crate) mac: Option<Vec<kms::MacAlgorithmSpec>>,
    pub(crate) agreement: Option<Vec<kms::KeyAgreementAlgorithmSpec>>,
    pub(crate) encapsulation: Option<Vec<kms::EncapsulationAlgorithmSpec>>,
}

impl Algorithms {
    pub(crate) fn of(spec: KeySpec, usage: KeyUsage) -> Self {
        let none = Self::default();
        match (spec, usage) {
            (KeySpec::SymmetricDefault, _) => {
                Self { encryption: Some(vec![kms::EncryptionAlgorithmSpec::SymmetricDefault]), ..none }
            }
            (KeySpec::Mac(spec), _) => {
                Self { mac: kms::MacAlgorithmSpec::parse(spec.algorithm_name()).map(|one| vec![one]), ..none }
            }
            (KeySpec::Pair(spec), KeyUsage::EncryptDecrypt) => {
                let algorithms = spec.encryption_algorithms().iter();
                let known = algorithms.filter_map(|one| kms::EncryptionAlgorithmSpec::parse(one.name()));
                Self { encryption: Some(known.collect()), ..none }
            }
            (KeySpec::Pair(spec), KeyUsage::SignVerify) => {
                let algorithms = spec.signing_algorithms().iter();
                let known = algorithms.filter_map(|one| kms::SigningAlgorithmSpec::parse(one.name()));
                Self { signing: Some(known.collect()), ..none }
            }
            (KeySpec::Pair(_), KeyUsage::KeyAgreement) => {
                Self { agreement: Some(vec![kms::KeyAgreementAlgorithmSpec::Ecdh]), ..none }
            }
            (KeySpec::Pair(_), KeyUsage::EncapsulateDecapsulate) => {
                Self { encapsulation: Some(vec![kms::EncapsulationAlgorithmSpec::MlKem]), ..none }
            }
            (KeySpec::Pair(_), KeyUsage::GenerateVerifyMac) => none,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithms, KeySpec, KeyUsage};
    use keywright_aws::kms;

    /// KMS Developer Guide, "Key spec reference": spec, its usages, and the algorithms of each.
    const TABLE: &[(&str, &[(&str, &str)])] = &[
        ("SYMMETRIC_DEFAULT", &[("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT")]),
        ("HMAC_224", &[("GENERATE_VERIFY_MAC", "HMAC_SHA_224")]),
        ("HMAC_256", &[("GENERATE_VERIFY_MAC", "HMAC_SHA_256")]),
        ("HMAC_384", &[("GENERATE_VERIFY_MAC", "HMAC_SHA_384")]),
        ("HMAC_512", &[("GENERATE_VERIFY_MAC", "HMAC_SHA_512")]),
        ("RSA_2048", RSA),
        ("RSA_3072", RSA),
        ("RSA_4096", RSA),
        ("ECC_NIST_P256", &[("SIGN_VERIFY", "ECDSA_SHA_256"), ("KEY_AGREEMENT", "ECDH")]),
        ("ECC_NIST_P384", &[("SIGN_VERIFY", "ECDSA_SHA_384"), ("KEY_AGREEMENT", "ECDH")]),
        ("ECC_NIST_P521", &[("SIGN_VERIFY", "ECDSA_SHA_512"), ("KEY_AGREEMENT", "ECDH")]),
        ("ECC_SECG_P256K1", &[("SIGN_VERIFY", "ECDSA_SHA_256")]),
        ("ECC_NIST_EDWARDS25519", &[("SIGN_VERIFY", "ED25519_SHA_512 ED25519_PH_SHA_512")]),
        ("ML_DSA_44", &[("SIGN_VERIFY", "ML_DSA_SHAKE_256")]),
        ("ML_DSA_65", &[("SIGN_VERIFY", "ML_DSA_SHAKE_256")]),
        ("ML_DSA_87", &[("SIGN_VERIFY", "ML_DSA_SHAKE_256")]),
        ("ML_KEM_512", &[("ENCAPSULATE_DECAPSULATE", "ML_KEM")]),
        ("ML_KEM_768", &[("ENCAPSULATE_DECAPSULATE", "ML_KEM")]),
        ("ML_KEM_1024", &[("ENCAPSULATE_DECAPSULATE", "ML_KEM")]),
    ];
    const RSA: &[(&str, &str)] = &[
        ("ENCRYPT_DECRYPT", "RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256"),
        (
            "SIGN_VERIFY",
            "RSASSA_PSS_SHA_256 RSASSA_PSS_SHA_384 RSASSA_PSS_SHA_512 \
             RSASSA_PKCS1_V1_5_SHA_256 RSASSA_PKCS1_V1_5_SHA_384 RSASSA_PKCS1_V1_5_SHA_512",
        ),
    ];

    #[test]
    fn usages_and_algorithms_are_those_of_the_reference() {
        for spec in kms::KeySpec::ALL {
            let wanted = TABLE.iter().find(|(name, _)| *name == spec.as_str());
            let Some(spec) = KeySpec::parse(spec.as_str()) else {
                assert!(wanted.is_none() && spec.as_str() == "SM2", "{}", spec.as_str());
                continue;
            };
            let (_, wanted) = wanted.expect("the table has every spec");
            for usage in KeyUsage::ALL {
                let algorithms = wanted.iter().find(|(name, _)| *name == usage.as_str());
                assert_eq!(spec.allows(usage), algorithms.is_some(), "{spec:?} {usage:?}");
                let Some((_, algorithms)) = algorithms else { continue };
                let found = Algorithms::of(spec, usage);
                let mut names: Vec<&str> = Vec::new();
                names.extend(found.encryption.iter().flatten().map(|one| one.as_str()));
                names.extend(found.signing.iter().flatten().map(|one| one.as_str()));
                names.extend(found.mac.iter().flatten().map(|one| one.as_str()));
                names.extend(found.agreement.iter().flatten().map(|one| one.as_str()));
                names.extend(found.encapsulation.iter().flatten().map(|one| one.as_str()));
                names.sort_unstable();
                let mut wanted: Vec<&str> = algorithms.split(' ').collect();
                wanted.sort_unstable();
                assert_eq!(names, wanted, "{spec:?} {usage:?}");
            }
        }
    }
}

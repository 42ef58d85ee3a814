//! What a ciphertext was made with, told without opening it.

mod common;

use common::{DAY, NEW_YEAR, TestServer, base64, unbase64};
use keywright_testkit::{Engine, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    each_ciphertext_is_of_the_key_material_of_its_time,
    looking_is_no_use_and_proves_nothing,
}

async fn inspect(server: &TestServer, blob: &str) -> Value {
    let request = json!({ "CiphertextBlob": blob });
    server.call("keywright", "Keywright.InspectCiphertext", &request).await.expect("it is told")
}

async fn each_ciphertext_is_of_the_key_material_of_its_time(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = server.create_key().await;
    let period = json!({ "KeyId": key, "RotationPeriodInDays": 90 });
    server.kms("EnableKeyRotation", period).await.expect("rotation is enabled");
    let mut blobs = Vec::new();
    for number in 0..4_u32 {
        server.clock.set(NEW_YEAR.plus_days(90 * number));
        server.server().reconcile().await;
        // A day after the rotation: the date is the key material's, not the ciphertext's.
        server.advance(DAY).await;
        blobs.push((server.encrypt(&key, "x").await, server.current_material(&key).await));
    }
    for (number, (blob, material)) in (1_u32..).zip(&blobs) {
        let told = inspect(&server, blob).await;
        assert_eq!(told["KeyMaterialId"], json!(material));
        assert_eq!(told["KeyMaterialNumber"], json!(number));
        assert_eq!(told["CurrentKeyMaterialNumber"], json!(4));
        let state = if number == 4 { "CURRENT" } else { "NON_CURRENT" };
        assert_eq!(told["KeyMaterialState"], json!(state), "number {number}");
        #[expect(clippy::cast_precision_loss, reason = "seconds of this century are exact in an f64")]
        let made = NEW_YEAR.plus_days(90 * (number - 1)).as_seconds() as f64;
        assert_eq!(told["KeyMaterialDate"].as_f64(), Some(made));
        let why = if number == 1 { Value::Null } else { json!("AUTOMATIC") };
        assert_eq!(told["RotationType"], why);
    }
}

async fn looking_is_no_use_and_proves_nothing(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    let key = server.create_key().await;
    let blob = server.encrypt(&key, "x").await;
    // A new start has nothing unwrapped.
    server.stop().await;
    server.begin().await;
    let before = server.kms("GetKeyLastUsage", json!({ "KeyId": key })).await.expect("a last use");
    let mut damaged = unbase64(&blob);
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let told = inspect(&server, &base64(&damaged)).await;
    assert_eq!(told["KeyMaterialState"], json!("CURRENT"), "the header is believed");
    assert!(told.get("Plaintext").is_none());
    let refusal = server.decrypt(&base64(&damaged)).await.expect_err("it does not open");
    assert_eq!(refusal.code, "InvalidCiphertextException");
    server.server().reconcile().await;
    let after = server.kms("GetKeyLastUsage", json!({ "KeyId": key })).await.expect("a last use");
    assert_eq!(before, after, "a look is no use");
    assert_eq!(server.decrypt(&blob).await.as_deref(), Ok("x"));
}

//! The end of imported key material, with a clock that the test moves.

mod common;

use common::{DAY, NEW_YEAR, Refusal, TestServer, base64, unbase64};
use keywright_crypto::{EncryptionAlgorithm, PublicKey};
use keywright_testkit::{Engine, on_both_engines};
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines! {
    key_material_ends_on_its_day_is_told_of_once_and_comes_back,
    a_server_that_was_down_removes_what_ended_before_anybody_uses_it,
    what_waits_for_a_rotation_ends_too_and_nothing_else_with_it,
    an_import_token_lasts_a_day,
    a_row_put_back_by_sql_is_not_key_material,
}

async fn parameters(server: &TestServer, key: &str) -> Value {
    let asked =
        json!({ "KeyId": key, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048" });
    server.kms("GetParametersForImport", asked).await.expect("parameters")
}

/// Wraps `material` for these parameters and imports it.
async fn bring(
    server: &TestServer,
    key: &str,
    parameters: &Value,
    material: &[u8],
    members: Value,
) -> Result<Value, Refusal> {
    let spki = unbase64(parameters["PublicKey"].as_str().expect("a public key"));
    let public = PublicKey::from_spki(&spki).expect("it parses");
    let wrapped = public.encrypt(EncryptionAlgorithm::RsaesOaepSha256, material).expect("it wraps");
    let mut input = json!({
        "KeyId": key, "ImportToken": parameters["ImportToken"], "EncryptedKeyMaterial": base64(&wrapped),
    });
    for (name, value) in members.as_object().expect("members") {
        input[name] = value.clone();
    }
    server.kms("ImportKeyMaterial", input).await
}

fn until(days: u32) -> Value {
    json!({ "ValidTo": NEW_YEAR.plus_days(days).as_seconds() })
}

fn for_ever() -> Value {
    json!({ "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE" })
}

/// A key with material that ends after so many days, and a blob of it.
async fn mortal(server: &TestServer, days: u32) -> (String, String) {
    let key = server.create_key_with(json!({ "Origin": "EXTERNAL" })).await;
    let given = parameters(server, &key).await;
    bring(server, &key, &given, &[7; 32], until(days)).await.expect("it is imported");
    let blob = server.encrypt(&key, "mine").await;
    (key, blob)
}

async fn state(server: &TestServer, key: &str) -> String {
    let shown = server.kms("DescribeKey", json!({ "KeyId": key })).await.expect("it is described");
    shown["KeyMetadata"]["KeyState"].as_str().expect("a state").to_owned()
}

async fn key_material_ends_on_its_day_is_told_of_once_and_comes_back(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (key, blob) = mortal(&server, 10).await;
    server.advance(DAY * 10 - Duration::from_secs(1)).await;
    assert_eq!(state(&server, &key).await, "Enabled", "a second too early nothing happens");
    server.advance(Duration::from_secs(1)).await;
    assert_eq!(state(&server, &key).await, "PendingImport");
    server.advance(Duration::from_secs(60)).await;
    assert_eq!(server.database.number("SELECT count(*) FROM key_materials"), 0, "its bytes are gone");
    assert_eq!(server.decrypt(&blob).await.expect_err("closed").code, "KMSInvalidStateException");
    let told = "SELECT count(*) FROM outbox WHERE detail_type = 'KMS Imported Key Material Expiration'";
    assert_eq!(server.database.number(told), 1);
    let trail = server.trail();
    let ended: Vec<&Value> =
        trail.iter().filter(|record| record["eventName"] == "DeleteExpiredKeyMaterial").collect();
    let [ended] = ended.as_slice() else { panic!("one record, not {ended:?}") };
    assert_eq!(ended["eventType"], "AwsServiceEvent");
    assert_eq!(ended["serviceEventDetails"]["keyMaterialId"].as_str().map(str::len), Some(64));
    let given = parameters(&server, &key).await;
    bring(&server, &key, &given, &[7; 32], for_ever()).await.expect("the same comes back");
    assert_eq!(server.decrypt(&blob).await.as_deref(), Ok("mine"));
}

async fn a_server_that_was_down_removes_what_ended_before_anybody_uses_it(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    let (key, blob) = mortal(&server, 10).await;
    server.stop().await;
    server.clock.advance(DAY * 11);
    server.begin().await;
    // Whether or not a timer has run by now.
    assert_eq!(server.decrypt(&blob).await.expect_err("closed").code, "KMSInvalidStateException");
    server.server().reconcile().await;
    assert_eq!(state(&server, &key).await, "PendingImport");
}

async fn what_waits_for_a_rotation_ends_too_and_nothing_else_with_it(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (key, blob) = mortal(&server, 300).await;
    let given = parameters(&server, &key).await;
    let mut members = until(5);
    members["ImportType"] = json!("NEW_KEY_MATERIAL");
    bring(&server, &key, &given, &[8; 32], members).await.expect("it waits");
    server.advance(DAY * 5).await;
    assert_eq!(state(&server, &key).await, "Enabled");
    let rotate = server.kms("RotateKeyOnDemand", json!({ "KeyId": key })).await.expect_err("nothing waits");
    assert_eq!(rotate.code, "KMSInvalidStateException");
    assert_eq!(server.database.number("SELECT count(*) FROM key_materials"), 1);
    assert_eq!(server.decrypt(&blob).await.as_deref(), Ok("mine"));
}

async fn an_import_token_lasts_a_day(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = server.create_key_with(json!({ "Origin": "EXTERNAL" })).await;
    let given = parameters(&server, &key).await;
    server.advance(DAY).await;
    let late = bring(&server, &key, &given, &[7; 32], for_ever()).await.expect_err("it is over");
    assert_eq!(late.code, "ExpiredImportTokenException");
    let given = parameters(&server, &key).await;
    server.advance(DAY - Duration::from_secs(1)).await;
    bring(&server, &key, &given, &[7; 32], for_ever()).await.expect("in time");
}

async fn a_row_put_back_by_sql_is_not_key_material(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    let (key, blob) = mortal(&server, 10).await;
    server.database.sql("CREATE TABLE kept AS SELECT * FROM key_materials");
    server.kms("DeleteImportedKeyMaterial", json!({ "KeyId": key })).await.expect("it is deleted");
    server.database.sql("INSERT INTO key_materials SELECT * FROM kept");
    server.stop().await;
    server.begin().await;
    assert_eq!(state(&server, &key).await, "PendingImport");
    assert_eq!(server.decrypt(&blob).await.expect_err("closed").code, "KMSInvalidStateException");
}

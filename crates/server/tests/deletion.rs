//! The end of a key, and what keeps it from coming too early.

mod common;

use common::{DAY, TestServer};
use keywright_testkit::{Engine, on_both_engines};
use serde_json::json;
use std::time::Duration;

on_both_engines! {
    a_key_is_destroyed_after_its_whole_waiting_period_with_all_that_is_its,
    a_cancelled_key_lives,
    a_clock_that_jumps_destroys_nothing_before_a_day_of_uptime,
    downtime_holds_destruction_back_too,
}

async fn doomed_key(server: &TestServer) -> (String, String) {
    let key = server.create_key().await;
    server
        .kms("CreateAlias", json!({ "AliasName": "alias/doomed", "TargetKeyId": key }))
        .await
        .expect("an alias");
    let blob = server.encrypt(&key, "gone").await;
    let schedule = json!({ "KeyId": key, "PendingWindowInDays": 7 });
    server.kms("ScheduleKeyDeletion", schedule).await.expect("scheduled");
    (key, blob)
}

async fn exists(server: &TestServer, key: &str) -> bool {
    match server.kms("DescribeKey", json!({ "KeyId": key })).await {
        Ok(_) => true,
        Err(refusal) => {
            assert_eq!(refusal.code, "NotFoundException");
            false
        }
    }
}

async fn a_key_is_destroyed_after_its_whole_waiting_period_with_all_that_is_its(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (key, blob) = doomed_key(&server).await;
    server.live(6).await;
    assert!(exists(&server, &key).await);
    server.live(1).await;
    assert!(!exists(&server, &key).await);
    let count = |sql: &str| server.database.number(sql);
    assert_eq!(count("SELECT count(*) FROM keys"), 0);
    assert_eq!(count("SELECT count(*) FROM key_materials"), 0, "no backing key is left");
    assert_eq!(count("SELECT count(*) FROM aliases"), 0);
    assert_eq!(count("SELECT count(*) FROM key_tombstones"), 1);
    assert_eq!(count("SELECT count(*) FROM outbox WHERE detail_type = 'KMS CMK Deletion'"), 1);
    let deleted = server.trail().into_iter().filter(|record| record["eventName"] == "DeleteKey").count();
    assert_eq!(deleted, 1);
    let refused = server.decrypt(&blob).await.expect_err("nothing opens it any more");
    assert_eq!(refused.code, "AccessDeniedException");
    assert!(refused.message.contains(
        "on the resource associated with this ciphertext because the resource does not exist in this Region"
    ));
    server
        .kms("CreateAlias", json!({ "AliasName": "alias/doomed", "TargetKeyId": server.create_key().await }))
        .await
        .expect("the name is free");
}

async fn a_cancelled_key_lives(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (key, blob) = doomed_key(&server).await;
    server.live(6).await;
    server.kms("CancelKeyDeletion", json!({ "KeyId": key })).await.expect("cancelled");
    server.live(10).await;
    server.kms("EnableKey", json!({ "KeyId": key })).await.expect("enabled");
    assert_eq!(server.decrypt(&blob).await.as_deref(), Ok("gone"));
}

async fn a_clock_that_jumps_destroys_nothing_before_a_day_of_uptime(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (key, _) = doomed_key(&server).await;
    server.advance(Duration::from_secs(60)).await;
    server.advance(DAY * 3650).await;
    assert!(exists(&server, &key).await, "ten years ahead in one step is a broken clock");
    for _ in 0..47 {
        server.advance(Duration::from_secs(1800)).await;
    }
    assert!(exists(&server, &key).await, "23.5 hours of uptime are not a day");
    server.advance(Duration::from_secs(1800)).await;
    assert!(!exists(&server, &key).await);
}

async fn downtime_holds_destruction_back_too(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    let (key, _) = doomed_key(&server).await;
    server.server().reconcile().await;
    server.stop().await;
    server.clock.advance(DAY * 30);
    server.begin().await;
    server.server().reconcile().await;
    assert!(exists(&server, &key).await, "who was away for a month may want it back first");
    server.live(1).await;
    server.advance(Duration::from_secs(1800)).await;
    assert!(!exists(&server, &key).await);
}

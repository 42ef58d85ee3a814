//! Rotation and the end of multi-Region keys, with a clock that the test moves.

mod common;

use common::{DAY, TestServer};
use keywright_testkit::{Engine, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    all_related_keys_rotate_in_one_commit_when_the_primary_key_is_due,
    the_last_replica_that_ends_begins_the_primary_keys_waiting_period,
    a_replica_that_was_destroyed_is_made_again,
}

const WEST: &str = "eu-west-2";
const SOUTH: &str = "ap-southeast-2";

async fn family(server: &TestServer, regions: &[&str]) -> String {
    let key = server.create_key_with(json!({ "MultiRegion": true })).await;
    for region in regions {
        let replicate = json!({ "KeyId": key, "ReplicaRegion": region });
        server.kms("ReplicateKey", replicate).await.expect("a replica");
    }
    key
}

async fn metadata(server: &TestServer, region: &str, key: &str) -> Option<Value> {
    match server.kms_in(region, "DescribeKey", json!({ "KeyId": key })).await {
        Ok(shown) => Some(shown["KeyMetadata"].clone()),
        Err(refusal) => {
            assert_eq!(refusal.code, "NotFoundException");
            None
        }
    }
}

async fn all_related_keys_rotate_in_one_commit_when_the_primary_key_is_due(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = family(&server, &[WEST, SOUTH]).await;
    let period = json!({ "KeyId": key, "RotationPeriodInDays": 90 });
    server.kms("EnableKeyRotation", period).await.expect("rotation is enabled");
    server.kms_in(WEST, "DisableKey", json!({ "KeyId": key })).await.expect("a replica may be disabled");
    for round in 1..=3 {
        server.advance(DAY * 90).await;
        let distinct = "SELECT count(DISTINCT current_material_id) FROM keys";
        assert_eq!(server.database.number(distinct), 1);
        assert_eq!(server.database.number("SELECT count(*) FROM key_materials"), 3 * (round + 1));
        let told = "SELECT count(*) FROM outbox WHERE detail_type = 'KMS CMK Rotation'";
        assert_eq!(server.database.number(told), 3 * round, "one event a Region");
    }
    let records = server.trail();
    let mut regions: Vec<&str> = records
        .iter()
        .filter(|record| record["eventName"] == "RotateKey")
        .filter_map(|record| record["awsRegion"].as_str())
        .collect();
    regions.sort_unstable();
    regions.dedup();
    assert_eq!(regions, [SOUTH, "eu-central-1", WEST]);
}

async fn the_last_replica_that_ends_begins_the_primary_keys_waiting_period(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = family(&server, &[WEST, SOUTH]).await;
    let schedule = |days: u32| json!({ "KeyId": key, "PendingWindowInDays": days });
    server.kms("ScheduleKeyDeletion", schedule(9)).await.expect("scheduled");
    server.kms_in(WEST, "ScheduleKeyDeletion", schedule(7)).await.expect("scheduled");
    server.live(20).await;
    assert!(metadata(&server, WEST, &key).await.is_none());
    let primary = metadata(&server, "eu-central-1", &key).await.expect("it waits for the other replica");
    assert_eq!(primary["KeyState"], "PendingReplicaDeletion");
    server.kms_in(SOUTH, "ScheduleKeyDeletion", schedule(7)).await.expect("scheduled");
    server.live(8).await;
    assert!(metadata(&server, SOUTH, &key).await.is_none());
    let primary = metadata(&server, "eu-central-1", &key).await.expect("its own time has begun");
    assert_eq!(primary["KeyState"], "PendingDeletion");
    server.live(9).await;
    assert!(metadata(&server, "eu-central-1", &key).await.is_none());
    assert_eq!(server.database.number("SELECT count(*) FROM key_materials"), 0);
    assert_eq!(server.database.number("SELECT count(*) FROM key_tombstones"), 3);
}

async fn a_replica_that_was_destroyed_is_made_again(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = family(&server, &[WEST]).await;
    let blob = server.encrypt(&key, "here and there").await;
    for _ in 0..2 {
        let schedule = json!({ "KeyId": key, "PendingWindowInDays": 7 });
        server.kms_in(WEST, "ScheduleKeyDeletion", schedule).await.expect("scheduled");
        server.live(8).await;
        assert!(metadata(&server, WEST, &key).await.is_none());
        let absent = server.kms_in(WEST, "Decrypt", json!({ "CiphertextBlob": blob })).await;
        assert_eq!(absent.expect_err("gone").code, "AccessDeniedException");
        let replicate = json!({ "KeyId": key, "ReplicaRegion": WEST });
        server.kms("ReplicateKey", replicate).await.expect("a replica");
        let opened = server.kms_in(WEST, "Decrypt", json!({ "CiphertextBlob": blob })).await;
        assert!(opened.is_ok(), "{opened:?}");
    }
}

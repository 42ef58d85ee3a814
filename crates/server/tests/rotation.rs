//! Rotation on schedule and on demand, with a clock that the test moves.

mod common;

use common::{DAY, NEW_YEAR, TestServer};
use keywright_testkit::{Engine, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    a_key_rotates_when_due_and_every_old_ciphertext_opens,
    a_rotation_is_announced_and_recorded_once,
    what_was_missed_while_the_server_was_down_is_caught_up_once,
    disabled_keys_wait_and_rotate_when_enabled_again,
    keys_pending_deletion_do_not_rotate_and_show_rotation_off,
    a_thirty_day_tag_rotates_below_the_floor_of_the_api,
    bad_periods_are_refused_and_the_floor_can_be_lowered,
    rotations_on_demand_are_counted_and_automatic_ones_are_not,
    on_demand_gives_way_to_an_automatic_rotation_that_is_near,
    taking_a_backing_key_away_fails_exactly_its_own_ciphertexts,
    service_managed_keys_rotate_yearly_and_are_not_for_callers,
}

async fn rotating_key(server: &TestServer, days: u32) -> String {
    let key = server.create_key().await;
    let period = json!({ "KeyId": key, "RotationPeriodInDays": days });
    server.kms("EnableKeyRotation", period).await.expect("rotation is enabled");
    key
}

async fn status(server: &TestServer, key: &str) -> Value {
    server.kms("GetKeyRotationStatus", json!({ "KeyId": key })).await.expect("a status")
}

fn next_date(status: &Value) -> Option<f64> {
    status["NextRotationDate"].as_f64()
}

fn day(days: u32) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "seconds of this century are exact in an f64")]
    Some(NEW_YEAR.plus_days(days).as_seconds() as f64)
}

async fn a_key_rotates_when_due_and_every_old_ciphertext_opens(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = rotating_key(&server, 90).await;
    let mut blobs = vec![server.encrypt(&key, "period 0").await];
    let mut materials = vec![server.current_material(&key).await];
    server.advance(DAY * 90 - DAY / 86_400).await;
    assert_eq!(server.current_material(&key).await, materials[0], "a second too early nothing happens");
    for period in 1..=4_u32 {
        server.clock.set(NEW_YEAR.plus_days(90 * period));
        server.server().reconcile().await;
        materials.push(server.current_material(&key).await);
        blobs.push(server.encrypt(&key, &format!("period {period}")).await);
        assert_eq!(next_date(&status(&server, &key).await), day(90 * (period + 1)));
    }
    let distinct: std::collections::BTreeSet<_> = materials.iter().collect();
    assert_eq!(distinct.len(), 5, "each period has its own backing key");
    for (period, blob) in blobs.iter().enumerate() {
        assert_eq!(server.decrypt(blob).await.as_deref(), Ok(format!("period {period}").as_str()));
        let opened = server.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.expect("it opens");
        assert_eq!(opened["KeyMaterialId"], materials[period].as_str());
    }
    let expected: Vec<_> = materials[1..].iter().map(|id| (id.clone(), "AUTOMATIC".to_owned())).collect();
    assert_eq!(server.history(&key).await, expected);
}

async fn a_rotation_is_announced_and_recorded_once(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = rotating_key(&server, 90).await;
    let before = server.current_material(&key).await;
    server.advance(DAY * 90).await;
    server.server().reconcile().await;
    let after = server.current_material(&key).await;
    let records: Vec<Value> =
        server.trail().into_iter().filter(|record| record["eventName"] == "RotateKey").collect();
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!(record["eventType"], "AwsServiceEvent");
    assert_eq!(record["eventSource"], "kms.amazonaws.com");
    assert_eq!(record["userIdentity"], json!({ "accountId": "111122223333", "invokedBy": "AWS Internal" }));
    assert_eq!(record["serviceEventDetails"]["rotationType"], "AUTOMATIC");
    assert_eq!(record["serviceEventDetails"]["previousKeyMaterialId"], before.as_str());
    assert_eq!(record["serviceEventDetails"]["currentKeyMaterialId"], after.as_str());
    let event = server.database.sql("SELECT event FROM outbox WHERE detail_type = 'KMS CMK Rotation'");
    let event: Value = serde_json::from_str(&event).expect("exactly one event in JSON");
    let arn = format!("arn:aws:kms:eu-central-1:111122223333:key/{key}");
    assert_eq!(
        event,
        json!({
            "version": "0",
            "id": event["id"],
            "detail-type": "KMS CMK Rotation",
            "source": "aws.kms",
            "account": "111122223333",
            "time": "2026-04-01T00:00:00Z",
            "region": "eu-central-1",
            "resources": [arn],
            "detail": {
                "key-id": key,
                "key-origin": "AWS_KMS",
                "rotation-type": "AUTOMATIC",
                "previous-key-material-id": before,
                "current-key-material-id": after,
            },
        })
    );
}

async fn what_was_missed_while_the_server_was_down_is_caught_up_once(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    let key = rotating_key(&server, 90).await;
    let blob = server.encrypt(&key, "before").await;
    server.stop().await;
    server.clock.advance(DAY * 400);
    server.begin().await;
    server.server().reconcile().await;
    assert_eq!(server.history(&key).await.len(), 1, "one rotation, not one for each period missed");
    assert_eq!(next_date(&status(&server, &key).await), day(490));
    assert_eq!(server.decrypt(&blob).await.as_deref(), Ok("before"));
}

async fn disabled_keys_wait_and_rotate_when_enabled_again(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = rotating_key(&server, 90).await;
    server.kms("DisableKey", json!({ "KeyId": key })).await.expect("disabled");
    server.advance(DAY * 200).await;
    assert_eq!(server.history(&key).await, [], "a disabled key is left alone");
    server.kms("EnableKey", json!({ "KeyId": key })).await.expect("enabled");
    server.server().reconcile().await;
    assert_eq!(server.history(&key).await.len(), 1, "its backing key is older than the period");
}

async fn keys_pending_deletion_do_not_rotate_and_show_rotation_off(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = rotating_key(&server, 90).await;
    server.advance(DAY * 80).await;
    let schedule = json!({ "KeyId": key, "PendingWindowInDays": 30 });
    server.kms("ScheduleKeyDeletion", schedule).await.expect("scheduled");
    server.advance(DAY * 15).await;
    assert_eq!(server.history(&key).await, []);
    assert_eq!(status(&server, &key).await["KeyRotationEnabled"], false);
    server.kms("CancelKeyDeletion", json!({ "KeyId": key })).await.expect("cancelled");
    server.kms("EnableKey", json!({ "KeyId": key })).await.expect("enabled");
    server.server().reconcile().await;
    assert_eq!(server.history(&key).await.len(), 1);
}

async fn a_thirty_day_tag_rotates_below_the_floor_of_the_api(engine: Engine) {
    let server = TestServer::start(engine).await;
    let tags = json!({ "Tags": [{ "TagKey": "keywright:rotation-period", "TagValue": "30d" }] });
    let key = server.create_key_with(tags).await;
    let shown = status(&server, &key).await;
    assert_eq!((&shown["KeyRotationEnabled"], &shown["RotationPeriodInDays"]), (&json!(true), &json!(30)));
    let blob = server.encrypt(&key, "first").await;
    for round in 1..=3_u32 {
        server.clock.set(NEW_YEAR.plus_days(30 * round));
        server.server().reconcile().await;
        assert_eq!(server.history(&key).await.len(), usize::try_from(round).expect("small"));
    }
    assert_eq!(server.decrypt(&blob).await.as_deref(), Ok("first"));
    let types: Vec<_> = server.history(&key).await.into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(types, ["AUTOMATIC"; 3]);
    let untag = json!({ "KeyId": key, "TagKeys": ["keywright:rotation-period"] });
    server.kms("UntagResource", untag).await.expect("untagged");
    assert_eq!(status(&server, &key).await["KeyRotationEnabled"], false);
}

async fn bad_periods_are_refused_and_the_floor_can_be_lowered(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = server.create_key().await;
    for value in ["30", "0d", "2561d", "monthly", ""] {
        let tags =
            json!({ "KeyId": key, "Tags": [{ "TagKey": "keywright:rotation-period", "TagValue": value }] });
        let refused = server.kms("TagResource", tags).await.expect_err("a bad period");
        assert_eq!(refused.code, "TagException", "{value}");
        let listed = server.kms("ListResourceTags", json!({ "KeyId": key })).await.expect("tags");
        assert_eq!(listed["Tags"], json!([]), "nothing was stored of {value}");
    }
    let thirty = json!({ "KeyId": key, "RotationPeriodInDays": 30 });
    let refused = server.kms("EnableKeyRotation", thirty.clone()).await.expect_err("below AWS's floor");
    assert_eq!(
        (refused.code.as_str(), refused.message.as_str()),
        (
            "ValidationException",
            "1 validation error detected: Value '30' at 'rotationPeriodInDays' failed to satisfy constraint: \
             Member must have value greater than or equal to 90"
        )
    );
    let lowered = TestServer::with_settings(engine, "[kms.rotation]\nmin_days = 7\n").await;
    let key = lowered.create_key().await;
    let thirty = json!({ "KeyId": key, "RotationPeriodInDays": 30 });
    lowered.kms("EnableKeyRotation", thirty).await.expect("the operator allows it");
    lowered.advance(DAY * 30).await;
    assert_eq!(lowered.history(&key).await.len(), 1);
}

async fn rotations_on_demand_are_counted_and_automatic_ones_are_not(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = rotating_key(&server, 90).await;
    server.advance(DAY * 90).await;
    let rotate = json!({ "KeyId": key });
    for _ in 0..25 {
        server.kms("RotateKeyOnDemand", rotate.clone()).await.expect("on demand");
    }
    let refused = server.kms("RotateKeyOnDemand", rotate.clone()).await.expect_err("the 26th");
    assert_eq!(refused.code, "LimitExceededException");
    assert!(refused.message.starts_with(
        "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: arn:aws:kms:"
    ));
    assert_eq!(next_date(&status(&server, &key).await), day(180), "on demand does not move the schedule");
    server.clock.set(NEW_YEAR.plus_days(180));
    server.server().reconcile().await;
    let types: Vec<_> = server.history(&key).await.into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(types.iter().filter(|kind| *kind == "AUTOMATIC").count(), 2);
    assert_eq!(types.iter().filter(|kind| *kind == "ON_DEMAND").count(), 25);
    let unlimited = TestServer::with_settings(engine, "[kms.rotation]\non_demand_max = 0\n").await;
    let key = unlimited.create_key().await;
    for _ in 0..30 {
        unlimited.kms("RotateKeyOnDemand", json!({ "KeyId": key })).await.expect("no cap");
    }
}

async fn on_demand_gives_way_to_an_automatic_rotation_that_is_near(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = rotating_key(&server, 90).await;
    server.clock.set(NEW_YEAR.plus_days(90).minus(std::time::Duration::from_secs(20 * 60)));
    let refused = server.kms("RotateKeyOnDemand", json!({ "KeyId": key })).await.expect_err("too near");
    assert_eq!(refused.code, "ConflictException");
}

async fn taking_a_backing_key_away_fails_exactly_its_own_ciphertexts(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    let key = server.create_key().await;
    let mut blobs = vec![server.encrypt(&key, "0").await];
    let mut materials = vec![server.current_material(&key).await];
    for round in 1..3 {
        server.kms("RotateKeyOnDemand", json!({ "KeyId": key })).await.expect("on demand");
        blobs.push(server.encrypt(&key, &round.to_string()).await);
        materials.push(server.current_material(&key).await);
    }
    for (taken, material) in materials.iter().enumerate() {
        server.stop().await;
        server.database.sql(&format!(
            "CREATE TABLE away AS SELECT * FROM key_materials WHERE material_id = '{material}'; \
             DELETE FROM key_materials WHERE material_id = '{material}';"
        ));
        server.begin().await;
        for (at, blob) in blobs.iter().enumerate() {
            let opened = server.decrypt(blob).await;
            assert_eq!(opened.is_ok(), at != taken, "blob {at} without backing key {taken}: {opened:?}");
        }
        server.stop().await;
        server.database.sql("INSERT INTO key_materials SELECT * FROM away; DROP TABLE away;");
        server.begin().await;
        for blob in &blobs {
            assert!(server.decrypt(blob).await.is_ok());
        }
    }
}

async fn service_managed_keys_rotate_yearly_and_are_not_for_callers(engine: Engine) {
    let server = TestServer::start(engine).await;
    let shown = server
        .kms("DescribeKey", json!({ "KeyId": "alias/aws/secretsmanager" }))
        .await
        .expect("describing makes it");
    let key = shown["KeyMetadata"]["KeyId"].as_str().expect("an id").to_owned();
    assert_eq!(shown["KeyMetadata"]["KeyManager"], "AWS");
    let again =
        server.kms("DescribeKey", json!({ "KeyId": "alias/aws/secretsmanager" })).await.expect("the same");
    assert_eq!(again["KeyMetadata"]["KeyId"], key.as_str());
    let policy = server.kms("GetKeyPolicy", json!({ "KeyId": key })).await.expect("it may be looked at");
    for (operation, input) in [
        ("Encrypt", json!({ "KeyId": key, "Plaintext": "eA==" })),
        ("GenerateDataKey", json!({ "KeyId": key, "NumberOfBytes": 16 })),
        ("DisableKey", json!({ "KeyId": key })),
        ("ScheduleKeyDeletion", json!({ "KeyId": key })),
        ("PutKeyPolicy", json!({ "KeyId": key, "Policy": policy["Policy"] })),
    ] {
        let refused = server.kms(operation, input).await.expect_err(operation);
        assert_eq!(refused.code, "AccessDeniedException", "{operation}");
    }
    server.advance(DAY * 366).await;
    assert_ne!(server.current_material(&key).await, shown["KeyMetadata"]["CurrentKeyMaterialId"]);
}

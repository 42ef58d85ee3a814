//! The census, of nodes that share a store.

mod common;

use common::TestServer;
use keywright_testkit::Engine;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn nodes_count_together() {
    let here = TestServer::start(Engine::Postgres).await;
    let there = here.beside().await;
    let key = here.create_key().await;
    let blob = here.encrypt(&key, "x").await;
    for _ in 0..3 {
        for server in [&here, &there] {
            for _ in 0..4 {
                server.encrypt(&key, "x").await;
                server.decrypt(&blob).await.expect("it opens");
            }
        }
        here.clock.advance(Duration::from_secs(5));
        // Both write at once, to the same rows.
        tokio::join!(here.server().reconcile(), there.server().reconcile());
    }
    let asked = json!({ "KeyId": key, "IncludeCallers": true });
    let answer = there.call("keywright", "Keywright.ListKeyMaterialUsage", &asked).await.expect("a census");
    let [entry] = answer["KeyMaterials"].as_array().expect("a list").as_slice() else { panic!("{answer}") };
    assert_eq!((&entry["Produced"], &entry["Consumed"]), (&json!(25), &json!(24)));
    let [caller] = entry["Callers"].as_array().expect("a list").as_slice() else { panic!("{entry}") };
    assert_eq!((&caller["Produced"], &caller["Consumed"]), (&json!(25), &json!(24)));
    // What is destroyed is no longer counted.
    let schedule = json!({ "KeyId": key, "PendingWindowInDays": 7 });
    here.kms("ScheduleKeyDeletion", schedule).await.expect("scheduled");
    here.live(8).await;
    for table in ["material_uses", "material_callers"] {
        assert_eq!(here.database.number(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
}

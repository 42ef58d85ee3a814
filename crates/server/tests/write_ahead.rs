//! A change whose record did not reach the trail before the end: the next start appends it, once.

mod common;

use common::TestServer;
use keywright_testkit::{Engine, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    what_the_trail_lacks_is_appended_once,
    the_store_does_not_grow_with_the_trail,
}

const EVENT_ID: &str = "0f0e0d0c-0b0a-4908-8706-050403020100";

fn created(server: &TestServer) -> Vec<Value> {
    server.trail().into_iter().filter(|record| record["eventName"] == "CreateKey").collect()
}

async fn what_the_trail_lacks_is_appended_once(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    let key = server.create_key().await;
    let record = created(&server).remove(0);
    server.stop().await;
    // As a kill between commit and append leaves it: one row whose record is in the trail, one whose is not.
    let lost = record.to_string().replace(record["eventID"].as_str().expect("an id"), EVENT_ID);
    let node = std::fs::read_to_string(server.data.join("node-id")).expect("a node");
    for (id, text) in [(record["eventID"].as_str().expect("an id"), record.to_string()), (EVENT_ID, lost)] {
        server.database.sql(&format!(
            "INSERT INTO audit (event_id, node_id, at, after_seq, record, row_version) \
             VALUES ('{id}', '{}', 0, 0, '{}', 1)",
            node.trim(),
            text.replace('\'', "''")
        ));
    }
    for _ in 0..2 {
        server.begin().await;
        let ids: Vec<_> = created(&server).iter().map(|record| record["eventID"].clone()).collect();
        assert_eq!(ids, [record["eventID"].clone(), json!(EVENT_ID)], "each once, and only once");
        let waiting = server.database.number("SELECT count(*) FROM audit");
        assert_eq!(waiting, 0, "nothing waits any more");
        server.stop().await;
    }
    server.begin().await;
    server.kms("DescribeKey", json!({ "KeyId": key })).await.expect("it works on");
}

async fn the_store_does_not_grow_with_the_trail(engine: Engine) {
    let server = TestServer::start(engine).await;
    for _ in 0..20 {
        server.create_key().await;
    }
    server.server().reconcile().await;
    let waiting = server.database.number("SELECT count(*) FROM audit");
    assert_eq!(waiting, 0, "write-ahead rows go once the trail is on the disk");
    assert_eq!(created(&server).len(), 20);
}

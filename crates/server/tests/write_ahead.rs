//! A change whose record did not reach the trail before the end: the next start appends it, once.

mod common;

use common::TestServer;
use serde_json::{Value, json};

const EVENT_ID: &str = "0f0e0d0c-0b0a-4908-8706-050403020100";

fn created(server: &TestServer) -> Vec<Value> {
    server.trail().into_iter().filter(|record| record["eventName"] == "CreateKey").collect()
}

#[tokio::test]
async fn what_the_trail_lacks_is_appended_once() {
    let mut server = TestServer::start().await;
    let key = server.create_key().await;
    let record = created(&server).remove(0);
    server.stop().await;
    let path = server.data.join("keywright.db");
    // As a kill between commit and append leaves it: one row whose record is in the trail, one whose is not.
    let lost = record.to_string().replace(record["eventID"].as_str().expect("an id"), EVENT_ID);
    let node = std::fs::read_to_string(server.data.join("node-id")).expect("a node");
    let database = rusqlite::Connection::open(&path).expect("the database opens");
    for (id, text) in [(record["eventID"].as_str().expect("an id"), record.to_string()), (EVENT_ID, lost)] {
        database
            .execute(
                "INSERT INTO audit (event_id, node_id, at, after_seq, record, row_version) VALUES (?1, ?2, 0, 0, ?3, 1)",
                rusqlite::params![id, node.trim(), text],
            )
            .expect("it is inserted");
    }
    for _ in 0..2 {
        server.begin().await;
        let ids: Vec<_> = created(&server).iter().map(|record| record["eventID"].clone()).collect();
        assert_eq!(ids, [record["eventID"].clone(), json!(EVENT_ID)], "each once, and only once");
        let waiting: i64 =
            database.query_row("SELECT count(*) FROM audit", [], |row| row.get(0)).expect("a count");
        assert_eq!(waiting, 0, "nothing waits any more");
        server.stop().await;
    }
    server.begin().await;
    server.kms("DescribeKey", json!({ "KeyId": key })).await.expect("it works on");
}

#[tokio::test]
async fn the_store_does_not_grow_with_the_trail() {
    let server = TestServer::start().await;
    for _ in 0..20 {
        server.create_key().await;
    }
    server.server().reconcile().await;
    let database = rusqlite::Connection::open(server.data.join("keywright.db")).expect("the database opens");
    let waiting: i64 =
        database.query_row("SELECT count(*) FROM audit", [], |row| row.get(0)).expect("a count");
    assert_eq!(waiting, 0, "write-ahead rows go once the trail is on the disk");
    assert_eq!(created(&server).len(), 20);
}

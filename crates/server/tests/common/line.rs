//! Keys that follow each other under `alias/signing`, and what is published of them.

#![allow(dead_code, reason = "each test file uses its part")]

use crate::common::{ACCOUNT, TestServer, unbase64};
use http::{HeaderMap, Request, header};
use serde_json::{Value, json};
use std::time::Duration;

pub fn tags(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, value)| json!({ "TagKey": key, "TagValue": value })).collect()
}

/// A key that is followed every 30 days, under `alias/signing`.
pub async fn line(server: &TestServer, spec: &str, usage: &str, more: &[(&str, &str)]) -> String {
    let mut all = vec![("keywright:rotation-period", "30d")];
    all.extend(more);
    let key = server.create_key_with(json!({ "KeySpec": spec, "KeyUsage": usage, "Tags": tags(&all) })).await;
    let alias = json!({ "AliasName": "alias/signing", "TargetKeyId": key });
    server.kms("CreateAlias", alias).await.expect("an alias");
    key
}

/// The key that the alias points at.
pub async fn current(server: &TestServer) -> String {
    let shown = server.kms("DescribeKey", json!({ "KeyId": "alias/signing" })).await.expect("it is there");
    shown["KeyMetadata"]["KeyId"].as_str().expect("an id").to_owned()
}

pub async fn get(server: &TestServer, path: &str, tag: Option<&str>) -> (u16, HeaderMap, String) {
    let address = server.server().address;
    let mut request =
        Request::get(format!("http://{address}{path}")).header(header::HOST, address.to_string());
    if let Some(tag) = tag {
        request = request.header(header::IF_NONE_MATCH, tag);
    }
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    let (status, headers, body) = server.exchange(parts, Vec::new()).await;
    (status, headers, String::from_utf8(body.to_vec()).expect("text"))
}

/// The published set, once the last second's answer is forgotten.
pub async fn published(server: &TestServer) -> Vec<Value> {
    let path = format!("/jwks/{ACCOUNT}/signing");
    server.clock.advance(Duration::from_secs(1));
    let (status, _, body) = get(server, &path, None).await;
    assert_eq!(status, 200, "{body}");
    let set: Value = serde_json::from_str(&body).expect("JSON");
    set["keys"].as_array().expect("keys").clone()
}

pub fn kids(keys: &[Value]) -> Vec<&str> {
    keys.iter().map(|key| key["kid"].as_str().expect("a kid")).collect()
}

pub fn part(key: &Value, name: &str) -> Vec<u8> {
    let text = key[name].as_str().expect("a member").replace('-', "+").replace('_', "/");
    unbase64(&(text.clone() + &"=".repeat((4 - text.len() % 4) % 4)))
}

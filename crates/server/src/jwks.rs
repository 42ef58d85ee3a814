//! `/jwks/ACCOUNT/ALIAS`: public keys for whoever verifies signatures, without credentials.
//!
//! Only aliases whose key asks for it by its tag are there; all others are answered alike, whether they exist or not.
//! What is found is kept for a second, so that strangers cannot keep the store busy.
//!
//! Source: RFC 7517 (JWK Set), RFC 9110 (ETag, Cache-Control).

use crate::app::App;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use keywright_crypto::sha256;
use keywright_kms::PublishedKey;
use keywright_types::{AccountId, AliasName, Timestamp};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// How long an answer is good here.
const KEPT_FOR: Duration = Duration::from_secs(1);
/// Answers kept, at most.
const KEPT_MAX: usize = 1000;
/// How long verifiers keep it; keys are published for much longer before they sign.
const CACHE_CONTROL: &str = "public, max-age=300";

/// Answers of the last second.
#[derive(Default)]
pub(crate) struct Published(Mutex<HashMap<(AccountId, AliasName), (Timestamp, Answer)>>);

/// A set and its ETag; none if nothing of that name is published.
type Answer = Option<Arc<(String, String)>>;

pub(crate) async fn jwks(
    State(app): State<Arc<App>>,
    Path((account, alias)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let named = AccountId::parse(&account).ok().zip(AliasName::parse(&format!("alias/{alias}")));
    let Some((account, name)) = named else { return absent() };
    match find(&app, account, name).await {
        Ok(Some(set)) => present(&set, &headers),
        Ok(None) => absent(),
        Err(fault) => {
            tracing::warn!(%fault, "a set of public keys could not be read");
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], "try again\n").into_response()
        }
    }
}

fn absent() -> Response {
    (StatusCode::NOT_FOUND, "nothing is published under this name\n").into_response()
}

fn present(set: &(String, String), headers: &HeaderMap) -> Response {
    let (body, tag) = set;
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let mut answer = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/jwk-set+json")], body.clone()).into_response()
    };
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE_CONTROL));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    answer
}

async fn find(app: &App, account: AccountId, name: AliasName) -> Result<Answer, keywright_store::StoreError> {
    let (asked, now) = ((account, name), app.now());
    if let Some((at, answer)) = app.published.0.lock().get(&asked)
        && *at <= now
        && now < at.plus(KEPT_FOR)
    {
        return Ok(answer.clone());
    }
    let view = app.view(&*app.kms, now, false);
    let keys = app.kms.published(view, asked.0, &asked.1).await?;
    let answer = keys.map(|keys| {
        let body = set(&keys);
        let tag = sha256(body.as_bytes())[..16].iter().fold("\"".to_owned(), |mut tag, byte| {
            write!(tag, "{byte:02x}").expect("writing to a String cannot fail");
            tag
        });
        Arc::new((body, tag + "\""))
    });
    let mut kept = app.published.0.lock();
    if kept.len() >= KEPT_MAX {
        kept.clear();
    }
    kept.insert(asked, (now, answer.clone()));
    Ok(answer)
}

/// The JWK Set. A key id stands once, though several aliases lead to it.
fn set(keys: &[PublishedKey]) -> String {
    let mut listed: Vec<Value> = Vec::with_capacity(keys.len());
    let mut seen = std::collections::HashSet::new();
    for key in keys.iter().filter(|key| seen.insert(key.key_id)) {
        let mut members = Map::new();
        members.insert("kid".to_owned(), json!(key.key_id.to_string()));
        members.insert("kty".to_owned(), json!(key.jwk.kty));
        members.insert("use".to_owned(), json!("sig"));
        if let Some(alg) = key.jwk.alg {
            members.insert("alg".to_owned(), json!(alg));
        }
        members.extend(key.jwk.members.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
        listed.push(Value::Object(members));
    }
    json!({ "keys": listed }).to_string() + "\n"
}

//! Signing, for our own calls: the command line, tests and measurements.

use super::ALGORITHM;
use super::canonical::{self, hex, query_pairs, sha256_hex};
use super::scope::{push_scope, push_string_to_sign};
use super::signing_key::SigningKey;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use keywright_types::{SecretText, Timestamp};

/// Who signs.
pub struct SigningCredentials<'a> {
    pub access_key_id: &'a str,
    pub secret: &'a SecretText,
    pub session_token: Option<&'a SecretText>,
}

/// The request cannot be signed as it is: a part of it is not what HTTP allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request cannot be signed: its {0} is not well-formed")]
pub struct Unsignable(&'static str);

/// Headers that are not signed: proxies rewrite them on the way. The AWS SDKs leave out the same ones.
const UNSIGNED: [&str; 4] = ["authorization", "transfer-encoding", "user-agent", "x-amzn-trace-id"];
/// A presigned URL lives a week at the most (IAM User Guide, "Elements of an AWS API request signature").
const PRESIGNED_SECONDS: std::ops::RangeInclusive<u32> = 1..=604_800;

/// Signs a request by its header: adds `x-amz-date`, the token if there is one, and `authorization`, in place
/// of those of an earlier signature. The `host` header must be there. Every header that is there is signed,
/// but those that proxies rewrite.
///
/// # Errors
/// [`Unsignable`] for a query or a credential that cannot be sent.
pub fn sign(
    parts: &mut Parts,
    body: &[u8],
    credentials: &SigningCredentials<'_>,
    region: &str,
    service: &str,
    at: Timestamp,
) -> Result<(), Unsignable> {
    let time = at.sigv4_basic();
    let date = &time[..8];
    insert(parts, "x-amz-date", &time)?;
    parts.headers.remove("x-amz-security-token");
    if let Some(token) = credentials.session_token {
        insert(parts, "x-amz-security-token", token.expose())?;
    }
    let signed_headers = signed_headers(&parts.headers);
    let query = query_pairs(parts.uri.query().unwrap_or_default()).ok_or(Unsignable("query"))?;
    let mut request = Vec::new();
    canonical::push_request(
        &mut request,
        parts.method.as_str(),
        parts.uri.path(),
        &query,
        &parts.headers,
        &signed_headers,
        &sha256_hex(body),
    );
    let signature = signature(&request, credentials.secret, &time, region, service);
    let mut authorization = format!("{ALGORITHM} Credential={}/", credentials.access_key_id);
    push_scope(&mut authorization, date, region, service);
    authorization.push_str(&format!(", SignedHeaders={signed_headers}, Signature={signature}"));
    insert(parts, header::AUTHORIZATION.as_str(), &authorization)
}

/// Signs a request by its query string: a URL that works for `seconds` (1 to 604800). The `host` header must
/// be there; the headers that are there are signed, and must be sent with it.
///
/// # Errors
/// As [`sign`], and for a lifetime out of range.
pub fn presign(
    parts: &mut Parts,
    body: &[u8],
    credentials: &SigningCredentials<'_>,
    region: &str,
    service: &str,
    at: Timestamp,
    seconds: u32,
) -> Result<(), Unsignable> {
    let time = at.sigv4_basic();
    let date = &time[..8];
    if !PRESIGNED_SECONDS.contains(&seconds) {
        return Err(Unsignable("lifetime"));
    }
    parts.headers.remove(header::AUTHORIZATION);
    let signed_headers = signed_headers(&parts.headers);
    let mut credential = format!("{}/", credentials.access_key_id);
    push_scope(&mut credential, date, region, service);
    let seconds = seconds.to_string();
    let mut added = vec![
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", &credential),
        ("X-Amz-Date", &time),
        ("X-Amz-Expires", &seconds),
        ("X-Amz-SignedHeaders", &signed_headers),
    ];
    if let Some(token) = credentials.session_token {
        added.push(("X-Amz-Security-Token", token.expose()));
    }
    let mut query = query_pairs(parts.uri.query().unwrap_or_default()).ok_or(Unsignable("query"))?;
    query.extend(added.iter().map(|(name, value)| ((*name).into(), (*value).into())));
    let mut request = Vec::new();
    canonical::push_request(
        &mut request,
        parts.method.as_str(),
        parts.uri.path(),
        &query,
        &parts.headers,
        &signed_headers,
        &sha256_hex(body),
    );
    let signature = signature(&request, credentials.secret, &time, region, service);
    let mut text = Vec::new();
    canonical::push_query(&mut text, &query);
    let text = String::from_utf8(text).expect("an encoded query is ASCII");
    let path_and_query = format!("{}?{text}&X-Amz-Signature={signature}", parts.uri.path());
    let mut uri = parts.uri.clone().into_parts();
    uri.path_and_query = Some(path_and_query.parse().map_err(|_| Unsignable("query"))?);
    parts.uri = Uri::from_parts(uri).map_err(|_| Unsignable("address"))?;
    Ok(())
}

fn signature(
    canonical_request: &[u8],
    secret: &SecretText,
    time: &str,
    region: &str,
    service: &str,
) -> String {
    let date = &time[..8];
    let mut text = String::new();
    let hash = sha256_hex(canonical_request);
    push_string_to_sign(&mut text, time, |out| push_scope(out, date, region, service), &hash);
    hex(&SigningKey::derive(secret, date, region, service).sign(&text))
}

/// The names of the headers to sign, in order, as `SignedHeaders` lists them.
fn signed_headers(headers: &HeaderMap) -> String {
    let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
    names.retain(|name| !UNSIGNED.contains(name));
    names.sort_unstable();
    names.join(";")
}

fn insert(parts: &mut Parts, name: &str, value: &str) -> Result<(), Unsignable> {
    let mut value = HeaderValue::from_str(value).map_err(|_| Unsignable("credential"))?;
    value.set_sensitive(true);
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Unsignable("header"))?;
    parts.headers.insert(name, value);
    Ok(())
}

//! The local HTTP API of AWS's Secrets Manager Agent: `GET /secretsmanager/get?secretId=…` and `GET /v1/…`.
//!
//! Whoever asks brings the token that the agent was started with, so that a page in a browser, or a service that can be talked
//! into asking for any URL, gets nothing; what was forwarded gets nothing either.
//!
//! Source: aws-secretsmanager-agent's documentation.

use crate::agent::fetch::Version;
use crate::agent::{Agent, Known};
use crate::client::CallError;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use keywright_types::SecretText;
use miette::{IntoDiagnostic as _, Report, WrapErr as _, miette};
use parking_lot::Mutex;
use serde_json::json;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// Values of other than current versions that are kept.
const KEPT_MAX: usize = 1_000;

/// What callers must bring.
pub struct ApiToken(SecretText);

impl ApiToken {
    /// From a variable's value: the token, or `file://PATH`.
    ///
    /// # Errors
    /// A file that cannot be read, or an empty token.
    pub fn parse(text: &str) -> Result<Self, Report> {
        let token = match text.strip_prefix("file://") {
            None => text.to_owned(),
            Some(path) => std::fs::read_to_string(path)
                .into_diagnostic()
                .wrap_err_with(|| format!("cannot read the token in {path}"))?
                .trim()
                .to_owned(),
        };
        if token.is_empty() {
            return Err(miette!("the token of the local API is empty"));
        }
        Ok(Self(SecretText::new(token)))
    }

    fn fits(&self, request: &Request<Incoming>) -> bool {
        ["x-aws-parameters-secrets-token", "x-vault-token"].iter().any(|name| {
            request
                .headers()
                .get(*name)
                .and_then(|value| value.to_str().ok())
                .is_some_and(|given| SecretText::new(given.to_owned()) == self.0)
        })
    }
}

struct Api {
    agent: Arc<Agent>,
    token: ApiToken,
    ttl: Duration,
    /// Versions that were asked for by id or label.
    kept: Mutex<HashMap<(String, Version), Kept>>,
}

/// A version, and when it was fetched.
type Kept = (Instant, Arc<Known>);

/// Serves until the process ends.
///
/// # Errors
/// An address that cannot be listened on.
pub async fn serve(
    agent: Arc<Agent>,
    address: SocketAddr,
    token: ApiToken,
    ttl: Duration,
) -> Result<SocketAddr, Report> {
    if !address.ip().is_loopback() {
        return Err(miette!(
            "{address} can be reached from other machines; the local API is for this one alone"
        ));
    }
    let listener = TcpListener::bind(address)
        .await
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot listen on {address}"))?;
    let local = listener.local_addr().into_diagnostic()?;
    let api = Arc::new(Api { agent, token, ttl, kept: Mutex::default() });
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let api = Arc::clone(&api);
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let api = Arc::clone(&api);
                    async move { Ok::<_, Infallible>(api.answer(&request).await) }
                });
                let _ended = hyper::server::conn::http1::Builder::new()
                    .header_read_timeout(Duration::from_secs(10))
                    .timer(hyper_util::rt::TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    Ok(local)
}

fn reply(status: StatusCode, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
}

fn refused(status: StatusCode, code: &str, message: &str) -> Response<Full<Bytes>> {
    reply(status, json!({ "__type": code, "message": message }).to_string().into_bytes())
}

impl Api {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() != Method::GET {
            return refused(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "Only GET is answered.");
        }
        let path = request.uri().path();
        if path == "/ping" {
            return reply(StatusCode::OK, b"healthy".to_vec());
        }
        if request.headers().contains_key("x-forwarded-for") {
            return refused(StatusCode::BAD_REQUEST, "BadRequest", "Forwarded requests are not answered.");
        }
        if !self.token.fits(request) {
            return refused(StatusCode::FORBIDDEN, "Forbidden", "Bad Token");
        }
        let query: HashMap<String, String> = request.uri().query().map(fields).unwrap_or_default();
        let secret = if path == "/secretsmanager/get" {
            query.get("secretId").cloned()
        } else {
            path.strip_prefix("/v1/").map(decoded)
        };
        let Some(secret) = secret.filter(|secret| !secret.is_empty()) else {
            return refused(
                StatusCode::NOT_FOUND,
                "NotFound",
                "There are /secretsmanager/get?secretId=… and /v1/….",
            );
        };
        let version =
            Version { id: query.get("versionId").cloned(), stage: query.get("versionStage").cloned() };
        let refresh = query.get("refreshNow").is_some_and(|value| value == "true");
        match self.value(&secret, version, refresh).await {
            Ok(known) => {
                let mut response = reply(StatusCode::OK, known.answer().to_vec());
                response
                    .headers_mut()
                    .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
                response
            }
            Err(CallError::Refused { code, message }) => refused(StatusCode::BAD_REQUEST, &code, &message),
            Err(CallError::Away { .. } | CallError::Broken { .. }) => {
                refused(StatusCode::BAD_GATEWAY, "ServiceUnavailable", "The server does not answer.")
            }
        }
    }

    async fn value(&self, secret: &str, version: Version, refresh: bool) -> Result<Arc<Known>, CallError> {
        let is_current =
            version.id.is_none() && version.stage.as_deref().is_none_or(|stage| stage == "AWSCURRENT");
        if is_current {
            // What is kept is as new as the server says it is.
            if let (Some(known), false) = (self.agent.find(secret), refresh) {
                return Ok(known);
            }
            let fetched = self.agent.fetcher.get(secret, &Version::default()).await;
            return match (fetched, self.agent.find(secret)) {
                (Ok(known), _) => {
                    let known = Arc::new(known);
                    self.agent.keep(secret, Arc::clone(&known));
                    Ok(known)
                }
                (Err(CallError::Away { .. }), Some(known)) => Ok(known),
                (Err(fault), _) => Err(fault),
            };
        }
        let name = (secret.to_owned(), version);
        let kept = self.kept.lock().get(&name).map(|(at, known)| (*at, Arc::clone(known)));
        if let (Some((at, known)), false) = (&kept, refresh)
            && at.elapsed() < self.ttl
        {
            return Ok(Arc::clone(known));
        }
        match (self.agent.fetcher.get(secret, &name.1).await, kept) {
            (Ok(known), _) => {
                let known = Arc::new(known);
                let mut kept = self.kept.lock();
                if kept.len() >= KEPT_MAX {
                    kept.clear();
                }
                kept.insert(name, (Instant::now(), Arc::clone(&known)));
                Ok(known)
            }
            (Err(CallError::Away { .. }), Some((_, known))) => Ok(known),
            (Err(fault), _) => Err(fault),
        }
    }
}

fn fields(query: &str) -> HashMap<String, String> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', "%20")).decode_utf8_lossy().into_owned()
}

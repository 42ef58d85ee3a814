//! The door: from an HTTP request to an authenticated request of an operation, and back.
//!
//! Order: route → bounds → credentials named and known → body, bounded in size and time → signature over
//! what was read → pipeline. A form names its operation itself, and is asked once its signature holds. Requests
//! that fail authentication are counted, and not recorded in the trail.

use crate::admin::Asker;
use crate::app::App;
use crate::metrics;
use crate::registry::{Entry, Registry, STS, Served, UNSIGNED_BODY_BYTES_MAX};
use crate::routing::{self, Route, single};
use crate::wire;
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use keywright_auth::{Caller, RequestContext, ServiceError as _, Unidentified};
use keywright_aws::sigv4::{AuthFailure, Presented};
use keywright_aws::sts::AssumeRoleWithWebIdentityRequest;
use keywright_aws::{ServiceModel, WireError};
use keywright_types::{AccountId, EventId, RequestId};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::Zeroize as _;

/// Who is at the other end of a connection.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    ip: IpAddr,
    /// Made once for all requests of the connection.
    text: Arc<str>,
}

impl Peer {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { ip: address.ip(), text: Arc::from(address.ip().to_string()) }
    }
}

/// What answers a connection's requests.
pub(crate) struct Door {
    pub(crate) app: Arc<App>,
    pub(crate) registry: Registry,
    pub(crate) admin: axum::Router,
}

/// The Region of requests that no signature scopes to one.
const GLOBAL_REGION: &str = "us-east-1";
const USER_AGENT_BYTES_MAX: usize = 1024;
const REQUEST_ID: &str = "x-amzn-requestid";

/// A body that is not needed any more is still read, up to this size and time, and dropped.
const DRAINED_BYTES_MAX: usize = 64 << 10;
const DRAINED_WITHIN: Duration = Duration::from_secs(1);

/// Reads and drops what is left of a body. Many clients send a request in two parts, and one that is refused between
/// them would find the connection closed, and never read why. A client that waits to be asked (`Expect`) is not.
async fn drain(body: &mut Incoming, waits: bool) {
    let announced = body.size_hint().upper();
    if waits || body.is_end_stream() || announced.is_some_and(|bytes| bytes > DRAINED_BYTES_MAX as u64) {
        return;
    }
    let reading = async {
        let mut left = DRAINED_BYTES_MAX;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    };
    let _out_of_time = tokio::time::timeout(DRAINED_WITHIN, reading).await;
}

impl Door {
    /// Answers one request; never fails, whatever comes in.
    pub(crate) async fn answer(&self, request: Request<Incoming>, peer: &Peer) -> Response<Full<Bytes>> {
        let looking = request.method() == Method::GET || request.method() == Method::HEAD;
        let asker = Asker::of(peer.ip, self.app.metrics_anywhere);
        if looking && asker.is_answered(request.uri().path()) {
            return self.answer_admin(request, asker).await;
        }
        let (request_id, event_id) = self.app.request_ids();
        let (parts, mut body) = request.into_parts();
        let waits = parts.headers.contains_key(header::EXPECT);
        let route = match routing::route(&self.registry, &parts) {
            Ok(route) => route,
            Err(refusal) => {
                drain(&mut body, waits).await;
                return self.refuse(refusal.service, request_id, &refusal.fault);
            }
        };
        let (served, named, in_url) = match route {
            Route::Operation(entry) => (entry.served, Some(entry), String::new()),
            Route::Form { served, in_url } => (served, None, in_url),
            Route::Unsigned => return self.answer_unsigned(&parts, body, (request_id, event_id), peer).await,
        };
        let admitted = self.admit(served, parts, &mut body, (request_id, event_id), peer).await;
        let (context, mut body) = match admitted {
            Ok(admitted) => admitted,
            Err(fault) => {
                drain(&mut body, waits).await;
                return self.refuse(served.model, request_id, &fault);
            }
        };
        let entry = match named {
            Some(entry) => Ok(entry),
            None => routing::by_form(&self.registry, served, in_url, &mut body),
        };
        let entry = match entry {
            Ok(entry) => entry,
            Err(fault) => {
                body.zeroize();
                return self.refuse(served.model, request_id, &fault);
            }
        };
        let answer = self.run(entry, context, &body).await;
        body.zeroize();
        answer
    }

    /// Answers a form without a signature. The few operations that may come so bring a proof of their own.
    async fn answer_unsigned(
        &self,
        parts: &Parts,
        mut body: Incoming,
        ids: (RequestId, EventId),
        peer: &Peer,
    ) -> Response<Full<Bytes>> {
        let mut body = match self.read(UNSIGNED_BODY_BYTES_MAX, &parts.headers, &mut body).await {
            Ok(body) => body,
            Err(fault) => {
                drain(&mut body, parts.headers.contains_key(header::EXPECT)).await;
                return self.refuse(STS.model, ids.0, &fault);
            }
        };
        let answer = match routing::by_unsigned_form(&self.registry, &body) {
            Err(fault) => Err(fault),
            Ok(entry) => self.vouched(&body, parts, ids, peer).await.map(|context| (entry, context)),
        };
        let answer = match answer {
            Err(fault) => self.refuse(STS.model, ids.0, &fault),
            Ok((entry, context)) => self.run(entry, context, &body).await,
        };
        body.zeroize();
        answer
    }

    /// Whom a provider of identities vouches for, in the account of the role that is asked for.
    async fn vouched(
        &self,
        body: &[u8],
        parts: &Parts,
        (request_id, event_id): (RequestId, EventId),
        peer: &Peer,
    ) -> Result<RequestContext, WireError> {
        let app = &*self.app;
        let now = app.now();
        let input: AssumeRoleWithWebIdentityRequest = wire::decode(STS.model, body)?;
        let account = input.role_arn.split(':').nth(4).and_then(|account| AccountId::parse(account).ok());
        let account = account.ok_or_else(|| {
            WireError::new("ValidationError", 400, Some(format!("{} is invalid", input.role_arn).into()))
        })?;
        let identity = app.issuers.verify(input.web_identity_token.expose(), account, app.account, now).await;
        let identity = identity.map_err(|fault| fault.wire())?;
        let region = app.regions.find(GLOBAL_REGION).expect("every server has AWS's own Regions");
        let caller = Caller::federated(Arc::new(identity), account, &app.authenticator.identities);
        Ok(RequestContext {
            request_id,
            event_id,
            caller,
            region,
            source_ip: peer.ip,
            source_ip_text: Arc::clone(&peer.text),
            user_agent: user_agent(&parts.headers),
            host: single(&parts.headers, "host").unwrap_or_default().to_owned(),
            secure_transport: false,
            received_at: now,
            via: None,
        })
    }

    /// Runs an operation for somebody who is known, and counts it.
    async fn run(&self, entry: &Entry, context: RequestContext, body: &[u8]) -> Response<Full<Bytes>> {
        let started = Instant::now();
        let request_id = context.request_id;
        let answer = entry.run(&self.app, context, body).await;
        let code = answer.as_ref().map_or_else(|error| error.code, |_| metrics::OK);
        let (model, operation) = (entry.served.model, entry.operation.name);
        self.app.metrics.request(&entry.metrics, model.name, operation, code, started.elapsed());
        match answer {
            Ok(body) => respond(StatusCode::OK, wire::content_type(model), request_id, Bytes::from(body)),
            Err(fault) => encode_error(model, request_id, &fault),
        }
    }

    async fn answer_admin(&self, request: Request<Incoming>, asker: Asker) -> Response<Full<Bytes>> {
        use tower::ServiceExt as _;
        let (mut parts, _) = request.into_parts();
        parts.extensions.insert(asker);
        let request = Request::from_parts(parts, axum::body::Body::empty());
        let Ok(response) = self.admin.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Response::from_parts(parts, Full::new(body))
    }

    /// Identifies the caller and reads the body that its signature covers.
    async fn admit(
        &self,
        served: &Served,
        parts: Parts,
        body: &mut Incoming,
        (request_id, event_id): (RequestId, EventId),
        peer: &Peer,
    ) -> Result<(RequestContext, Vec<u8>), WireError> {
        let app = &*self.app;
        let now = app.now();
        let refused = |fault: AuthFailure| wire::refusal(served.model, &fault);
        // Routed without credentials, told the same as anywhere: an operation's existence is no secret.
        let presented = Presented::parse(&parts).map_err(refused)?;
        let region = served
            .region(&app.regions, presented.region())
            .ok_or_else(|| refused(AuthFailure::WrongRegion { region: presented.region().to_owned() }))?;
        if presented.service() != served.model.signing_name {
            return Err(refused(AuthFailure::WrongService { expected: served.model.signing_name }));
        }
        presented.check_time(now, Duration::from_secs(app.limits.clock_skew_seconds)).map_err(refused)?;
        let unidentified = |fault: Unidentified| match fault {
            Unidentified::Refused(fault) => refused(fault),
            Unidentified::Store(fault) => {
                tracing::error!(%fault, "a credential could not be looked up");
                WireError::new("ServiceUnavailableException", 503, None)
            }
        };
        let authenticator = &app.authenticator;
        let named =
            authenticator.find(&app.store, &app.keyring, &presented, now).await.map_err(unidentified)?;
        let body = self.read(served.body_bytes_max, &parts.headers, body).await?;
        if let Err(fault) = presented.verify(&parts, &body, &named.signing_key(&presented)) {
            return Err(refused(fault));
        }
        let caller = authenticator.identify(&app.store, &app.keyring, &named).await.map_err(unidentified)?;
        let context = RequestContext {
            request_id,
            event_id,
            caller,
            region,
            source_ip: peer.ip,
            source_ip_text: Arc::clone(&peer.text),
            user_agent: user_agent(&parts.headers),
            host: single(&parts.headers, "host").unwrap_or_default().to_owned(),
            secure_transport: false,
            received_at: now,
            via: None,
        };
        Ok((context, body))
    }

    /// Reads the body, within the operation's size and the server's time.
    async fn read(
        &self,
        limit: usize,
        headers: &HeaderMap,
        body: &mut Incoming,
    ) -> Result<Vec<u8>, WireError> {
        let too_large = || {
            WireError::new(
                "RequestEntityTooLargeException",
                413,
                Some(format!("The request's body is larger than {limit} bytes.").into()),
            )
        };
        let announced = body.size_hint().upper();
        if announced.is_some_and(|bytes| bytes > limit as u64) {
            return Err(too_large());
        }
        if headers.contains_key(header::CONTENT_ENCODING) {
            return Err(WireError::new(
                "SerializationException",
                400,
                Some("Encoded bodies are not taken.".into()),
            ));
        }
        let reading = async {
            let capacity = announced.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(1024);
            let mut read = BytesMut::with_capacity(capacity.min(limit));
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|_| {
                    WireError::new(
                        "SerializationException",
                        400,
                        Some("The request's body ended early.".into()),
                    )
                })?;
                if let Some(data) = frame.data_ref() {
                    if read.len() + data.len() > limit {
                        return Err(too_large());
                    }
                    read.extend_from_slice(data);
                }
            }
            Ok(Vec::from(read))
        };
        let seconds = self.app.limits.body_seconds_max;
        tokio::time::timeout(Duration::from_secs(seconds), reading).await.map_err(|_| {
            WireError::new(
                "RequestTimeoutException",
                408,
                Some(format!("The request's body did not arrive within {seconds} seconds.").into()),
            )
        })?
    }

    /// Answers a request that did not get in. It is counted, and logged at debug level only, so that
    /// strangers cannot fill the disk.
    fn refuse(
        &self,
        service: &ServiceModel,
        request_id: RequestId,
        fault: &WireError,
    ) -> Response<Full<Bytes>> {
        self.app.metrics.refused_at_door(fault.code);
        tracing::debug!(%request_id, code = fault.code, "a request was refused at the door");
        let mut response = encode_error(service, request_id, fault);
        if fault.status == 413 || fault.status == 408 {
            // The rest of the body was not read: the connection cannot be used again.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

fn user_agent(headers: &HeaderMap) -> String {
    let value = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let mut text = value.map(std::borrow::Cow::into_owned).unwrap_or_default();
    if text.len() > USER_AGENT_BYTES_MAX {
        let end = (0..=USER_AGENT_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

fn encode_error(service: &ServiceModel, request_id: RequestId, fault: &WireError) -> Response<Full<Bytes>> {
    let answer = fault.encode(service, &request_id.to_string());
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    respond(status, answer.content_type, request_id, Bytes::from(answer.body))
}

fn respond(
    status: StatusCode,
    content_type: &'static str,
    request_id: RequestId,
    body: Bytes,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(request_id.encode(&mut [0; 36])) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The answer to a request whose handling panicked.
pub(crate) fn internal_failure() -> Response<Full<Bytes>> {
    let fault = WireError::new("InternalFailure", 500, None);
    let answer = fault.encode(&keywright_aws::kms::SERVICE, "");
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

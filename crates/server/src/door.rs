//! The door: from an HTTP request to an authenticated request of an operation, and back.
//!
//! Order: route → bounds → credentials named and known → body, bounded in size and time → signature over
//! what was read → pipeline. Requests that fail authentication are counted, and not recorded in the trail.

use crate::app::App;
use crate::metrics;
use crate::registry::{Entry, Registry};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use keywright_auth::{RequestContext, Unidentified};
use keywright_aws::sigv4::{AuthFailure, Presented};
use keywright_aws::{ServiceModel, WireError, error};
use keywright_types::{EventId, RequestId};
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

const USER_AGENT_BYTES_MAX: usize = 1024;
const REQUEST_ID: &str = "x-amzn-requestid";

impl Door {
    /// Answers one request; never fails, whatever comes in.
    pub(crate) async fn answer(&self, request: Request<Incoming>, peer: &Peer) -> Response<Full<Bytes>> {
        let looking = request.method() == Method::GET || request.method() == Method::HEAD;
        if looking && crate::admin::PATHS.contains(&request.uri().path()) {
            return self.answer_admin(request).await;
        }
        let (request_id, event_id) = self.app.request_ids();
        let started = Instant::now();
        let entry = match self.route(&request) {
            Ok(entry) => entry,
            Err(fault) => return self.refuse(&keywright_aws::kms::SERVICE, request_id, &fault),
        };
        let answer = match self.admit(entry, request, (request_id, event_id), peer).await {
            Ok((context, mut body)) => {
                let answer = entry.run(&self.app, context, &body).await;
                body.zeroize();
                let code = answer.as_ref().map_or_else(|error| error.code, |_| metrics::OK);
                let (service, operation) = (entry.service.name, entry.operation.name);
                self.app.metrics.request(&entry.metrics, service, operation, code, started.elapsed());
                answer
            }
            Err(fault) => return self.refuse(entry.service, request_id, &fault),
        };
        match answer {
            Ok(body) => respond(StatusCode::OK, error::JSON_1_1, request_id, Bytes::from(body)),
            Err(fault) => encode_error(entry.service, request_id, &fault),
        }
    }

    async fn answer_admin(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        use tower::ServiceExt as _;
        let (parts, _) = request.into_parts();
        let request = Request::from_parts(parts, axum::body::Body::empty());
        let Ok(response) = self.admin.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Response::from_parts(parts, Full::new(body))
    }

    /// Which operation the request names: for AWS JSON, `POST /` with `X-Amz-Target`.
    fn route(&self, request: &Request<Incoming>) -> Result<&Entry, WireError> {
        let unknown = || WireError::new("UnknownOperationException", 400, None);
        if request.uri().path() != "/" {
            return Err(WireError::new("UnknownOperationException", 404, None));
        }
        if request.method() != Method::POST {
            return Err(WireError::new("MethodNotAllowedException", 405, Some("Requests are POST.".into())));
        }
        let target = single(request.headers(), "x-amz-target").ok_or_else(|| {
            if request.headers().contains_key(header::AUTHORIZATION) {
                unknown()
            } else {
                WireError::new(
                    "MissingAuthenticationTokenException",
                    400,
                    Some("Missing Authentication Token".into()),
                )
            }
        })?;
        self.registry.find(target).ok_or_else(unknown)
    }

    /// Identifies the caller and reads the body that its signature covers.
    async fn admit(
        &self,
        entry: &Entry,
        request: Request<Incoming>,
        (request_id, event_id): (RequestId, EventId),
        peer: &Peer,
    ) -> Result<(RequestContext, Vec<u8>), WireError> {
        let app = &*self.app;
        let now = app.now();
        let refused = |fault: AuthFailure| {
            let wire = fault.wire(true);
            WireError::new(wire.code, wire.status, Some(wire.message.into()))
        };
        let (parts, body) = request.into_parts();
        // Routed without credentials, told the same as anywhere: an operation's existence is no secret.
        let presented = Presented::parse(&parts).map_err(refused)?;
        let region = app
            .regions
            .find(presented.region())
            .ok_or_else(|| refused(AuthFailure::WrongRegion { region: presented.region().to_owned() }))?;
        if presented.service() != entry.service.signing_name {
            return Err(refused(AuthFailure::WrongService { expected: entry.service.signing_name }));
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
        let body = self.read(entry, &parts.headers, body).await?;
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
    async fn read(&self, entry: &Entry, headers: &HeaderMap, body: Incoming) -> Result<Vec<u8>, WireError> {
        let limit = entry.body_bytes_max;
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
            let mut body = body;
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

/// The one value of a header that must not be repeated; none if it is absent, repeated or not text.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    value.to_str().ok()
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

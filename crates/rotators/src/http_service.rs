//! Services that change a password by an HTTP request.
//!
//! `rotate_url` gets `POST {"username", "current_password", "new_password"}` with the current credential (HTTP Basic), and
//! again with the new one if that is refused: a service that took the password and did not say so answers that one. Any
//! 2xx is done. `test_url` gets `GET` with the new credential and must answer 2xx. Redirects are not followed.

use crate::error::{Place, StepError, ValueFault, scrubbed};
use crate::kind::{RotatorKind, Strategy};
use crate::rotators::{Rotators, Step};
use crate::value::{SecretDocument, is_loopback};
use base64::Engine as _;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use keywright_types::SecretText;
use rustls::pki_types::ServerName;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

struct Login {
    user: String,
    password: SecretText,
    rotate_url: Uri,
    test_url: Uri,
}

impl Login {
    fn parse(value: &SecretText) -> Result<Self, ValueFault> {
        let document = SecretDocument::parse(value)?;
        let url = |name: &'static str| -> Result<Option<Uri>, ValueFault> {
            let Some(text) = document.find(name)? else { return Ok(None) };
            let fault = |why| ValueFault::Unusable(name, why);
            let uri: Uri = text.parse().map_err(|_| fault("it is not a URL"))?;
            let host = uri.host().ok_or_else(|| fault("it is not a whole URL"))?;
            match uri.scheme_str() {
                Some("https") => {}
                Some("http") if is_loopback(host) => {}
                _ => return Err(fault("it must be https, or http to this machine itself")),
            }
            if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
                return Err(fault("credentials stand in members of their own"));
            }
            Ok(Some(uri))
        };
        Ok(Self {
            user: document.get("username")?.to_owned(),
            password: SecretText::new(document.get("password")?.to_owned()),
            rotate_url: url("rotate_url")?.ok_or(ValueFault::Missing("rotate_url"))?,
            test_url: url("test_url")?.ok_or(ValueFault::Missing("test_url"))?,
        })
    }
}

pub(crate) fn check(value: &SecretText) -> Result<(), ValueFault> {
    Login::parse(value).map(|_| ())
}

pub(crate) fn place(value: &SecretText) -> Result<Place, ValueFault> {
    let login = Login::parse(value)?;
    Ok(place_of(&login.rotate_url))
}

fn place_of(url: &Uri) -> Place {
    let default = if url.scheme_str() == Some("http") { 80 } else { 443 };
    Place {
        kind: RotatorKind::Http,
        host: url.host().unwrap_or_default().to_owned(),
        port: url.port_u16().unwrap_or(default),
    }
}

pub(crate) async fn set(rotators: &Rotators, step: &Step<'_>, pending: &SecretText) -> Result<(), StepError> {
    let (current, pending) = (Login::parse(step.current)?, Login::parse(pending)?);
    if step.strategy == Strategy::AlternatingUsers {
        return Err(StepError::Unsupported {
            place: place_of(&pending.rotate_url),
            problem: "a service over HTTP rotates one user".to_owned(),
        });
    }
    if asked(rotators, &pending, &pending.test_url, None).await?.is_success() {
        return Ok(());
    }
    let body = Zeroizing::new(
        json!({
            "username": pending.user,
            "current_password": current.password.expose(),
            "new_password": pending.password.expose(),
        })
        .to_string(),
    );
    let previous = step.previous.and_then(|previous| Login::parse(previous).ok());
    let mut status = StatusCode::UNAUTHORIZED;
    for login in [Some(&current), previous.as_ref()].into_iter().flatten() {
        status = asked(rotators, login, &pending.rotate_url, Some(&body)).await?;
        if status.is_success() {
            return Ok(());
        }
        if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            break;
        }
    }
    Err(refusal(&pending, &pending.rotate_url, status, "the current password"))
}

pub(crate) async fn test(rotators: &Rotators, pending: &SecretText) -> Result<(), StepError> {
    let login = Login::parse(pending)?;
    rotators.check_allowed(&place_of(&login.test_url))?;
    match asked(rotators, &login, &login.test_url, None).await? {
        status if status.is_success() => Ok(()),
        status => Err(refusal(&login, &login.test_url, status, "the pending password")),
    }
}

fn refusal(login: &Login, url: &Uri, status: StatusCode, credential: &'static str) -> StepError {
    let place = place_of(url);
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            StepError::Refused { place, user: login.user.clone(), credential }
        }
        status => StepError::Failed {
            place,
            user: login.user.clone(),
            doing: "do what it was asked",
            cause: format!("it answered {status}"),
        },
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// The status that a request gets; with a body it is a POST.
async fn asked(
    rotators: &Rotators,
    login: &Login,
    url: &Uri,
    body: Option<&str>,
) -> Result<StatusCode, StepError> {
    let place = place_of(url);
    rotators.check_allowed(&place)?;
    let unreachable = |cause: String| StepError::Unreachable {
        place: place.clone(),
        cause: scrubbed(&cause, &[login.password.expose()]),
    };
    let host = place.host.trim_matches(['[', ']']).to_owned();
    let connecting = TcpStream::connect((host.as_str(), place.port));
    let stream = tokio::time::timeout(rotators.settings.connect_timeout, connecting)
        .await
        .map_err(|_| StepError::TimedOut { place: place.clone() })?
        .map_err(|cause| unreachable(cause.to_string()))?;
    let stream: Box<dyn Stream> = if url.scheme_str() == Some("http") {
        Box::new(stream)
    } else {
        let name = ServerName::try_from(host).map_err(|cause| unreachable(cause.to_string()))?;
        let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::clone(&rotators.tls.config));
        Box::new(connector.connect(name, stream).await.map_err(|cause| unreachable(cause.to_string()))?)
    };
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream))
            .await
            .map_err(|cause| unreachable(cause.to_string()))?;
    let driving = tokio::spawn(async move {
        let _ended = connection.await;
    });
    let pair = Zeroizing::new(format!("{}:{}", login.user, login.password.expose()));
    let basic = Zeroizing::new(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(&*pair)));
    let mut authorization =
        HeaderValue::from_str(&basic).map_err(|_| ValueFault::Unusable("username", "it cannot be sent"))?;
    authorization.set_sensitive(true);
    let target = url.path_and_query().map_or("/", |target| target.as_str());
    let request = Request::builder()
        .method(if body.is_some() { Method::POST } else { Method::GET })
        .uri(target)
        .header(HOST, url.authority().map_or("", |authority| authority.as_str()))
        .header(CONTENT_TYPE, "application/json")
        .header(AUTHORIZATION, authorization)
        .body(Full::new(Bytes::copy_from_slice(body.unwrap_or_default().as_bytes())))
        .map_err(|cause| unreachable(cause.to_string()))?;
    let answer = sender.send_request(request).await.map_err(|cause| unreachable(cause.to_string()))?;
    let status = answer.status();
    driving.abort();
    Ok(status)
}

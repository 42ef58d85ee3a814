//! The two ceilings: servers that do less than any real one could.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use keywright_aws::sigv4::{Presented, SigningKeys};
use keywright_types::{Clock as _, SecretText, SystemClock};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

/// The one secret that the limit server knows.
pub const SECRET: &str = "the-secret-of-the-limit-server-has-40-ch";
pub const ACCESS_KEY_ID: &str = "AKIALIMITSERVER00001";

/// Serves until killed; prints its port first.
pub fn serve(kind: &str) -> Result<(), String> {
    let verify = match kind {
        "bare" => false,
        "limit" => true,
        _ => return Err(format!("no such server: {kind}")),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|fault| fault.to_string())?;
    runtime.block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|fault| fault.to_string())?;
        println!("{}", listener.local_addr().map_err(|fault| fault.to_string())?.port());
        let limit = Arc::new(Limit::new());
        loop {
            let (stream, _) = listener.accept().await.map_err(|fault| fault.to_string())?;
            let _ignored = stream.set_nodelay(true);
            let limit = Arc::clone(&limit);
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let limit = Arc::clone(&limit);
                    async move { Ok::<_, Infallible>(answer(request, &limit, verify).await) }
                });
                let mut http = http1::Builder::new();
                // As the real server has it.
                http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10));
                let _ended = http.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

struct Limit {
    secret: SecretText,
    keys: SigningKeys,
    cipher: LessSafeKey,
    counter: AtomicU64,
}

impl Limit {
    fn new() -> Self {
        let cipher = UnboundKey::new(&AES_256_GCM, &[7; 32]).expect("32 bytes are a key");
        Self {
            secret: SecretText::new(SECRET.to_owned()),
            keys: SigningKeys::default(),
            cipher: LessSafeKey::new(cipher),
            counter: AtomicU64::new(0),
        }
    }
}

async fn answer(request: Request<Incoming>, limit: &Limit, verify: bool) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return respond(400, Bytes::new());
    };
    if !verify {
        return respond(200, Bytes::from_static(b"{}"));
    }
    let Ok(presented) = Presented::parse(&parts) else { return respond(400, Bytes::new()) };
    let key = limit.keys.for_request(&limit.secret, &presented);
    let in_time = presented.check_time(SystemClock.now(), Duration::from_secs(300)).is_ok();
    if !in_time || presented.verify(&parts, &body, &key).is_err() {
        return respond(403, Bytes::new());
    }
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&limit.counter.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    let mut sealed = body.to_vec();
    let nonce = Nonce::assume_unique_for_key(nonce);
    if limit.cipher.seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed).is_err() {
        return respond(500, Bytes::new());
    }
    let text = base64::engine::general_purpose::STANDARD.encode(&sealed);
    respond(200, Bytes::from(format!("{{\"CiphertextBlob\":\"{text}\"}}")))
}

fn respond(status: u16, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/x-amz-json-1.1"));
    response
}

//! The load: signed requests, each with its own signature, over keep-alive connections.

use http::{Request, header};
use keywright_aws::sigv4::{SigningCredentials, sign};
use keywright_types::{Clock as _, SecretText, SystemClock};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub const REGION: &str = "eu-central-1";
/// Connections kept open at once.
pub const CONNECTIONS: usize = 32;

/// Who signs, for which server.
pub struct Target<'a> {
    pub port: u16,
    pub access_key_id: &'a str,
    pub secret: &'a str,
}

/// Requests as they go over the wire, ready to send.
pub type Requests = Arc<Vec<Vec<u8>>>;

/// Signs `count` requests of one operation; `body` makes each one's body, so that no two are alike.
pub fn prepare(
    target: &Target<'_>,
    operation: &str,
    count: usize,
    body: impl Fn(usize) -> String,
) -> Result<Requests, String> {
    (0..count)
        .map(|number| {
            let invocation = format!("{number:032x}");
            let headers = [
                ("content-type", "application/x-amz-json-1.1"),
                ("x-amz-target", operation),
                ("amz-sdk-invocation-id", invocation.as_str()),
            ];
            signed(target, "kms", &headers, &body(number))
        })
        .collect::<Result<Vec<_>, _>>()
        .map(Arc::new)
}

/// A signed request as it goes over the wire.
fn signed(
    target: &Target<'_>,
    service: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Vec<u8>, String> {
    let secret = SecretText::new(target.secret.to_owned());
    let credentials =
        SigningCredentials { access_key_id: target.access_key_id, secret: &secret, session_token: None };
    let mut request = Request::post("/").header(header::HOST, format!("127.0.0.1:{}", target.port));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request =
        request.header("user-agent", "keywright-bench").body(()).map_err(|fault| fault.to_string())?;
    let (mut parts, ()) = request.into_parts();
    sign(&mut parts, body.as_bytes(), &credentials, REGION, service, SystemClock.now())
        .map_err(|fault| fault.to_string())?;
    let mut text = String::from("POST / HTTP/1.1\r\n");
    for (name, value) in &parts.headers {
        let value = value.to_str().map_err(|fault| fault.to_string())?;
        write!(text, "{name}: {value}\r\n").expect("writing to a String cannot fail");
    }
    write!(text, "content-length: {}\r\n\r\n{body}", body.len()).expect("writing to a String cannot fail");
    Ok(text.into_bytes())
}

/// What a load saw.
pub struct Outcome {
    pub answers: usize,
    pub elapsed: Duration,
    /// Of each answer, sorted.
    pub latencies: Vec<Duration>,
}

impl Outcome {
    /// The latency that `share` of the answers did not exceed.
    pub fn percentile(&self, share: f64) -> Duration {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in a list"
        )]
        let place = (self.latencies.len() as f64 * share) as usize;
        self.latencies.get(place.min(self.latencies.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

/// Sends all requests over the connections, as fast as they are answered, or at `per_second`.
pub fn run(port: u16, requests: &Requests, per_second: Option<f64>) -> Result<Outcome, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|fault| fault.to_string())?;
    runtime.block_on(async {
        let next = Arc::new(AtomicUsize::new(0));
        let start = Instant::now();
        let mut connections = tokio::task::JoinSet::new();
        for _ in 0..CONNECTIONS {
            let (requests, next) = (Arc::clone(requests), Arc::clone(&next));
            connections.spawn(async move { connection(port, &requests, &next, start, per_second).await });
        }
        let mut latencies = Vec::with_capacity(requests.len());
        while let Some(outcome) = connections.join_next().await {
            latencies.extend(outcome.map_err(|fault| fault.to_string())??);
        }
        let elapsed = start.elapsed();
        latencies.sort_unstable();
        Ok(Outcome { answers: latencies.len(), elapsed, latencies })
    })
}

async fn connection(
    port: u16,
    requests: &[Vec<u8>],
    next: &AtomicUsize,
    start: Instant,
    per_second: Option<f64>,
) -> Result<Vec<Duration>, String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|fault| fault.to_string())?;
    stream.set_nodelay(true).map_err(|fault| fault.to_string())?;
    let mut latencies = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(request) = requests.get(number) else { return Ok(latencies) };
        let due = match per_second {
            None => Instant::now(),
            Some(rate) => {
                #[expect(clippy::cast_precision_loss, reason = "the number of a request")]
                let due = start + Duration::from_secs_f64(number as f64 / rate);
                tokio::time::sleep_until(due.into()).await;
                due
            }
        };
        // Latency counts from when the request was due: a server that falls behind cannot hide it.
        stream.write_all(request).await.map_err(|fault| fault.to_string())?;
        let mut filled = 0;
        loop {
            let read = stream.read(&mut buffer[filled..]).await.map_err(|fault| fault.to_string())?;
            if read == 0 {
                return Err("the server closed a connection".to_owned());
            }
            filled += read;
            if let Some(whole) = answer_length(&buffer[..filled])?
                && filled >= whole
            {
                break;
            }
        }
        latencies.push(due.elapsed());
    }
}

/// The length of the answer that begins here, once its head is complete; refusals are an error, since they
/// would be measured as something they are not.
fn answer_length(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end]).map_err(|fault| fault.to_string())?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(format!("refused: {}", String::from_utf8_lossy(bytes)));
    }
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:").map(|text| text.trim().to_owned())
        })
        .and_then(|text| text.parse::<usize>().ok())
        .ok_or("an answer without a length")?;
    Ok(Some(end + 4 + length))
}

/// One request of KMS by itself; gives the answer's body.
pub fn ask(target: &Target<'_>, operation: &str, body: &str) -> Result<serde_json::Value, String> {
    let requests = prepare(target, operation, 1, |_| body.to_owned())?;
    let answer = send(target.port, &requests[0])?;
    serde_json::from_slice(&answer).map_err(|fault| fault.to_string())
}

/// One request of IAM by itself; gives the answer, XML.
pub fn ask_iam(target: &Target<'_>, form: &str) -> Result<String, String> {
    let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    let request = signed(target, "iam", &headers, form)?;
    String::from_utf8(send(target.port, &request)?).map_err(|fault| fault.to_string())
}

fn send(port: u16, request: &[u8]) -> Result<Vec<u8>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|fault| fault.to_string())?;
    runtime.block_on(async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|fault| fault.to_string())?;
        stream.write_all(request).await.map_err(|fault| fault.to_string())?;
        let mut bytes = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = stream.read(&mut buffer).await.map_err(|fault| fault.to_string())?;
            bytes.extend_from_slice(&buffer[..read]);
            if let Some(whole) = answer_length(&bytes)?
                && bytes.len() >= whole
            {
                let start = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or_default() + 4;
                return Ok(bytes[start..whole].to_vec());
            }
            if read == 0 {
                return Err("the server closed the connection".to_owned());
            }
        }
    })
}

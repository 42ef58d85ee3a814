//! A whole server in the test's process, with a clock that the test moves, and a client that signs.

#![allow(dead_code, reason = "each test file uses its part")]

pub mod callers;
pub mod query;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use keywright_aws::sigv4::{SigningCredentials, sign};
use keywright_crypto::SystemRng;
use keywright_server::{Config, Given, GivenKms, RootCredential, Server, StartError, start};
use keywright_testkit::{Database, Engine};
use keywright_types::{AccessKeyId, Clock as _, ManualClock, SecretText, Timestamp};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub const ACCOUNT: &str = "111122223333";
pub const REGION: &str = "eu-central-1";
pub const ACCESS_KEY_ID: &str = "AKIATESTROOTKEY00001";
pub const SECRET: &str = "a-secret-of-the-tests-with-forty-letters";
/// 2026-01-01T00:00:00Z (GNU date).
pub const NEW_YEAR: Timestamp = Timestamp::from_seconds(1_767_225_600);
pub const DAY: Duration = Duration::from_secs(86_400);

/// A refusal as the wire shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: String,
    pub message: String,
}

pub struct TestServer {
    pub clock: ManualClock,
    pub data: PathBuf,
    /// The way behind the server's back.
    pub database: Database,
    settings: String,
    server: Option<Server>,
    http: Client<HttpConnector, Full<Bytes>>,
    _folder: Option<tempfile::TempDir>,
}

impl TestServer {
    pub async fn start(engine: Engine) -> Self {
        Self::with_settings(engine, "").await
    }

    /// `settings` is text of the configuration file.
    pub async fn with_settings(engine: Engine, settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let mut made = Self {
            database: Database::new(engine, &data.join("keywright.db")),
            clock: ManualClock::at(NEW_YEAR),
            data,
            settings: settings.to_owned(),
            server: None,
            http: Client::builder(TokioExecutor::new()).build_http(),
            _folder: Some(folder),
        };
        made.begin().await;
        made
    }

    /// A second node on the same PostgreSQL, with a data folder of its own and a copy of the root key.
    pub async fn beside(&self) -> Self {
        let Database::Url(url) = &self.database else { panic!("a file has one node") };
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a folder");
        std::fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(0o700))
            .expect("its mode");
        std::fs::copy(self.data.join("root.key"), data.join("root.key")).expect("the root key");
        let mut made = Self {
            database: Database::Url(url.clone()),
            clock: self.clock.clone(),
            data,
            settings: self.settings.clone(),
            server: None,
            http: Client::builder(TokioExecutor::new()).build_http(),
            _folder: Some(folder),
        };
        made.begin().await;
        made
    }

    /// Starts it again on its data.
    pub async fn begin(&mut self) {
        let config = configuration(&self.data, &self.database, &self.settings);
        let clock = Arc::new(self.clock.clone());
        for attempt in 0.. {
            let root = RootCredential {
                access_key_id: AccessKeyId::parse(ACCESS_KEY_ID).expect("an access key id"),
                secret: SecretText::new(SECRET.to_owned()),
            };
            match start(&config, clock.clone(), Arc::new(SystemRng), Some(root)).await {
                // A test beside this one starts a process: between fork and exec that holds every lock of ours.
                Err(StartError::InUse { .. }) if attempt < 500 => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                started => {
                    self.server = Some(started.expect("the server starts"));
                    return;
                }
            }
        }
    }

    pub async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("the server runs")
    }

    /// Moves the clock and lets the timers do what is due then.
    pub async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.server().reconcile().await;
    }

    /// Lets days of uptime pass with a heartbeat every half hour, as a server that runs has them.
    pub async fn live(&self, days: u32) {
        for _ in 0..days * 48 {
            self.clock.advance(Duration::from_secs(1800));
            self.server().reconcile().await;
        }
    }

    /// Calls a KMS operation.
    pub async fn kms(&self, operation: &str, input: Value) -> Result<Value, Refusal> {
        self.call("kms", &format!("TrentService.{operation}"), &input).await
    }

    /// Calls a KMS operation of another Region.
    pub async fn kms_in(&self, region: &str, operation: &str, input: Value) -> Result<Value, Refusal> {
        let secret = SecretText::new(SECRET.to_owned());
        let credentials =
            SigningCredentials { access_key_id: ACCESS_KEY_ID, secret: &secret, session_token: None };
        let (target, body) = (format!("TrentService.{operation}"), input.to_string().into_bytes());
        let (status, answer) = self.send_to(region, &credentials, "kms", &target, body).await;
        Self::answer(status, &answer)
    }

    pub async fn call(&self, service: &str, target: &str, input: &Value) -> Result<Value, Refusal> {
        let (status, body) = self.send(service, target, input.to_string().into_bytes()).await;
        Self::answer(status, &body)
    }

    fn answer(status: u16, body: &Bytes) -> Result<Value, Refusal> {
        let answer: Value = if body.is_empty() {
            json!({})
        } else {
            serde_json::from_slice(body).expect("an answer in JSON")
        };
        if status == 200 {
            return Ok(answer);
        }
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        Err(Refusal { status, code: text("__type"), message: text("message") })
    }

    /// Signs and sends any body.
    pub async fn send(&self, service: &str, target: &str, body: Vec<u8>) -> (u16, Bytes) {
        let secret = SecretText::new(SECRET.to_owned());
        let credentials =
            SigningCredentials { access_key_id: ACCESS_KEY_ID, secret: &secret, session_token: None };
        self.send_as(&credentials, service, target, body).await
    }

    /// The same with other credentials.
    pub async fn send_as(
        &self,
        credentials: &SigningCredentials<'_>,
        service: &str,
        target: &str,
        body: Vec<u8>,
    ) -> (u16, Bytes) {
        self.send_to(REGION, credentials, service, target, body).await
    }

    async fn send_to(
        &self,
        region: &str,
        credentials: &SigningCredentials<'_>,
        service: &str,
        target: &str,
        body: Vec<u8>,
    ) -> (u16, Bytes) {
        let address = self.server().address;
        let request = Request::post(format!("http://{address}/"))
            .header(header::HOST, address.to_string())
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .body(())
            .expect("a request");
        let (mut parts, ()) = request.into_parts();
        sign(&mut parts, &body, credentials, region, service, self.clock.now()).expect("it signs");
        let (status, _, answer) = self.exchange(parts, body).await;
        (status, answer)
    }

    /// Sends exactly this.
    pub async fn exchange(&self, parts: Parts, body: Vec<u8>) -> (u16, HeaderMap, Bytes) {
        let request = Request::from_parts(parts, Full::new(Bytes::from(body)));
        let answer = self.http.request(request).await.expect("an answer");
        let (head, body) = answer.into_parts();
        (head.status.as_u16(), head.headers, body.collect().await.expect("a body").to_bytes())
    }

    pub async fn create_key(&self) -> String {
        self.create_key_with(json!({})).await
    }

    pub async fn create_key_with(&self, input: Value) -> String {
        let made = self.kms("CreateKey", input).await.expect("a key is made");
        made["KeyMetadata"]["KeyId"].as_str().expect("an id").to_owned()
    }

    pub async fn current_material(&self, key: &str) -> String {
        let shown = self.kms("DescribeKey", json!({ "KeyId": key })).await.expect("it is described");
        shown["KeyMetadata"]["CurrentKeyMaterialId"].as_str().expect("an id").to_owned()
    }

    /// Encrypts `text`; gives the blob in base64.
    pub async fn encrypt(&self, key: &str, text: &str) -> String {
        let sealed = self
            .kms("Encrypt", json!({ "KeyId": key, "Plaintext": base64(text.as_bytes()) }))
            .await
            .expect("it encrypts");
        sealed["CiphertextBlob"].as_str().expect("a blob").to_owned()
    }

    pub async fn decrypt(&self, blob: &str) -> Result<String, Refusal> {
        let opened = self.kms("Decrypt", json!({ "CiphertextBlob": blob })).await?;
        Ok(String::from_utf8(unbase64(opened["Plaintext"].as_str().expect("a plaintext"))).expect("text"))
    }

    /// (material id, type) of every rotation, oldest first.
    pub async fn history(&self, key: &str) -> Vec<(String, String)> {
        let listed = self.kms("ListKeyRotations", json!({ "KeyId": key })).await.expect("a history");
        listed["Rotations"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|entry| {
                let text = |name: &str| entry[name].as_str().expect("a text").to_owned();
                (text("KeyMaterialId"), text("RotationType"))
            })
            .collect()
    }

    /// The trail's records, oldest first.
    pub fn trail(&self) -> Vec<Value> {
        keywright_trail::tail(&self.data.join("trail"), usize::MAX)
            .expect("the trail reads")
            .iter()
            .map(|line| serde_json::from_str(line).expect("a record in JSON"))
            .collect()
    }
}

pub fn configuration(data: &Path, database: &Database, settings: &str) -> Config {
    let file = data.with_extension("toml");
    std::fs::create_dir_all(data.parent().expect("a parent")).expect("a folder");
    std::fs::write(&file, settings).expect("a configuration");
    let given = Given::from_file(&file).expect("the settings are good");
    let own = Given {
        data: Some(data.to_owned()),
        listen: Some("127.0.0.1:0".to_owned()),
        store: match database {
            Database::File(_) => None,
            Database::Url(url) => Some(url.clone()),
        },
        account_id: Some(ACCOUNT.to_owned()),
        kms: GivenKms { stocked_rsa_keys: Some(0), ..GivenKms::default() },
        ..Given::default()
    };
    own.over(given).complete().expect("a configuration")
}

pub fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub fn unbase64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

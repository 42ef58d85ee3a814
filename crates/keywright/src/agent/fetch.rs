//! Fetching values.

use crate::client::{CallError, Client};
use bytes::Bytes;
use keywright_types::SecretText;
use miette::{Report, miette};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use zeroize::Zeroize as _;

/// A secret's value as the server gave it.
pub struct Known {
    pub version_id: String,
    /// GetSecretValue's answer.
    body: Vec<u8>,
}

impl Drop for Known {
    fn drop(&mut self) {
        self.body.zeroize();
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    version_id: String,
    #[serde(default)]
    secret_string: Option<String>,
}

impl Known {
    fn parse(body: Bytes) -> Result<Self, CallError> {
        let body = body.to_vec();
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| CallError::Broken {
            problem: "the server's answer to GetSecretValue is not one".to_owned(),
        })?;
        Ok(Self { version_id: answer.version_id, body })
    }

    /// GetSecretValue's answer, for who asks for it here instead.
    pub fn answer(&self) -> &[u8] {
        &self.body
    }

    /// # Errors
    /// A value that is not text.
    pub fn text(&self) -> Result<SecretText, Report> {
        let answer: Answer = serde_json::from_slice(&self.body).map_err(|fault| miette!("{fault}"))?;
        answer.secret_string.map(SecretText::new).ok_or_else(|| miette!("the value is not text"))
    }
}

/// Asks a server for values, and for what changed.
pub struct Fetcher {
    data: PathBuf,
    endpoint: Option<String>,
}

/// A version of a secret that is wanted; none is the current one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    pub id: Option<String>,
    pub stage: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Changes {
    changed: Vec<Change>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    secret_id: String,
}

impl Fetcher {
    pub fn new(data: PathBuf, endpoint: Option<String>) -> Self {
        Self { data, endpoint }
    }

    /// Credentials are read anew for each call: they may be replaced while this runs.
    fn client(&self, secret: &str) -> Result<Client, CallError> {
        let mut client = Client::new(&self.data, self.endpoint.as_deref())
            .map_err(|fault| CallError::Broken { problem: fault.to_string() })?;
        if let Some(region) = region_of(secret) {
            client.use_region(region);
        }
        Ok(client)
    }

    pub async fn get(&self, secret: &str, version: &Version) -> Result<Known, CallError> {
        let input = json!({ "SecretId": secret, "VersionId": version.id, "VersionStage": version.stage });
        let body =
            self.client(secret)?.ask("secretsmanager", "secretsmanager.GetSecretValue", &input).await?;
        Known::parse(body)
    }

    /// Waits until one of these has another current version than the one that is known, and gives those.
    pub async fn watch(&self, known: &BTreeMap<String, String>) -> Result<Vec<String>, CallError> {
        let secrets: Vec<_> = known
            .iter()
            .map(|(secret, version)| json!({ "SecretId": secret, "VersionId": version }))
            .collect();
        let Some(first) = known.keys().next() else { return Ok(Vec::new()) };
        let input = json!({ "Secrets": secrets, "WaitSeconds": 20 });
        let body = self.client(first)?.ask("keywright", "Keywright.WatchSecrets", &input).await?;
        let changes: Changes = serde_json::from_slice(&body).map_err(|fault| CallError::Broken {
            problem: format!("the server's answer to WatchSecrets is not one: {fault}"),
        })?;
        Ok(changes.changed.into_iter().map(|change| change.secret_id).collect())
    }

    /// Tells which version is in use here; a server that does not want to know is asked no more.
    pub async fn report(&self, secret: &str, version: &str, consumer: &str) -> Result<(), CallError> {
        let input = json!({ "SecretId": secret, "VersionId": version, "Consumer": consumer });
        self.client(secret)?.ask("keywright", "Keywright.ReportSecretUse", &input).await.map(|_| ())
    }
}

/// The Region that an ARN names.
pub fn region_of(secret: &str) -> Option<&str> {
    secret.strip_prefix("arn:")?.split(':').nth(2).filter(|region| !region.is_empty())
}

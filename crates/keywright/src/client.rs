//! A small client for the server's own API: credentials as the AWS CLI finds them, one signed call.

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::rt::TokioExecutor;
use keywright_aws::sigv4::{self, SigningCredentials};
use keywright_types::{Clock as _, SecretText, SystemClock};
use miette::{IntoDiagnostic as _, Report, WrapErr as _, miette};
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// Speaks to one server as one principal.
pub struct Client {
    endpoint: String,
    region: String,
    access_key_id: String,
    secret: SecretText,
    session_token: Option<SecretText>,
}

const PROFILE: &str = "keywright";
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Deserialize)]
struct Refusal {
    #[serde(rename = "__type")]
    code: String,
    #[serde(alias = "Message")]
    message: Option<String>,
}

impl Client {
    /// Credentials from the environment, else from the data folder's `root-credentials`.
    pub fn new(data: &Path, endpoint: Option<&str>) -> Result<Self, Report> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        if let (Some(access_key_id), Some(secret)) =
            (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"))
        {
            return Ok(Self {
                endpoint: endpoint.unwrap_or("http://127.0.0.1:5399").to_owned(),
                region: region.unwrap_or_else(|| "us-east-1".to_owned()),
                access_key_id,
                secret: SecretText::new(secret),
                session_token: variable("AWS_SESSION_TOKEN").map(SecretText::new),
            });
        }
        let named = variable("AWS_SHARED_CREDENTIALS_FILE").map(std::path::PathBuf::from);
        let path = named.unwrap_or_else(|| data.join("root-credentials"));
        let text = std::fs::read_to_string(&path).into_diagnostic().wrap_err_with(|| {
            format!(
                "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name the server's data folder \
                 with --data ({} cannot be read)",
                path.display()
            )
        })?;
        let profile = variable("AWS_PROFILE").unwrap_or_else(|| PROFILE.to_owned());
        let setting = |name: &str| profile_setting(&text, &profile, name);
        let missing = |name: &str| miette!("{}: profile {profile} has no {name}", path.display());
        Ok(Self {
            endpoint: endpoint
                .map(str::to_owned)
                .or_else(|| setting("endpoint_url"))
                .ok_or_else(|| missing("endpoint_url"))?,
            region: region.or_else(|| setting("region")).unwrap_or_else(|| "us-east-1".to_owned()),
            access_key_id: setting("aws_access_key_id").ok_or_else(|| missing("aws_access_key_id"))?,
            secret: SecretText::new(
                setting("aws_secret_access_key").ok_or_else(|| missing("aws_secret_access_key"))?,
            ),
            session_token: setting("aws_session_token").map(SecretText::new),
        })
    }

    /// Asks about another Region than the one that was configured.
    pub fn use_region(&mut self, region: &str) {
        region.clone_into(&mut self.region);
    }

    /// Calls one operation and gives its answer's body.
    pub fn call(&self, service: &str, target: &str, input: &Value) -> Result<Bytes, Report> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().into_diagnostic()?;
        runtime.block_on(self.ask(service, target, input)).map_err(|fault| miette!("{fault}"))
    }

    /// The same for who waits for several things at once, and tells refusals from servers that are away.
    pub async fn ask(&self, service: &str, target: &str, input: &Value) -> Result<Bytes, CallError> {
        let broken = |problem: String| CallError::Broken { problem };
        let body = serde_json::to_vec(&without_nulls(input)).map_err(|fault| broken(fault.to_string()))?;
        let url = format!("{}/", self.endpoint.trim_end_matches('/'));
        let uri: http::Uri =
            url.parse().map_err(|fault| broken(format!("the endpoint is not a URL: {fault}")))?;
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let request = Request::post(uri)
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .body(())
            .map_err(|fault| broken(fault.to_string()))?;
        let (mut parts, ()) = request.into_parts();
        let credentials = SigningCredentials {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            session_token: self.session_token.as_ref(),
        };
        sigv4::sign(&mut parts, &body, &credentials, &self.region, service, SystemClock.now())
            .map_err(|fault| broken(fault.to_string()))?;
        let request = Request::from_parts(parts, Full::new(Bytes::from(body)));
        let away = |problem: String| CallError::Away { endpoint: self.endpoint.clone(), problem };
        let http: HttpClient<_, Full<Bytes>> = HttpClient::builder(TokioExecutor::new()).build_http();
        let answer = tokio::time::timeout(TIMEOUT, http.request(request))
            .await
            .map_err(|_| away(format!("no answer within {} seconds", TIMEOUT.as_secs())))?
            .map_err(|fault| away(chain(&fault)))?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|fault| away(chain(&fault)))?.to_bytes();
        if status.is_success() {
            return Ok(body);
        }
        match serde_json::from_slice::<Refusal>(&body) {
            Ok(refusal) if !status.is_server_error() => {
                Err(CallError::Refused { code: refusal.code, message: refusal.message.unwrap_or_default() })
            }
            Ok(_) | Err(_) => Err(away(format!("it answered {status}"))),
        }
    }
}

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("{code}: {message}")]
    Refused { code: String, message: String },
    #[error("no server answers at {endpoint}: {problem}")]
    Away { endpoint: String, problem: String },
    #[error("{problem}")]
    Broken { problem: String },
}

/// An error with its causes, in one line.
fn chain(fault: &dyn std::error::Error) -> String {
    let mut text = fault.to_string();
    let mut source = fault.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Asks for a page that needs no credentials; gives status and body.
pub fn get(endpoint: &str, path: &str) -> Result<(u16, Bytes), Report> {
    let uri: http::Uri = format!("{}{path}", endpoint.trim_end_matches('/')).parse().into_diagnostic()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().into_diagnostic()?;
    runtime.block_on(async {
        let http: HttpClient<_, Full<Bytes>> = HttpClient::builder(TokioExecutor::new()).build_http();
        let answer =
            tokio::time::timeout(TIMEOUT, http.get(uri)).await.into_diagnostic()?.into_diagnostic()?;
        let status = answer.status().as_u16();
        Ok((status, answer.into_body().collect().await.into_diagnostic()?.to_bytes()))
    })
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, member)| !member.is_null());
            Value::Object(kept.map(|(name, member)| (name.clone(), member.clone())).collect())
        }
        other => other.clone(),
    }
}

/// A setting of a profile in the AWS credentials-file format.
fn profile_setting(text: &str, profile: &str, name: &str) -> Option<String> {
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside = section.trim().trim_start_matches("profile ").trim() == profile;
        } else if inside
            && let Some((key, value)) = line.split_once('=')
            && key.trim() == name
        {
            return Some(value.trim().to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::profile_setting;

    #[test]
    fn settings_are_those_of_their_profile() {
        let text = "[other]\nregion = a\n\n[keywright]\nregion=eu-west-1\nendpoint_url = http://h:1\n";
        assert_eq!(profile_setting(text, "keywright", "region").as_deref(), Some("eu-west-1"));
        assert_eq!(profile_setting(text, "keywright", "endpoint_url").as_deref(), Some("http://h:1"));
        assert_eq!(profile_setting(text, "keywright", "aws_access_key_id"), None);
        assert_eq!(profile_setting(text, "other", "region").as_deref(), Some("a"));
    }
}

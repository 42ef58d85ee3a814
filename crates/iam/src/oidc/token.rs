//! A token: RFC 7519 in the compact form of RFC 7515. Read before it is believed, asked once it is.

use super::invalid;
use crate::error::IamError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keywright_auth::{Claim, WebIdentity};
use keywright_crypto::JwsAlgorithm;
use keywright_types::{Tags, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub(super) struct Token<'a> {
    pub(super) algorithm: JwsAlgorithm,
    pub(super) key_id: Option<String>,
    /// What the signature is over.
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
    claims: Map<String, Value>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// What clocks may be apart (IAM User Guide: a window of five minutes beyond `exp`).
const SKEW_SECONDS: i64 = 300;
const TAGS: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";
const TAGS_MAX: usize = 50;

impl<'a> Token<'a> {
    /// None for what is no signed token, or is signed by no algorithm that is taken.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
        // RFC 7515, 4.1.11: extensions that must be understood, of which none is.
        if header.crit.is_some() {
            return None;
        }
        Some(Self {
            algorithm: JwsAlgorithm::parse(&header.alg)?,
            key_id: header.kid,
            signed: signed.as_bytes(),
            signature: decode(signature)?,
            claims: serde_json::from_slice(&decode(claims)?).ok()?,
        })
    }

    pub(super) fn issuer(&self) -> Result<&str, IamError> {
        self.text("iss")
    }

    fn text(&self, name: &str) -> Result<&str, IamError> {
        let text = self.claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.ok_or_else(|| missing(name))
    }

    fn seconds(&self, name: &str) -> Option<i64> {
        let value = self.claims.get(name)?;
        #[expect(clippy::cast_possible_truncation, reason = "a float is cut to the nearest whole number")]
        value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
    }

    /// `exp`, which must be there, and `nbf` and `iat` where they are.
    pub(super) fn check_times(&self, now: Timestamp) -> Result<(), IamError> {
        let now = now.as_millis().div_euclid(1000);
        let ends = self.seconds("exp").ok_or_else(|| missing("exp"))?;
        if now >= ends.saturating_add(SKEW_SECONDS) {
            return Err(IamError::ExpiredToken {
                message: format!(
                    "Token expired: current date/time {now} must be before the expiration date/time {ends}"
                ),
            });
        }
        for name in ["nbf", "iat"] {
            let begins = match self.claims.get(name) {
                None => continue,
                Some(_) => self.seconds(name).ok_or_else(|| missing(name))?,
            };
            if begins > now.saturating_add(SKEW_SECONDS) {
                return Err(invalid(format!("Token not yet valid: {name} {begins} is after {now}")));
            }
        }
        Ok(())
    }

    /// What a verified token says.
    pub(super) fn identity(&self, provider: String, audiences: &[String]) -> Result<WebIdentity, IamError> {
        let subject = self.text("sub")?;
        let named = match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => return Err(missing("aud")),
        };
        // Where a party is named that the token was given to, it counts instead (IAM User Guide, `aud`).
        let party = self.claims.get("azp").and_then(Value::as_str);
        let wanted = party.map_or_else(|| named.clone(), |party| vec![party]);
        let audience = wanted
            .into_iter()
            .find(|name| audiences.iter().any(|known| known == name))
            .ok_or_else(|| invalid("Incorrect token audience"))?;
        let mut claims: BTreeMap<String, Claim> = self
            .claims
            .iter()
            .filter_map(|(name, value)| Some((name.to_ascii_lowercase(), claim(value)?)))
            .collect();
        // The claims that trust hangs on are those of their exact names, whatever others differ in case only.
        claims.insert("aud".to_owned(), Claim::Text(audience.to_owned()));
        claims.insert("sub".to_owned(), Claim::Text(subject.to_owned()));
        claims.insert("iss".to_owned(), Claim::Text(self.issuer()?.to_owned()));
        if party.is_some() {
            let named = named.into_iter().map(str::to_owned).collect();
            claims.insert("oaud".to_owned(), Claim::Texts(named));
        }
        let (tags, transitive) = self.tags()?;
        Ok(WebIdentity {
            provider,
            issuer: self.issuer()?.to_owned(),
            subject: subject.to_owned(),
            audience: audience.to_owned(),
            claims,
            tags,
            transitive,
            source_identity: self.source_identity()?,
        })
    }

    fn tags(&self) -> Result<(Tags, Vec<String>), IamError> {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Given {
            principal_tags: BTreeMap<String, OneOrMany>,
            transitive_tag_keys: Vec<String>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum OneOrMany {
            One(String),
            Many(Vec<String>),
        }
        let Some(given) = self.claims.get(TAGS) else { return Ok((Tags::default(), Vec::new())) };
        let wrong = || invalid("The tags of the web identity token are not valid");
        // Of a list serde would take the members by their order.
        let given = given.as_object().ok_or_else(wrong)?;
        let given = Given::deserialize(given).map_err(|_| wrong())?;
        if given.principal_tags.len() > TAGS_MAX {
            return Err(wrong());
        }
        let mut tags = Tags::default();
        for (key, value) in given.principal_tags {
            let value = match value {
                OneOrMany::One(value) => value,
                OneOrMany::Many(values) => match <[String; 1]>::try_from(values) {
                    Ok([value]) => value,
                    Err(_) => return Err(wrong()),
                },
            };
            let fits = |text: &str, most: usize| text.chars().count() <= most && text.chars().all(is_of_tags);
            if key.is_empty() || !fits(&key, 128) || !fits(&value, 256) {
                return Err(wrong());
            }
            tags.insert(key, value);
        }
        Ok((tags, given.transitive_tag_keys))
    }

    fn source_identity(&self) -> Result<Option<String>, IamError> {
        let Some(given) = self.claims.get(SOURCE_IDENTITY) else { return Ok(None) };
        let fits = |text: &&str| {
            (2..=64).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
                && !text.to_ascii_lowercase().starts_with("aws:")
        };
        let text = given.as_str().filter(fits);
        text.map(|text| Some(text.to_owned()))
            .ok_or_else(|| invalid("The source identity of the web identity token is not valid"))
    }
}

/// Characters of a tag's key or value.
fn is_of_tags(character: char) -> bool {
    character.is_alphanumeric() || character == ' ' || "_.:/=+-@".contains(character)
}

/// A claim as policies can ask for it; what has parts has none.
fn claim(value: &Value) -> Option<Claim> {
    match value {
        Value::String(text) => Some(Claim::Text(text.clone())),
        Value::Bool(value) => Some(Claim::Bool(*value)),
        Value::Number(number) => number.as_i64().map(Claim::Number),
        Value::Array(items) => {
            let texts: Option<Vec<String>> =
                items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
            texts.map(Claim::Texts)
        }
        Value::Null | Value::Object(_) => None,
    }
}

fn missing(name: &str) -> IamError {
    invalid(format!("Missing a required claim: {name}"))
}

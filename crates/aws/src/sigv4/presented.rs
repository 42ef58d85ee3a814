//! What a request presents: its credential, its time, what was signed, the signature.

use super::ALGORITHM;
use super::canonical::{self, query_pairs, sha256_hex, signature_bytes};
use super::failure::{AuthFailure, shown};
use super::scope::{self, Credential};
use super::signing_key::SigningKey;
use http::HeaderMap;
use http::request::Parts;
use keywright_types::Timestamp;
use std::borrow::Cow;
use std::time::Duration;
use subtle::ConstantTimeEq as _;

type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// A request's signature and what it says of itself; nothing of it is true before [`Presented::verify`].
pub struct Presented<'a> {
    credential: Credential,
    /// As sent, in ISO 8601's basic form.
    time: Cow<'a, str>,
    signed_at: Timestamp,
    /// For a presigned URL, how long it may be used.
    valid_for: Option<Duration>,
    signed_headers: Cow<'a, str>,
    signature: [u8; 32],
    session_token: Option<Cow<'a, str>>,
    /// The query without the signature itself.
    query: Pairs<'a>,
}

/// A presigned URL lives a week at the most.
const PRESIGNED_SECONDS_MAX: u64 = 604_800;
/// More than any SDK signs.
const SIGNED_HEADERS_MAX: usize = 50;
/// More than any operation takes. Strangers are read up to here, and each pair costs work before they are known.
const QUERY_PAIRS_MAX: usize = 128;

impl<'a> Presented<'a> {
    /// Takes a request's authentication apart, before its body is read.
    ///
    /// # Errors
    /// [`AuthFailure`] for what is missing, doubled or out of form.
    pub fn parse(parts: &'a Parts) -> Result<Self, AuthFailure> {
        let query = parts.uri.query().unwrap_or_default();
        if query.bytes().filter(|byte| *byte == b'&').count() >= QUERY_PAIRS_MAX {
            return Err(AuthFailure::incomplete(format!(
                "The query string has more than {QUERY_PAIRS_MAX} parameters."
            )));
        }
        let pairs = query_pairs(query)
            .ok_or_else(|| AuthFailure::incomplete("The query string is not well-formed."))?;
        let in_query = pairs.iter().any(|(name, _)| is_authentication(name));
        let in_header = parts.headers.contains_key(http::header::AUTHORIZATION);
        match (in_header, in_query) {
            (false, false) => Err(AuthFailure::Missing),
            (true, true) => Err(AuthFailure::incomplete(
                "A request is signed by its Authorization header or by its query string, not by both.",
            )),
            (true, false) => Self::from_header(&parts.headers, pairs),
            (false, true) => Self::from_query(&parts.headers, pairs),
        }
    }

    fn from_header(headers: &'a HeaderMap, query: Pairs<'a>) -> Result<Self, AuthFailure> {
        let authorization = one(headers, "authorization")?.unwrap_or_default();
        // Without a space there is no telling an algorithm from a token or a secret, which is not shown.
        let (algorithm, rest) = authorization.split_once(' ').unwrap_or(("", authorization));
        if algorithm != ALGORITHM {
            return Err(AuthFailure::incomplete(format!(
                "Unsupported AWS 'algorithm': '{}'.",
                shown(algorithm)
            )));
        }
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in rest.split(',').map(str::trim).filter(|_| !rest.trim().is_empty()) {
            let Some((name, value)) = part.split_once('=') else {
                return Err(AuthFailure::incomplete(
                    "A part of the Authorization header is not a valid key=value pair (missing equal-sign).",
                ));
            };
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                other => {
                    return Err(AuthFailure::incomplete(format!(
                        "Authorization header has an unknown parameter '{}'.",
                        shown(other)
                    )));
                }
            };
            if place.replace(value).is_some() {
                return Err(AuthFailure::incomplete(format!("Authorization header has '{name}' twice.")));
            }
        }
        let time = one(headers, "x-amz-date")?;
        let date = one(headers, "date")?;
        let mut missing = String::new();
        for (name, there) in [
            ("Credential", credential.is_some()),
            ("Signature", signature.is_some()),
            ("SignedHeaders", signed_headers.is_some()),
        ] {
            if !there {
                missing.push_str(&format!("Authorization header requires '{name}' parameter. "));
            }
        }
        if time.is_none() && date.is_none() {
            missing.push_str(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
            );
        }
        let (Some(credential), Some(signed_headers), Some(signature), Some(time)) =
            (credential, signed_headers, signature, time.or(date))
        else {
            return Err(AuthFailure::incomplete(missing.trim_end()));
        };
        Self::complete(Given {
            credential,
            time: Cow::Borrowed(time),
            valid_for: None,
            signed_headers: Cow::Borrowed(signed_headers),
            signature,
            session_token: one(headers, "x-amz-security-token")?.map(Cow::Borrowed),
            query,
        })
    }

    fn from_query(headers: &'a HeaderMap, query: Pairs<'a>) -> Result<Self, AuthFailure> {
        for (at, (name, _)) in query.iter().enumerate() {
            let again = query.iter().skip(at + 1).any(|(other, _)| other.eq_ignore_ascii_case(name));
            if again {
                return Err(AuthFailure::incomplete(format!(
                    "The query parameter '{}' comes twice.",
                    shown(name)
                )));
            }
        }
        if headers.contains_key("x-amz-date") || headers.contains_key("x-amz-security-token") {
            return Err(AuthFailure::incomplete(
                "A presigned request has its date and token in its query string.",
            ));
        }
        let find =
            |wanted: &str| query.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        let algorithm = find("X-Amz-Algorithm");
        let credential = find("X-Amz-Credential");
        let signature = find("X-Amz-Signature");
        let signed_headers = find("X-Amz-SignedHeaders");
        let time = find("X-Amz-Date");
        let expires = find("X-Amz-Expires");
        let mut missing = String::new();
        for (name, there) in [
            ("X-Amz-Algorithm", algorithm.is_some()),
            ("X-Amz-Credential", credential.is_some()),
            ("X-Amz-Signature", signature.is_some()),
            ("X-Amz-SignedHeaders", signed_headers.is_some()),
            ("X-Amz-Date", time.is_some()),
            ("X-Amz-Expires", expires.is_some()),
        ] {
            if !there {
                missing.push_str(&format!("AWS query-string parameters must include '{name}'. "));
            }
        }
        let (
            Some(algorithm),
            Some(credential),
            Some(signature),
            Some(signed_headers),
            Some(time),
            Some(expires),
        ) = (algorithm, credential, signature, signed_headers, time, expires)
        else {
            return Err(AuthFailure::incomplete(missing.trim_end()));
        };
        if algorithm != ALGORITHM {
            return Err(AuthFailure::incomplete(format!(
                "Unsupported AWS 'algorithm': '{}'.",
                shown(&algorithm)
            )));
        }
        let seconds = Some(expires.as_ref())
            .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|text| text.parse::<u64>().ok())
            .filter(|seconds| (1..=PRESIGNED_SECONDS_MAX).contains(seconds))
            .ok_or_else(|| {
                AuthFailure::incomplete(format!(
                    "X-Amz-Expires must be a number of seconds from 1 to {PRESIGNED_SECONDS_MAX}."
                ))
            })?;
        let session_token = find("X-Amz-Security-Token");
        let query = query.into_iter().filter(|(name, _)| name != "X-Amz-Signature").collect();
        Self::complete(Given {
            credential: &credential,
            time,
            valid_for: Some(Duration::from_secs(seconds)),
            signed_headers,
            signature: &signature,
            session_token,
            query,
        })
    }

    fn complete(given: Given<'a, '_>) -> Result<Self, AuthFailure> {
        let credential = Credential::parse(given.credential)?;
        let signed_at = Timestamp::parse_sigv4_basic(&given.time).ok_or_else(|| {
            AuthFailure::incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
                shown(&given.time)
            ))
        })?;
        if !given.time.starts_with(&credential.date) || credential.date.len() != 8 {
            return Err(AuthFailure::WrongScope {
                message: format!(
                    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{}'.",
                    shown(&credential.date),
                    &given.time[..8],
                    given.time
                ),
            });
        }
        let signature = signature_bytes(given.signature).ok_or_else(|| {
            AuthFailure::incomplete("The signature is not 64 lower-case hexadecimal digits.")
        })?;
        Ok(Self {
            credential,
            time: given.time,
            signed_at,
            valid_for: given.valid_for,
            signed_headers: given.signed_headers,
            signature,
            session_token: given.session_token,
            query: given.query,
        })
    }

    pub(super) fn credential(&self) -> &Credential {
        &self.credential
    }

    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.credential.access_key_id
    }

    #[must_use]
    pub fn region(&self) -> &str {
        &self.credential.region
    }

    /// The service's signing name, such as `kms`.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.credential.service
    }

    #[must_use]
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// When the request says it was signed; seconds.
    #[must_use]
    pub fn signed_at(&self) -> Timestamp {
        self.signed_at
    }

    /// Checks that the request was signed at most `skew` before or after `now`, or, for a presigned URL,
    /// that its time has come and is not over.
    ///
    /// # Errors
    /// [`AuthFailure::Expired`] or [`AuthFailure::NotYetCurrent`].
    pub fn check_time(&self, now: Timestamp, skew: Duration) -> Result<(), AuthFailure> {
        let minutes = skew.as_secs() / 60;
        let latest_start = now.plus(skew);
        if self.signed_at > latest_start {
            return Err(AuthFailure::NotYetCurrent {
                message: format!(
                    "Signature not yet current: {} is still later than {} ({} + {minutes} min.)",
                    self.time,
                    latest_start.sigv4_basic(),
                    now.sigv4_basic()
                ),
            });
        }
        match self.valid_for {
            None => {
                let earliest = now.minus(skew);
                if self.signed_at < earliest {
                    return Err(AuthFailure::Expired {
                        message: format!(
                            "Signature expired: {} is now earlier than {} ({} - {minutes} min.)",
                            self.time,
                            earliest.sigv4_basic(),
                            now.sigv4_basic()
                        ),
                    });
                }
            }
            Some(valid_for) => {
                let end = self.signed_at.plus(valid_for);
                if now > end {
                    return Err(AuthFailure::Expired {
                        message: format!(
                            "Signature expired: {} is now earlier than {}",
                            end.sigv4_basic(),
                            now.sigv4_basic()
                        ),
                    });
                }
            }
        }
        Ok(())
    }

    /// Checks that the signature covers this request and fits it. `body` is the whole body.
    ///
    /// # Errors
    /// [`AuthFailure::NotCovered`] or [`AuthFailure::WrongSignature`].
    pub fn verify(&self, parts: &Parts, body: &[u8], key: &SigningKey) -> Result<(), AuthFailure> {
        self.check_signed_headers(&parts.headers)?;
        if !canonical::is_normal_path(parts.uri.path()) {
            return Err(AuthFailure::NotCovered {
                message: "The path must not have empty segments or segments of dots.".to_owned(),
            });
        }
        let body_hash = sha256_hex(body);
        if let Some(claimed) = one(&parts.headers, "x-amz-content-sha256")?
            && !bool::from(claimed.as_bytes().ct_eq(body_hash.as_bytes()))
        {
            return Err(AuthFailure::NotCovered {
                message: "The header x-amz-content-sha256 is not the SHA-256 of the request's body."
                    .to_owned(),
            });
        }
        let mut canonical = Vec::with_capacity(1024);
        canonical::push_request(
            &mut canonical,
            parts.method.as_str(),
            parts.uri.path(),
            &self.query,
            &parts.headers,
            &self.signed_headers,
            &body_hash,
        );
        let hash = sha256_hex(&canonical);
        let mut text = String::with_capacity(192);
        scope::push_string_to_sign(&mut text, &self.time, |out| self.credential.push_scope(out), &hash);
        if key.fits(&text, &self.signature) { Ok(()) } else { Err(AuthFailure::WrongSignature) }
    }

    /// `host` and every `x-amz-*` header must be signed, and what is listed must be there, in order.
    fn check_signed_headers(&self, headers: &HeaderMap) -> Result<(), AuthFailure> {
        let not_covered = |message: String| Err(AuthFailure::NotCovered { message });
        let signed: Vec<&str> = self.signed_headers.split(';').collect();
        let in_order = signed.windows(2).all(|pair| pair[0] < pair[1]);
        let in_form = signed.iter().all(|name| {
            !name.is_empty()
                && !name.bytes().any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_whitespace())
        });
        if !in_order || !in_form || signed.len() > SIGNED_HEADERS_MAX {
            return Err(AuthFailure::incomplete(
                "SignedHeaders must be lower-case header names, each once, in order, joined by ';'.",
            ));
        }
        if !signed.contains(&"host") {
            return not_covered(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned(),
            );
        }
        if headers.get_all(http::header::HOST).iter().count() > 1 {
            return not_covered("The header 'host' comes twice.".to_owned());
        }
        if let Some(absent) = signed.iter().find(|name| !headers.contains_key(**name)) {
            return not_covered(format!("The signed header '{}' is not in the request.", shown(absent)));
        }
        let unsigned = headers
            .keys()
            .map(http::HeaderName::as_str)
            .find(|name| name.starts_with("x-amz-") && *name != "x-amz-user-agent" && !signed.contains(name));
        match unsigned {
            Some(name) => not_covered(format!(
                "There were headers present in the request which were not signed: {name}"
            )),
            None => Ok(()),
        }
    }
}

/// What was given, before it is judged.
struct Given<'a, 'b> {
    credential: &'b str,
    time: Cow<'a, str>,
    valid_for: Option<Duration>,
    signed_headers: Cow<'a, str>,
    signature: &'b str,
    session_token: Option<Cow<'a, str>>,
    query: Pairs<'a>,
}

/// The parameters of a presigned URL that are its signature and what belongs to it.
pub const QUERY_PARAMETERS: &[&str] = &[
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
];

fn is_authentication(name: &str) -> bool {
    QUERY_PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The value of a header that may come once.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, AuthFailure> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(AuthFailure::incomplete(format!("The header '{name}' comes twice.")));
    }
    value
        .to_str()
        .map(Some)
        .map_err(|_| AuthFailure::incomplete(format!("The header '{name}' is not plain text.")))
}

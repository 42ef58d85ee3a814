//! Signatures against a second implementation: the signer of the AWS SDK for Rust.
//!
//! Whatever it signs, the verifier takes, and our signer writes the same. Settings are those of every service
//! but S3: paths normalised and encoded twice, the session token signed.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    sign as oracle_sign,
};
use aws_sigv4::sign::v4;
use http::Request;
use http::request::Parts;
use keywright_aws::sigv4::{AuthFailure, Presented, SigningCredentials, SigningKey, presign, sign};
use keywright_types::{SecretText, Timestamp};
use proptest::prelude::*;
use std::time::{Duration, UNIX_EPOCH};

const ACCESS_KEY_ID: &str = "AKIDEXAMPLE";
const REGION: &str = "eu-central-1";

#[derive(Debug, Clone)]
struct Case {
    method: &'static str,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    secret: String,
    token: Option<String>,
    service: &'static str,
    /// Seconds since the epoch, from 2001 to 2099: times with 14 digits in the basic form.
    at: u32,
    /// Whether the hash of the body travels as a signed header.
    hash_in_header: bool,
}

impl Case {
    fn parts(&self) -> Parts {
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        let mut request = Request::builder()
            .method(self.method)
            .uri(format!("{}{query}", self.path))
            .header("host", "kw.test:5399");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(()).expect("a request").into_parts().0
    }

    fn settings(&self, location: SignatureLocation) -> SigningSettings {
        let mut settings = SigningSettings::default();
        settings.signature_location = location;
        match location {
            SignatureLocation::QueryParams => settings.expires_in = Some(Duration::from_secs(900)),
            _ if self.hash_in_header => settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256,
            _ => {}
        }
        settings
    }

    /// The request as the oracle signs it.
    fn signed_by_the_oracle(&self, location: SignatureLocation) -> Parts {
        let mut parts = self.parts();
        let identity =
            Credentials::new(ACCESS_KEY_ID, &self.secret, self.token.clone(), None, "the test").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(self.service)
            .time(UNIX_EPOCH + Duration::from_secs(self.at.into()))
            .settings(self.settings(location))
            .build()
            .expect("all parameters are there")
            .into();
        let address = format!("http://kw.test:5399{}", parts.uri);
        let headers: Vec<(&str, &str)> = parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().expect("plain text")))
            .collect();
        let signable =
            SignableRequest::new(self.method, &address, headers.into_iter(), SignableBody::Bytes(&self.body))
                .expect("it can be signed");
        let (instructions, _) = oracle_sign(signable, &params).expect("it signs").into_parts();
        let mut request = Request::from_parts(parts, ());
        if location == SignatureLocation::QueryParams {
            // Applied to an address without an authority, the instructions would lose the path.
            *request.uri_mut() = address.parse().expect("an address");
        }
        instructions.apply_to_request_http1x(&mut request);
        parts = request.into_parts().0;
        parts.uri = parts.uri.path_and_query().expect("a path").as_str().parse().expect("an address");
        parts
    }

    /// The request as we sign it, by its header or by its query string.
    fn signed_by_us(&self, presigned: bool) -> Parts {
        let mut parts = self.parts();
        let secret = SecretText::new(self.secret.clone());
        let token = self.token.clone().map(SecretText::new);
        let credentials = SigningCredentials {
            access_key_id: ACCESS_KEY_ID,
            secret: &secret,
            session_token: token.as_ref(),
        };
        let at = Timestamp::from_seconds(self.at.into());
        if presigned {
            presign(&mut parts, &self.body, &credentials, REGION, self.service, at, 900).expect("it signs");
        } else {
            if self.hash_in_header {
                let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.body);
                let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
                parts.headers.insert("x-amz-content-sha256", hash.parse().expect("a value"));
            }
            sign(&mut parts, &self.body, &credentials, REGION, self.service, at).expect("it signs");
        }
        parts
    }

    fn verified(&self, parts: &Parts, body: &[u8]) -> Result<(), AuthFailure> {
        let presented = Presented::parse(parts)?;
        assert_eq!(presented.access_key_id(), ACCESS_KEY_ID);
        assert_eq!((presented.region(), presented.service()), (REGION, self.service));
        assert_eq!(presented.session_token(), self.token.as_deref());
        let at = Timestamp::from_seconds(self.at.into());
        assert_eq!(presented.signed_at(), at);
        presented.check_time(at, Duration::ZERO)?;
        let date = &at.sigv4_basic()[..8];
        let secret = SecretText::new(self.secret.clone());
        presented.verify(parts, body, &SigningKey::derive(&secret, date, REGION, self.service))
    }
}

fn cases() -> impl Strategy<Value = Case> {
    // Paths as clients send them: encoded once, with what RFC 3986 lets stand in a segment.
    let segment =
        prop_oneof!["[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,12}", "([a-z]|%3A|%2F|%20|%C3%A9|%25|:|@|\\$|,){1,8}"];
    let path = (prop::collection::vec(segment, 0..4), any::<bool>()).prop_map(|(segments, slash)| {
        let path = format!("/{}", segments.join("/"));
        if slash && path != "/" { format!("{path}/") } else { path }
    });
    let word = "([A-Za-z0-9._~-]|%20|%26|%3D|%2B|%25|%C3%A9|\\+|:|/){0,8}";
    // A name of its own each: a presigned request may not have one twice.
    let query = prop::collection::vec((word, any::<bool>()), 0..5).prop_map(|pairs| {
        let pairs = pairs.iter().enumerate();
        let pairs = pairs.map(
            |(at, (word, equals))| {
                if *equals { format!("{word}{at}={word}") } else { format!("{word}{at}") }
            },
        );
        pairs.collect::<Vec<_>>().join("&")
    });
    let names = prop::sample::subsequence(
        vec!["accept", "content-type", "x-amz-meta", "x-amz-target", "x-custom"],
        0..=5,
    );
    let headers = (names, prop::collection::vec(" {0,2}[!-~]{1,8}( {1,3}[!-~]{1,8}){0,3} {0,2}", 5))
        .prop_map(|(names, values)| names.into_iter().map(str::to_owned).zip(values).collect());
    let who = ("[A-Za-z0-9/+]{16,64}", prop::option::of("[A-Za-z0-9/+=]{1,200}"), any::<bool>());
    let what = (prop::sample::select(vec!["GET", "POST", "PUT", "DELETE", "PATCH"]), path, query, headers);
    let body = prop::collection::vec(any::<u8>(), 0..300);
    let service = prop::sample::select(vec!["kms", "secretsmanager", "lambda", "sts"]);
    (what, body, who, service, 1_000_000_000..=4_070_908_800_u32).prop_map(
        |((method, path, query, headers), body, (secret, token, hash_in_header), service, at)| Case {
            method,
            path,
            query,
            headers,
            body,
            secret,
            token,
            service,
            at,
            hash_in_header,
        },
    )
}

fn signature_of(parts: &Parts) -> Option<String> {
    let query = parts.uri.query()?;
    query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Signature=")).map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn peer_04_a_header_signature_is_the_oracle_s(case in cases(), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let theirs = case.signed_by_the_oracle(SignatureLocation::Headers);
        prop_assert_eq!(case.verified(&theirs, &case.body), Ok(()));
        let ours = case.signed_by_us(false);
        prop_assert_eq!(&ours.headers["authorization"], &theirs.headers["authorization"]);
        if !case.body.is_empty() {
            let mut body = case.body.clone();
            body[at.index(case.body.len())] ^= flip;
            prop_assert!(case.verified(&theirs, &body).is_err());
        }
    }

    #[test]
    fn peer_04_a_presigned_url_is_the_oracle_s(case in cases(), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let theirs = case.signed_by_the_oracle(SignatureLocation::QueryParams);
        prop_assert!(signature_of(&theirs).is_some());
        prop_assert_eq!(case.verified(&theirs, &case.body), Ok(()));
        let ours = case.signed_by_us(true);
        prop_assert_eq!(signature_of(&ours), signature_of(&theirs));
        prop_assert_eq!(case.verified(&ours, &case.body), Ok(()));
        if !case.body.is_empty() {
            let mut body = case.body.clone();
            body[at.index(case.body.len())] ^= flip;
            prop_assert!(case.verified(&theirs, &body).is_err());
        }
    }
}

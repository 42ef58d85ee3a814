//! Signatures: the published suite, and what must be refused.

use http::request::Parts;
use http::{HeaderName, HeaderValue, Request};
use keywright_aws::sigv4::{
    AuthFailure, Presented, SigningCredentials, SigningKey, SigningKeys, presign, sign,
};
use keywright_types::{SecretText, Timestamp};
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use std::time::Duration;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2015-08-30T12:36:00Z (GNU date).
const SUITE_TIME: Timestamp = Timestamp::from_seconds(1_440_938_160);
const SKEW: Duration = Duration::from_secs(300);

/// A request as the suite writes it down.
fn read(text: &str) -> (Parts, Vec<u8>) {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let first = lines.next().expect("a request line");
    let mut words = first.split(' ');
    let (method, path) = (words.next().expect("a method"), words.next().expect("a path"));
    let mut request = Request::builder().method(method).uri(path);
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').expect("a header line");
        request = request.header(name, value.trim());
    }
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    (parts, body.as_bytes().to_vec())
}

fn verify(parts: &Parts, body: &[u8]) -> Result<(), AuthFailure> {
    let presented = Presented::parse(parts)?;
    // The key's name is covered by being the name of the secret.
    if presented.access_key_id() != "AKIDEXAMPLE" {
        return Err(AuthFailure::UnknownAccessKey);
    }
    let secret = SecretText::new(SECRET.to_owned());
    let key = SigningKeys::default().for_request(&secret, &presented);
    presented.verify(parts, body, &key)
}

#[test]
fn the_published_suite_verifies() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sigv4_vectors");
    let mut seen = 0;
    for case in fs::read_dir(folder).expect("the vectors").map(|entry| entry.expect("an entry").path()) {
        if !case.is_dir() {
            continue;
        }
        for form in ["header-signed-request.txt", "query-signed-request.txt"] {
            let text = fs::read_to_string(case.join(form)).expect("a signed request");
            let (parts, body) = read(&text);
            let name = format!("{}/{form}", case.display());
            assert_eq!(verify(&parts, &body), Ok(()), "{name}");
            let presented = Presented::parse(&parts).expect("it parses");
            assert_eq!(presented.check_time(SUITE_TIME, SKEW), Ok(()), "{name}");
            assert_eq!((presented.region(), presented.service()), ("us-east-1", "service"));
            assert_eq!(presented.access_key_id(), "AKIDEXAMPLE");
            seen += 1;
        }
    }
    assert_eq!(seen, 54, "every case of the folder was tried, in both forms");
}

/// The example of "Signature Version 4: deriving the signing key" cannot be read out, so the derived key is
/// shown by a signature of the suite: another date, Region, service or secret does not fit it.
#[test]
fn a_signing_key_is_of_one_day_region_service_and_secret() {
    let text = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/sigv4_vectors/get-vanilla/header-signed-request.txt"),
    )
    .expect("a signed request");
    let (parts, body) = read(&text);
    let presented = Presented::parse(&parts).expect("it parses");
    let secret = SecretText::new(SECRET.to_owned());
    let fits = |secret: &SecretText, date, region, service| {
        presented.verify(&parts, &body, &SigningKey::derive(secret, date, region, service))
    };
    assert_eq!(fits(&secret, "20150830", "us-east-1", "service"), Ok(()));
    assert_eq!(fits(&secret, "20150831", "us-east-1", "service"), Err(AuthFailure::WrongSignature));
    assert_eq!(fits(&secret, "20150830", "us-east-2", "service"), Err(AuthFailure::WrongSignature));
    assert_eq!(fits(&secret, "20150830", "us-east-1", "kms"), Err(AuthFailure::WrongSignature));
    let other = SecretText::new("another".to_owned());
    assert_eq!(fits(&other, "20150830", "us-east-1", "service"), Err(AuthFailure::WrongSignature));
}

const BODY: &[u8] = br#"{"KeyId":"alias/x"}"#;

fn kms_request() -> Parts {
    let request = Request::post("/")
        .header("host", "localhost:5399")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "TrentService.Encrypt")
        .body(())
        .expect("a request");
    request.into_parts().0
}

fn signed() -> Parts {
    let mut parts = kms_request();
    let secret = SecretText::new(SECRET.to_owned());
    let credentials =
        SigningCredentials { access_key_id: "AKIDEXAMPLE", secret: &secret, session_token: None };
    sign(&mut parts, BODY, &credentials, "eu-central-1", "kms", SUITE_TIME).expect("it signs");
    parts
}

fn presigned(seconds: u32) -> Parts {
    let mut parts = kms_request();
    let secret = SecretText::new(SECRET.to_owned());
    let credentials =
        SigningCredentials { access_key_id: "AKIDEXAMPLE", secret: &secret, session_token: None };
    presign(&mut parts, BODY, &credentials, "eu-central-1", "kms", SUITE_TIME, seconds).expect("it signs");
    parts
}

fn set(parts: &mut Parts, name: &'static str, value: &str) {
    parts.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
}

fn authorization(parts: &Parts) -> String {
    parts.headers["authorization"].to_str().expect("text").to_owned()
}

#[test]
fn our_own_signatures_verify_in_both_forms() {
    assert_eq!(verify(&signed(), BODY), Ok(()));
    assert_eq!(verify(&presigned(60), BODY), Ok(()));
}

#[test]
fn every_part_of_the_request_is_covered() {
    assert_eq!(verify(&signed(), b"{}"), Err(AuthFailure::WrongSignature), "the body");
    let mut parts = signed();
    set(&mut parts, "x-amz-target", "TrentService.Decrypt");
    assert_eq!(verify(&parts, BODY), Err(AuthFailure::WrongSignature), "the operation");
    let mut parts = signed();
    set(&mut parts, "host", "elsewhere:5399");
    assert_eq!(verify(&parts, BODY), Err(AuthFailure::WrongSignature), "the host");
    let mut parts = signed();
    parts.uri = "/?a=b".parse().expect("a path");
    assert_eq!(verify(&parts, BODY), Err(AuthFailure::WrongSignature), "the query");
    let mut parts = signed();
    parts.uri = "/a".parse().expect("a path");
    assert_eq!(verify(&parts, BODY), Err(AuthFailure::WrongSignature), "the path");
    let mut parts = signed();
    parts.method = http::Method::GET;
    assert_eq!(verify(&parts, BODY), Err(AuthFailure::WrongSignature), "the method");
    let mut parts = signed();
    set(&mut parts, "x-amz-date", "20150830T123601Z");
    assert_eq!(verify(&parts, BODY), Err(AuthFailure::WrongSignature), "the time");
    let mut parts = presigned(60);
    let longer = parts.uri.to_string().replace("X-Amz-Expires=60", "X-Amz-Expires=600");
    parts.uri = longer.parse().expect("an address");
    assert_eq!(verify(&parts, BODY), Err(AuthFailure::WrongSignature), "how long a URL lives");
}

#[test]
fn unsigned_amz_headers_and_a_missing_host_are_refused() {
    let mut parts = signed();
    set(&mut parts, "x-amz-security-token", "someone");
    assert!(matches!(verify(&parts, BODY), Err(AuthFailure::NotCovered { .. })));
    let mut parts = signed();
    set(&mut parts, "x-amz-user-agent", "a browser's SDK sends this unsigned");
    assert_eq!(verify(&parts, BODY), Ok(()));
    let mut parts = signed();
    let without_host = authorization(&parts).replace("content-type;host;", "content-type;");
    set(&mut parts, "authorization", &without_host);
    assert!(matches!(verify(&parts, BODY), Err(AuthFailure::NotCovered { .. })));
    let mut parts = signed();
    let absent = authorization(&parts).replace("content-type;host;", "content-type;host;x-absent;");
    set(&mut parts, "authorization", &absent);
    assert!(verify(&parts, BODY).is_err());
}

#[test]
fn a_claimed_hash_must_be_the_body_s_and_streaming_is_refused() {
    // SHA-256 of BODY by sha256sum.
    let right = "3f952e90fed7548c07511ac554863edb38a802612ab11db0db4edcfdbf4ea458";
    let claim = |claimed: &str| {
        let mut parts = kms_request();
        set(&mut parts, "x-amz-content-sha256", claimed);
        let secret = SecretText::new(SECRET.to_owned());
        let credentials =
            SigningCredentials { access_key_id: "AKIDEXAMPLE", secret: &secret, session_token: None };
        sign(&mut parts, BODY, &credentials, "eu-central-1", "kms", SUITE_TIME).expect("it signs");
        verify(&parts, BODY)
    };
    assert_eq!(claim(right), Ok(()));
    for claimed in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "", &right.replace('a', "b")] {
        assert!(matches!(claim(claimed), Err(AuthFailure::NotCovered { .. })), "{claimed}");
    }
}

#[test]
fn two_ways_of_signing_at_once_and_doubled_parts_are_refused() {
    let mut both = signed();
    both.uri = presigned(60).uri;
    assert!(matches!(Presented::parse(&both), Err(AuthFailure::Incomplete { .. })));
    for name in ["authorization", "x-amz-date", "x-amz-security-token"] {
        let mut parts = signed();
        let value = parts.headers.get(name).cloned().unwrap_or_else(|| HeaderValue::from_static("token"));
        parts.headers.insert(HeaderName::from_static(name), value.clone());
        parts.headers.append(HeaderName::from_static(name), value);
        assert!(matches!(Presented::parse(&parts), Err(AuthFailure::Incomplete { .. })), "{name}");
    }
    let mut parts = presigned(60);
    parts.uri = format!("{}&x-amz-expires=604800", parts.uri).parse().expect("an address");
    assert!(matches!(Presented::parse(&parts), Err(AuthFailure::Incomplete { .. })));
    let mut parts = signed();
    parts.headers.append("host", HeaderValue::from_static("other"));
    assert!(verify(&parts, BODY).is_err());
}

#[test]
fn times_have_edges() {
    let presented_time =
        |now: Timestamp| Presented::parse(&signed()).expect("it parses").check_time(now, SKEW);
    let seconds = |offset: i64| Timestamp::from_seconds(SUITE_TIME.as_seconds() + offset);
    assert_eq!(presented_time(seconds(300)), Ok(()));
    assert_eq!(presented_time(seconds(-300)), Ok(()));
    let Err(expired) = presented_time(seconds(301)) else { panic!("too old") };
    assert_eq!(
        expired.wire(true).message,
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"
    );
    let Err(early) = presented_time(seconds(-301)) else { panic!("too early") };
    assert_eq!(
        early.wire(true).message,
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)"
    );
    let presigned_time =
        |now: Timestamp| Presented::parse(&presigned(3600)).expect("it parses").check_time(now, SKEW);
    assert_eq!(presigned_time(seconds(3600)), Ok(()));
    assert!(matches!(presigned_time(seconds(3601)), Err(AuthFailure::Expired { .. })));
    assert!(matches!(presigned_time(seconds(-301)), Err(AuthFailure::NotYetCurrent { .. })));
}

#[test]
fn how_long_a_url_lives_is_bounded() {
    for (seconds, good) in [
        ("1", true),
        ("604800", true),
        ("0", false),
        ("604801", false),
        ("-1", false),
        ("1e2", false),
        ("", false),
    ] {
        let mut parts = presigned(60);
        let address = parts.uri.to_string().replace("X-Amz-Expires=60", &format!("X-Amz-Expires={seconds}"));
        parts.uri = address.parse().expect("an address");
        assert_eq!(Presented::parse(&parts).is_ok(), good, "{seconds:?}");
    }
}

/// Codes and texts as AWS's JSON services answer them.
#[test]
fn malformed_authorizations_say_what_is_wrong() {
    let with = |value: &str| {
        let mut parts = signed();
        set(&mut parts, "authorization", value);
        Presented::parse(&parts).err().map(|fault| fault.wire(true))
    };
    let whole = authorization(&signed());
    let cases = [
        (String::new(), "IncompleteSignatureException", "Unsupported AWS 'algorithm': ''."),
        ("Bearer abc".to_owned(), "IncompleteSignatureException", "Unsupported AWS 'algorithm': 'Bearer'."),
        (
            "AWS4-HMAC-SHA256 ".to_owned(),
            "IncompleteSignatureException",
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter.",
        ),
        (
            whole.replace("Signature=", "Signatur="),
            "IncompleteSignatureException",
            "Authorization header has an unknown parameter 'Signatur'.",
        ),
        (
            whole.replace("Signature=", "Signature"),
            "IncompleteSignatureException",
            "A part of the Authorization header is not a valid key=value pair (missing equal-sign).",
        ),
        (
            whole.replace("/kms/aws4_request", "/kms"),
            "IncompleteSignatureException",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIDEXAMPLE/20150830/eu-central-1/kms'",
        ),
        (
            whole.replace("aws4_request", "aws5_request"),
            "InvalidSignatureException",
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
        ),
        (
            whole.replace("/20150830/", "/20150831/"),
            "InvalidSignatureException",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150831' != '20150830', from '20150830T123600Z'.",
        ),
    ];
    for (value, code, message) in cases {
        let answer = with(&value).unwrap_or_else(|| panic!("{value:?} was taken"));
        assert_eq!((answer.code, answer.status, answer.message.as_str()), (code, 400, message));
    }
    let mut without_date = signed();
    without_date.headers.remove("x-amz-date");
    let answer = Presented::parse(&without_date).err().map(|fault| fault.wire(true).message);
    assert_eq!(
        answer.as_deref(),
        Some("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    );
    let mut bad_date = signed();
    set(&mut bad_date, "x-amz-date", "2015-08-30T12:36:00Z");
    let answer = Presented::parse(&bad_date).err().map(|fault| fault.wire(true).message);
    assert_eq!(
        answer.as_deref(),
        Some(
            "Date must be in ISO-8601 'basic format'. Got '2015-08-30T12:36:00Z'. See http://en.wikipedia.org/wiki/ISO_8601"
        )
    );
    let nothing = kms_request();
    assert_eq!(Presented::parse(&nothing).err(), Some(AuthFailure::Missing));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever single byte of a signed request changes, it is refused.
    #[test]
    fn one_changed_byte_is_refused(part in 0..4_usize, at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut parts = signed();
        let mut body = BODY.to_vec();
        match part {
            0 => body[at.index(BODY.len())] ^= flip,
            1 => {
                let mut bytes = authorization(&parts).into_bytes();
                let at = at.index(bytes.len());
                bytes[at] ^= flip;
                let Ok(value) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
                // The case of the signature's digits and spaces between parts carry nothing.
                let text = String::from_utf8_lossy(&bytes).to_string();
                let plain = |text: &str| text.replace(' ', "").to_lowercase();
                if plain(&text) == plain(&authorization(&parts)) {
                    return Ok(());
                }
                parts.headers.insert("authorization", value);
            }
            2 => {
                let mut bytes = parts.headers["content-type"].as_bytes().to_vec();
                let at = at.index(bytes.len());
                bytes[at] ^= flip;
                let Ok(value) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
                parts.headers.insert("content-type", value);
            }
            _ => {
                let mut bytes = parts.headers["x-amz-target"].as_bytes().to_vec();
                let at = at.index(bytes.len());
                bytes[at] ^= flip;
                let Ok(value) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
                parts.headers.insert("x-amz-target", value);
            }
        }
        prop_assert!(verify(&parts, &body).is_err());
    }

    /// What strangers send is refused or taken, never a panic.
    #[test]
    fn any_authorization_is_answered(value in proptest::collection::vec(any::<u8>(), 0..200), query in "[ -~]{0,80}") {
        let mut parts = kms_request();
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            parts.headers.insert("authorization", value);
        }
        if let Ok(uri) = format!("/?{query}").parse() {
            parts.uri = uri;
        }
        let _answered = verify(&parts, BODY);
    }
}

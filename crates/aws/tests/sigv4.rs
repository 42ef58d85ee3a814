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
    let (mut seen, mut refused) = (0, 0);
    for case in fs::read_dir(folder).expect("the vectors").map(|entry| entry.expect("an entry").path()) {
        if !case.is_dir() {
            continue;
        }
        for form in ["header-signed-request.txt", "query-signed-request.txt"] {
            let text = fs::read_to_string(case.join(form)).expect("a signed request");
            let (parts, body) = read(&text);
            let name = format!("{}/{form}", case.display());
            if ROUNDABOUT.iter().any(|roundabout| case.ends_with(roundabout)) {
                assert!(matches!(verify(&parts, &body), Err(AuthFailure::NotCovered { .. })), "{name}");
                refused += 1;
                continue;
            }
            assert_eq!(verify(&parts, &body), Ok(()), "{name}");
            let presented = Presented::parse(&parts).expect("it parses");
            assert_eq!(presented.check_time(SUITE_TIME, SKEW), Ok(()), "{name}");
            assert_eq!((presented.region(), presented.service()), ("us-east-1", "service"));
            assert_eq!(presented.access_key_id(), "AKIDEXAMPLE");
            seen += 1;
        }
    }
    assert_eq!((seen, refused), (42, 12), "every case of the folder was tried, in both forms");
}

/// Their paths have empty or dot segments. The suite signs the normal form; a server that routes by the path as
/// sent must not take it under that signature.
const ROUNDABOUT: [&str; 6] = [
    "get-relative-normalized",
    "get-relative-relative-normalized",
    "get-slash-dot-slash-normalized",
    "get-slash-normalized",
    "get-slash-pointless-dot-normalized",
    "get-slashes-normalized",
];

/// Our signer gives the published signature of every case, those with roundabout paths too.
#[test]
fn the_published_suite_is_what_we_sign() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sigv4_vectors");
    let secret = SecretText::new(SECRET.to_owned());
    let mut seen = 0;
    for case in fs::read_dir(folder).expect("the vectors").map(|entry| entry.expect("an entry").path()) {
        if !case.is_dir() {
            continue;
        }
        let text = fs::read_to_string(case.join("header-signed-request.txt")).expect("a signed request");
        let (published, body) = read(&text);
        let token = published.headers.get("x-amz-security-token");
        let token = token.map(|token| SecretText::new(token.to_str().expect("a token").to_owned()));
        let credentials = SigningCredentials {
            access_key_id: "AKIDEXAMPLE",
            secret: &secret,
            session_token: token.as_ref(),
        };
        // Its own signature is there, and must not become a part of the next one.
        let mut parts = published.clone();
        sign(&mut parts, &body, &credentials, "us-east-1", "service", SUITE_TIME).expect("it signs");
        assert_eq!(authorization(&parts), authorization(&published), "{}", case.display());

        let text = fs::read_to_string(case.join("query-signed-request.txt")).expect("a signed request");
        let (published, body) = read(&text);
        let mut parts = published.clone();
        let (path, query) = (parts.uri.path(), parts.uri.query().expect("a signed query"));
        let plain: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("X-Amz-")).collect();
        parts.uri = format!("{path}?{}", plain.join("&")).parse().expect("an address");
        presign(&mut parts, &body, &credentials, "us-east-1", "service", SUITE_TIME, 3600).expect("it signs");
        assert_eq!(signature_in(&parts), signature_in(&published), "{}", case.display());
        seen += 1;
    }
    assert_eq!(seen, 27, "every case of the folder was tried");
}

fn signature_in(parts: &Parts) -> String {
    let query = parts.uri.query().expect("a signed query");
    let mut pairs = query.split('&').filter_map(|pair| pair.strip_prefix("X-Amz-Signature="));
    pairs.next().expect("a signature").to_owned()
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
fn peer_03_a_claimed_hash_must_be_the_body_s_and_streaming_is_refused() {
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
fn peer_02_two_ways_of_signing_at_once_and_doubled_parts_are_refused() {
    let mut both = signed();
    both.uri = presigned(60).uri;
    assert!(matches!(Presented::parse(&both), Err(AuthFailure::Incomplete { .. })));
    // A token in the query of a request that is signed by its header, even if the signature covers it.
    let mut parts = kms_request();
    parts.uri = "/?x-amz-security-token=another".parse().expect("an address");
    let secret = SecretText::new(SECRET.to_owned());
    let credentials =
        SigningCredentials { access_key_id: "AKIDEXAMPLE", secret: &secret, session_token: None };
    sign(&mut parts, BODY, &credentials, "eu-central-1", "kms", SUITE_TIME).expect("it signs");
    assert!(matches!(Presented::parse(&parts), Err(AuthFailure::Incomplete { .. })));
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

/// A request with something in every place that a signature covers.
fn rich() -> (Parts, Vec<u8>) {
    let request = Request::delete(
        "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aeu-central-1%3A1%3Afunction%3Aturn?tagKeys=one&tagKeys=two&z=%20y",
    )
        .header("host", "localhost:5399")
        .header("content-type", "application/json")
        .header("x-amz-target", "TrentService.Encrypt")
        .header("x-amz-meta", HeaderValue::from_bytes(b"not UTF-8: \xe9").expect("a value"));
    let mut parts = request.body(()).expect("a request").into_parts().0;
    let secret = SecretText::new(SECRET.to_owned());
    let token = SecretText::new("a session's token".to_owned());
    let credentials =
        SigningCredentials { access_key_id: "AKIDEXAMPLE", secret: &secret, session_token: Some(&token) };
    sign(&mut parts, BODY, &credentials, "eu-central-1", "lambda", SUITE_TIME).expect("it signs");
    (parts, BODY.to_vec())
}

/// Every place of the request, each byte of it, by turns replaced with bytes that mean something there.
#[test]
fn peer_09_no_byte_of_a_request_is_free() {
    let replacements = b"aA0/.%+&=;, ?#\"\x01\x7f\x80\xc3\xe8\xff";
    let (whole, body) = rich();
    assert_eq!(verify(&whole, &body), Ok(()));
    let mut tried = 0_u32;
    let mut refused = |parts: &Parts, body: &[u8], place: &str| {
        assert!(verify(parts, body).is_err(), "{place}: {} {}", parts.method, parts.uri);
        tried += 1;
    };
    let changed = |text: &[u8], at: usize, with: u8| {
        let mut bytes = text.to_vec();
        let other = std::mem::replace(&mut bytes[at], with);
        (other != with).then_some(bytes)
    };
    for &with in replacements {
        for at in 0..body.len() {
            if let Some(bytes) = changed(&body, at, with) {
                refused(&whole, &bytes, "body");
            }
        }
        let method = whole.method.as_str().as_bytes();
        for at in 0..method.len() {
            if let Some(method) = changed(method, at, with).and_then(|m| http::Method::from_bytes(&m).ok()) {
                let mut parts = whole.clone();
                parts.method = method;
                refused(&parts, &body, "method");
            }
        }
        let address = whole.uri.to_string();
        for at in 0..address.len() {
            let Some(bytes) = changed(address.as_bytes(), at, with) else { continue };
            let Ok(uri) = http::Uri::try_from(bytes) else { continue };
            // A fragment is not sent, so a changed one changes nothing.
            if uri.path_and_query() == whole.uri.path_and_query() {
                continue;
            }
            let mut parts = whole.clone();
            parts.uri = uri;
            refused(&parts, &body, "address");
        }
        for name in
            ["host", "content-type", "x-amz-target", "x-amz-meta", "x-amz-date", "x-amz-security-token"]
        {
            let value = whole.headers[name].as_bytes();
            for at in 0..value.len() {
                let Some(value) = changed(value, at, with).and_then(|v| HeaderValue::from_bytes(&v).ok())
                else {
                    continue;
                };
                let mut parts = whole.clone();
                parts.headers.insert(name, value);
                refused(&parts, &body, name);
            }
        }
    }
    let authorization = authorization(&whole);
    let start = authorization.find("Signature=").expect("a signature") + "Signature=".len();
    for at in start..authorization.len() {
        for with in *b"0123456789abcdefABCDEFg" {
            let Some(value) = changed(authorization.as_bytes(), at, with) else { continue };
            let mut parts = whole.clone();
            parts.headers.insert("authorization", HeaderValue::from_bytes(&value).expect("a value"));
            refused(&parts, &body, "signature");
        }
    }
    assert!(tried > 5_000, "only {tried} changes were tried");
}

/// A header or a parameter more, one less, or two in another order than they were signed in.
#[test]
fn peer_05_nothing_can_be_added_doubled_or_left_out() {
    let (whole, body) = rich();
    let names: Vec<HeaderName> = whole.headers.keys().cloned().collect();
    for name in &names {
        let mut parts = whole.clone();
        parts.headers.remove(name);
        assert!(verify(&parts, &body).is_err(), "without {name}");
        let mut parts = whole.clone();
        parts.headers.append(name.clone(), whole.headers[name].clone());
        assert!(verify(&parts, &body).is_err(), "{name} twice");
    }
    let address = whole.uri.to_string();
    for added in ["&a", "&tagKeys=one", "&TAGKEYS=three", "&x-amz-security-token=t", "&X-Amz-Signature=00"] {
        let mut parts = whole.clone();
        parts.uri = format!("{address}{added}").parse().expect("an address");
        assert!(verify(&parts, &body).is_err(), "{added}");
    }
    let mut parts = whole.clone();
    parts.uri = address.replace("&tagKeys=two", "").parse().expect("an address");
    assert!(verify(&parts, &body).is_err(), "a parameter less");
}

/// The parser of forms reads `+` as a space, so the verifier must: a plus sign that was signed cannot become one.
#[test]
fn a_plus_in_the_query_is_the_space_that_it_is_read_as() {
    let secret = SecretText::new(SECRET.to_owned());
    let credentials =
        SigningCredentials { access_key_id: "AKIDEXAMPLE", secret: &secret, session_token: None };
    let signed_as = |query: &str, sent: &str| {
        let mut parts = Request::get(format!("/?q={query}"))
            .header("host", "localhost:5399")
            .body(())
            .expect("a request")
            .into_parts()
            .0;
        sign(&mut parts, b"", &credentials, "eu-central-1", "lambda", SUITE_TIME).expect("it signs");
        parts.uri = format!("/?q={sent}").parse().expect("an address");
        verify(&parts, b"")
    };
    assert_eq!(signed_as("a%2Bb", "a%2Bb"), Ok(()));
    assert_eq!(signed_as("a%2Bb", "a+b"), Err(AuthFailure::WrongSignature));
    assert_eq!(signed_as("a%20b", "a+b"), Ok(()));
    assert_eq!(signed_as("a+b", "a%2Bb"), Err(AuthFailure::WrongSignature));
}

/// `/a` and its roundabout forms have one canonical path, and so one signature.
#[test]
fn a_path_is_taken_only_in_its_normal_form() {
    let secret = SecretText::new(SECRET.to_owned());
    let credentials =
        SigningCredentials { access_key_id: "AKIDEXAMPLE", secret: &secret, session_token: None };
    let sent = |path: &str| {
        let mut parts =
            Request::get(path).header("host", "localhost:5399").body(()).expect("a request").into_parts().0;
        sign(&mut parts, b"", &credentials, "eu-central-1", "lambda", SUITE_TIME).expect("it signs");
        verify(&parts, b"")
    };
    for path in ["/", "/a", "/a/", "/a/b", "/a/.b", "/a/b..", "/a/...", "/a/%2E%2E/b"] {
        assert_eq!(sent(path), Ok(()), "{path}");
    }
    for path in ["//", "//a", "/./a", "/b/../a", "/a/.", "/a/..", "/a//b", "/a//"] {
        assert!(matches!(sent(path), Err(AuthFailure::NotCovered { .. })), "{path}");
    }
}

/// Someone who puts a token or a secret where a signature belongs does not find it in the answer, nor in a log.
#[test]
fn what_was_sent_as_a_secret_is_not_shown() {
    let whole = authorization(&signed());
    let signature = whole.rsplit_once('=').expect("a signature").1.to_owned();
    let values = [
        SECRET.to_owned(),
        format!("Bearer {SECRET}"),
        format!("AWS4-HMAC-SHA256 {SECRET}"),
        format!("{whole},"),
        format!("{whole}, {signature}"),
        format!("{whole}, Signature={signature}"),
        whole.replace("Signature=", "Signature "),
        whole.replace("SignedHeaders", "Signed"),
        whole.to_uppercase(),
    ];
    for value in values {
        let mut parts = signed();
        set(&mut parts, "authorization", &value);
        set(&mut parts, "x-amz-target", "changed");
        let Err(fault) = verify(&parts, BODY) else { panic!("{value:?} was taken") };
        for form in [true, false] {
            let message = fault.wire(form).message;
            for secret in [SECRET, &signature, &signature.to_uppercase()] {
                assert!(!message.contains(&secret[..16]), "{message}");
            }
        }
    }
}

#[test]
fn a_query_of_many_parameters_is_not_read() {
    let many = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("p{number}")).collect();
        let mut parts = kms_request();
        parts.uri = format!("/?{}&X-Amz-Date=x", names.join("&")).parse().expect("an address");
        Presented::parse(&parts).err().map(|fault| fault.wire(true).message)
    };
    assert!(many(127).is_some_and(|message| message.contains("must include 'X-Amz-Algorithm'")));
    assert_eq!(many(128).as_deref(), Some("The query string has more than 128 parameters."));
}

#[test]
fn a_presigned_url_lists_what_it_lacks() {
    let whole = presigned(60).uri.to_string();
    for name in [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
    ] {
        for with in ["X-Other", &name.to_lowercase()] {
            let mut parts = presigned(60);
            parts.uri = whole.replace(&format!("{name}="), &format!("{with}=")).parse().expect("an address");
            let answer = Presented::parse(&parts).err().map(|fault| fault.wire(true));
            let answer = answer.unwrap_or_else(|| panic!("{with} was taken for {name}"));
            assert_eq!(answer.code, "IncompleteSignatureException");
            assert_eq!(answer.message, format!("AWS query-string parameters must include '{name}'."));
        }
    }
    let mut parts = presigned(60);
    let mut lifetime = |seconds| {
        let secret = SecretText::new(SECRET.to_owned());
        let credentials =
            SigningCredentials { access_key_id: "AKIDEXAMPLE", secret: &secret, session_token: None };
        presign(&mut parts, BODY, &credentials, "eu-central-1", "kms", SUITE_TIME, seconds).is_ok()
    };
    assert_eq!([lifetime(0), lifetime(604_801)], [false, false], "we sign no URL that would be refused");
}

/// Codes of the IAM User Guide, "Troubleshoot signed requests for AWS APIs", and of the common errors of KMS
/// and STS.
#[test]
fn answers_by_protocol() {
    let text = || "text".to_owned();
    let cases = [
        (AuthFailure::Missing, "MissingAuthenticationTokenException", "MissingAuthenticationToken", 403),
        (
            AuthFailure::Incomplete { message: text() },
            "IncompleteSignatureException",
            "IncompleteSignature",
            400,
        ),
        (AuthFailure::UnknownAccessKey, "UnrecognizedClientException", "InvalidClientTokenId", 403),
        (AuthFailure::WrongSignature, "InvalidSignatureException", "SignatureDoesNotMatch", 403),
        (
            AuthFailure::NotCovered { message: text() },
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            403,
        ),
        (AuthFailure::Expired { message: text() }, "InvalidSignatureException", "SignatureDoesNotMatch", 403),
        (
            AuthFailure::NotYetCurrent { message: text() },
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            403,
        ),
        (
            AuthFailure::WrongRegion { region: text() },
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            403,
        ),
        (
            AuthFailure::WrongService { expected: "kms" },
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            403,
        ),
        (
            AuthFailure::WrongScope { message: text() },
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            403,
        ),
        (AuthFailure::ExpiredToken, "ExpiredTokenException", "ExpiredToken", 403),
    ];
    for (fault, json, query, status) in cases {
        let (answer, other) = (fault.wire(true), fault.wire(false));
        assert_eq!((answer.code, answer.status), (json, 400));
        assert_eq!((other.code, other.status), (query, status));
        // STS words this one differently; the others have one text.
        let worded = if fault == AuthFailure::Missing {
            "Request is missing Authentication Token"
        } else {
            &answer.message
        };
        assert_eq!(other.message, worded);
    }
    let region = AuthFailure::WrongRegion { region: format!("mars\n{}", "x".repeat(500)) };
    let message = region.wire(true).message;
    assert!(message.starts_with("Credential should be scoped to a valid region, not 'mars\\nxxx"));
    assert!(message.len() < 160, "{message}");
}

/// Signing keys are kept with the secret that they came from, and no more of them than a bounded number.
#[test]
fn peer_07_a_kept_signing_key_is_of_its_secret_and_scope() {
    let parts_of = |secret: &SecretText, region: &str| {
        let mut parts = kms_request();
        let credentials = SigningCredentials { access_key_id: "AKIDEXAMPLE", secret, session_token: None };
        sign(&mut parts, BODY, &credentials, region, "kms", SUITE_TIME).expect("it signs");
        parts
    };
    let secret = SecretText::new(SECRET.to_owned());
    let keys = SigningKeys::default();
    // Twice over more scopes than are kept: none is ever taken for another.
    for round in 0..2 {
        for number in 0..200 {
            let parts = parts_of(&secret, &format!("region-{number}"));
            let presented = Presented::parse(&parts).expect("it parses");
            let key = keys.for_request(&secret, &presented);
            assert_eq!(presented.verify(&parts, BODY, &key), Ok(()), "round {round}, region {number}");
        }
    }
    // The same scope under another secret of the same access key id: a new owner, nothing of the old.
    let replaced = SecretText::new("the secret that took its place".to_owned());
    let (old, new) = (parts_of(&secret, "eu-central-1"), parts_of(&replaced, "eu-central-1"));
    let fits = |keys: &SigningKeys, secret: &SecretText, parts: &Parts| {
        let presented = Presented::parse(parts).expect("it parses");
        presented.verify(parts, BODY, &keys.for_request(secret, &presented))
    };
    assert_eq!(fits(&keys, &secret, &old), Ok(()));
    let keys = SigningKeys::default();
    assert_eq!(fits(&keys, &replaced, &new), Ok(()));
    assert_eq!(fits(&keys, &replaced, &old), Err(AuthFailure::WrongSignature));
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

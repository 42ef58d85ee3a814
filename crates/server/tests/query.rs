//! The query protocol at the door, by operations that are not to be built: the answer that says so comes after
//! authentication, and so proves it.

mod common;

use common::{ACCESS_KEY_ID, REGION, SECRET, TestServer};
use http::request::Parts;
use http::{Request, header};
use keywright_aws::sigv4::{SigningCredentials, presign, sign};
use keywright_testkit::Engine;
use keywright_types::{Clock as _, SecretText};

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
const IAM: &str = "Action=ListSAMLProviders&Version=2010-05-08";
const STS: &str = "Action=GetFederationToken&Version=2011-06-15";

fn head(server: &TestServer, method: &str, path: &str) -> Parts {
    let address = server.server().address;
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://{address}{path}"))
        .header(header::HOST, address.to_string());
    if method == "POST" {
        request = request.header(header::CONTENT_TYPE, FORM);
    }
    request.body(()).expect("a request").into_parts().0
}

fn signed_with(
    server: &TestServer,
    mut parts: Parts,
    body: &str,
    secret: &str,
    scope: (&str, &str),
) -> Parts {
    let secret = SecretText::new(secret.to_owned());
    let credentials =
        SigningCredentials { access_key_id: ACCESS_KEY_ID, secret: &secret, session_token: None };
    sign(&mut parts, body.as_bytes(), &credentials, scope.0, scope.1, server.clock.now()).expect("it signs");
    parts
}

fn signed(server: &TestServer, service: &str, method: &str, path: &str, body: &str) -> Parts {
    signed_with(server, head(server, method, path), body, SECRET, (REGION, service))
}

fn presigned(server: &TestServer, service: &str, method: &str, path: &str) -> Parts {
    let mut parts = head(server, method, path);
    parts.headers.remove(header::CONTENT_TYPE);
    let secret = SecretText::new(SECRET.to_owned());
    let credentials =
        SigningCredentials { access_key_id: ACCESS_KEY_ID, secret: &secret, session_token: None };
    presign(&mut parts, b"", &credentials, REGION, service, server.clock.now(), 60).expect("it signs");
    parts
}

/// `status code`; the text is that of a refusal in XML, with the request's id inside and outside.
async fn refusal(server: &TestServer, parts: Parts, body: &str) -> (String, String) {
    let (status, headers, answer) = server.exchange(parts, body.as_bytes().to_vec()).await;
    let answer = String::from_utf8(answer.to_vec()).expect("XML is UTF-8");
    let element = |name: &str| {
        let (_, rest) = answer.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{answer}"));
        rest.split_once(&format!("</{name}>")).expect("it is closed").0.to_owned()
    };
    assert_eq!(headers[header::CONTENT_TYPE], "text/xml", "{answer}");
    assert_eq!(headers["x-amzn-requestid"], element("RequestId").as_str());
    (format!("{status} {}", element("Code")), element("Message"))
}

async fn check(server: &TestServer, parts: Parts, body: &str, wanted: &str) -> String {
    let shown = format!("{} {} {body}", parts.method, parts.uri);
    let (found, message) = refusal(server, parts, body).await;
    assert_eq!(found, wanted, "{shown}: {message}");
    message
}

async fn check_not_built(server: &TestServer, parts: Parts, body: &str) {
    let message = check(server, parts, body, "400 InvalidAction").await;
    assert!(message.ends_with(" is not supported by this release of Keywright."), "{message}");
}

#[tokio::test]
async fn good_signatures_come_in() {
    let server = TestServer::start(Engine::Sqlite).await;
    check_not_built(&server, signed(&server, "iam", "POST", "/", IAM), IAM).await;
    check_not_built(&server, signed(&server, "sts", "POST", "/", STS), STS).await;
    let url = format!("/?{STS}");
    check_not_built(&server, signed(&server, "sts", "GET", &url, ""), "").await;
    check_not_built(&server, presigned(&server, "sts", "GET", &url), "").await;
    check_not_built(&server, presigned(&server, "sts", "POST", &url), "").await;
    // A global service lives in one Region, whatever Region it is asked in.
    let trail = server.trail();
    let of = |name: &str| trail.iter().find(|record| record["eventName"] == name).expect(name);
    assert_eq!(of("ListSAMLProviders")["awsRegion"], "us-east-1");
    assert_eq!(of("ListSAMLProviders")["eventSource"], "iam.amazonaws.com");
    assert_eq!(of("GetFederationToken")["awsRegion"], REGION);
}

#[tokio::test]
async fn bad_signatures_stay_out() {
    let server = TestServer::start(Engine::Sqlite).await;
    let before = server.trail().len();
    let forbidden = "403 SignatureDoesNotMatch";
    let wrong = "not the secret of this access key, though long";
    let parts = signed_with(&server, head(&server, "POST", "/"), STS, wrong, (REGION, "sts"));
    check(&server, parts, STS, forbidden).await;
    // The body, the URL and the headers are what was signed.
    let flipped = STS.replace("GetFederationToken", "AssumeRoot");
    check(&server, signed(&server, "sts", "POST", "/", STS), &flipped, forbidden).await;
    let mut parts = presigned(&server, "sts", "GET", &format!("/?{STS}"));
    parts.uri = parts.uri.to_string().replace("GetFederationToken", "AssumeRoot").parse().expect("a URL");
    check(&server, parts, "", forbidden).await;
    check(&server, presigned(&server, "sts", "GET", &format!("/?{STS}")), "x=1", forbidden).await;
    // Unknown key, Region, token.
    let mut parts = signed(&server, "iam", "POST", "/", IAM);
    let unknown = parts.headers[header::AUTHORIZATION].to_str().expect("text").replace("ROOT", "NONE");
    parts.headers.insert(header::AUTHORIZATION, unknown.parse().expect("a value"));
    check(&server, parts, IAM, "403 InvalidClientTokenId").await;
    let parts = signed_with(&server, head(&server, "POST", "/"), IAM, SECRET, ("mars-1", "iam"));
    check(&server, parts, IAM, forbidden).await;
    // Credentials in the header and in the query.
    let mut parts = presigned(&server, "sts", "GET", &format!("/?{STS}"));
    let both = signed(&server, "sts", "GET", &format!("/?{STS}"), "");
    parts.headers.extend(both.headers.clone());
    check(&server, parts, "", "400 IncompleteSignature").await;
    // None at all.
    check(&server, head(&server, "POST", "/"), STS, "403 MissingAuthenticationToken").await;
    check(&server, head(&server, "GET", &format!("/?{STS}")), "", "403 MissingAuthenticationToken").await;
    assert_eq!(server.trail().len(), before, "strangers are not recorded");
}

#[tokio::test]
async fn what_a_form_asks_for() {
    let server = TestServer::start(Engine::Sqlite).await;
    let post = |service: &str, body: &str| signed(&server, service, "POST", "/", body);
    for (service, body, wanted) in [
        ("iam", "Action=Nope&Version=2010-05-08", "400 InvalidAction"),
        ("iam", "Action=GetUser&Version=2011-06-15", "400 InvalidAction"),
        ("sts", "Action=GetUser&Version=2010-05-08", "400 InvalidAction"),
        ("iam", "Version=2010-05-08", "400 MissingAction"),
        ("iam", "", "400 MissingAction"),
        ("iam", "Action=GetUser&action=DeleteUser&Version=2010-05-08", "400 MalformedInput"),
        ("iam", "Action=GetUser&Version=2010-05-08&UserName=a&UserName=b", "400 MalformedInput"),
        ("iam", "Action=%zz", "400 MalformedInput"),
    ] {
        let message = check(&server, post(service, body), body, wanted).await;
        assert!(!message.contains("is not supported"), "{body}: {message}");
    }
    // A form in the URL and another in the body; a form in the URL of a service that has passwords.
    let path = format!("/?{STS}");
    let other = "Action=AssumeRoot&Version=2011-06-15";
    check(&server, signed(&server, "sts", "POST", &path, other), other, "400 InvalidQueryParameter").await;
    let path = format!("/?{IAM}");
    check(&server, signed(&server, "iam", "GET", &path, ""), "", "400 InvalidQueryParameter").await;
}

#[tokio::test]
async fn bodies_are_bounded() {
    let server = TestServer::start(Engine::Sqlite).await;
    let form = |bytes: usize| format!("{STS}&X={}", "x".repeat(bytes));
    let body = form(256 << 10);
    check(&server, signed(&server, "sts", "POST", "/", &body), &body, "413 RequestEntityTooLarge").await;
    check(&server, head(&server, "POST", "/"), &form(64 << 10), "413 RequestEntityTooLarge").await;
    let unsigned = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&WebIdentityToken=x";
    check(&server, head(&server, "POST", "/"), unsigned, "400 ValidationError").await;
    // Whole, and of no provider that is known: strangers get no further, and are not recorded.
    let before = server.trail().len();
    let unsigned = format!(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=pod&WebIdentityToken={}\
         &RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fnone",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL3guZXhhbXBsZSJ9.AAAA"
    );
    check(&server, head(&server, "POST", "/"), &unsigned, "400 InvalidIdentityToken").await;
    assert_eq!(server.trail().len(), before);
}

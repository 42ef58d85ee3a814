//! Requests and answers of the query services, IAM and STS.
//!
//! The answers in `query_answers/` are what the encoder writes; `e2e/test_query_answers.py` reads the same
//! files with botocore's parser. `KEYWRIGHT_WRITE_ANSWERS=1` writes them anew.

use keywright_aws::{Input, JsonWriter, Output, WireError, iam, query, sts};
use keywright_types::{SecretText, Timestamp};
use std::path::Path;

const REQUEST_ID: &str = "7a62c49f-347e-4fc4-9331-6e8eEXAMPLE";
/// RFC 3986, as IAM answers a policy document.
const DOCUMENT: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";

fn check(file: &str, answer: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/query_answers").join(file);
    if std::env::var_os("KEYWRIGHT_WRITE_ANSWERS").is_some() {
        std::fs::write(&path, answer).expect("the folder is there");
    }
    let known = std::fs::read_to_string(&path).expect(file);
    assert_eq!(String::from_utf8_lossy(answer), known, "{file}");
}

fn user() -> iam::User {
    iam::User {
        path: "/division_abc/".into(),
        user_name: "Bob".into(),
        user_id: "AIDACKCEVSQ6C2EXAMPLE".into(),
        arn: "arn:aws:iam::123456789012:user/division_abc/Bob".into(),
        create_date: Timestamp::from_seconds(1_767_225_600),
        password_last_used: None,
        permissions_boundary: None,
        tags: Some(vec![iam::Tag { key: "team".into(), value: "a < b & \"c\"\r\n\té".into() }]),
    }
}

#[test]
fn a_user() {
    let output = iam::CreateUserResponse { user: Some(user()) };
    check(
        "create_user.xml",
        &query::encode_answer(&iam::SERVICE, &iam::operations::CREATE_USER, &output, REQUEST_ID),
    );
}

#[test]
fn everything_of_an_account() {
    let output = iam::GetAccountAuthorizationDetailsResponse {
        user_detail_list: Some(vec![iam::UserDetail {
            path: Some("/".into()),
            user_name: Some("Bob".into()),
            user_policy_list: Some(vec![iam::PolicyDetail {
                policy_name: Some("inline".into()),
                policy_document: Some(DOCUMENT.into()),
            }]),
            group_list: Some(vec!["Admins".into(), "Readers".into()]),
            attached_managed_policies: Some(Vec::new()),
            create_date: Some(Timestamp::from_seconds(1_767_225_600)),
            ..iam::UserDetail::default()
        }]),
        group_detail_list: Some(Vec::new()),
        role_detail_list: Some(vec![iam::RoleDetail {
            role_name: Some("app".into()),
            assume_role_policy_document: Some(DOCUMENT.into()),
            instance_profile_list: Some(Vec::new()),
            role_last_used: Some(iam::RoleLastUsed::default()),
            ..iam::RoleDetail::default()
        }]),
        policies: Some(vec![iam::ManagedPolicyDetail {
            policy_name: Some("p".into()),
            attachment_count: Some(2),
            is_attachable: Some(true),
            policy_version_list: Some(vec![iam::PolicyVersion {
                document: Some(DOCUMENT.into()),
                version_id: Some("v1".into()),
                is_default_version: Some(true),
                create_date: Some(Timestamp::from_seconds(1_767_225_600)),
            }]),
            ..iam::ManagedPolicyDetail::default()
        }]),
        is_truncated: Some(true),
        marker: Some("a+/=".into()),
    };
    let operation = &iam::operations::GET_ACCOUNT_AUTHORIZATION_DETAILS;
    check(
        "get_account_authorization_details.xml",
        &query::encode_answer(&iam::SERVICE, operation, &output, REQUEST_ID),
    );
}

#[test]
fn a_session() {
    let output = sts::GetSessionTokenResponse {
        session_token_size: None,
        session_token_utilization: None,
        credentials: Some(sts::Credentials {
            access_key_id: "ASIAIOSFODNN7EXAMPLE".into(),
            secret_access_key: SecretText::new("secret/+=".into()),
            session_token: SecretText::new("token".into()),
            expiration: Timestamp::from_seconds(1_767_225_600),
        }),
    };
    check(
        "get_session_token.xml",
        &query::encode_answer(&sts::SERVICE, &sts::operations::GET_SESSION_TOKEN, &output, REQUEST_ID),
    );
    let mut trail = JsonWriter::default();
    output.write_audit(&mut trail);
    let trail = String::from_utf8(trail.into_bytes()).expect("JSON is UTF-8");
    assert!(trail.contains("ASIAIOSFODNN7EXAMPLE"), "{trail}");
    assert!(!trail.contains("secret/") && !trail.contains("token\""), "{trail}");
}

#[test]
fn no_output() {
    check(
        "delete_user.xml",
        &query::encode_answer(&iam::SERVICE, &iam::operations::DELETE_USER, &(), REQUEST_ID),
    );
}

/// The error in XML, for a form that does not decode as `I`.
fn refusal<I: Input>(form: &str) -> String {
    let request = query::parse(form).expect("a form");
    let Err(fault) = I::decode(&request.input) else { panic!("{form} is taken") };
    let answer = WireError::from(fault).encode(&iam::SERVICE, REQUEST_ID);
    assert_eq!((answer.status, answer.content_type), (400, "text/xml"));
    String::from_utf8(answer.body).expect("XML is UTF-8")
}

#[test]
fn a_violation() {
    let answer = refusal::<iam::CreateUserRequest>("Action=CreateUser&Version=2010-05-08&UserName=a%20b");
    check("validation_error.xml", answer.as_bytes());
}

/// Secrets are neither quoted by a violation nor shown to the trail.
#[test]
fn codes_and_passwords_are_withheld() {
    let long = "hunter2".repeat(40);
    let answer = refusal::<iam::ChangePasswordRequest>(&format!("OldPassword=hunter2&NewPassword={long}"));
    assert!(answer.contains("newPassword") && !answer.contains("hunter2"), "{answer}");
    let device = "UserName=Bob&SerialNumber=arn:aws:iam::123456789012:mfa/Bob";
    let answer = refusal::<iam::EnableMFADeviceRequest>(&format!(
        "{device}&AuthenticationCode1=hunter&AuthenticationCode2=987654"
    ));
    assert!(answer.contains("authenticationCode1") && !answer.contains("hunter"), "{answer}");
    let form = format!("{device}&AuthenticationCode1=123456&AuthenticationCode2=987654");
    let request = query::parse(&form).expect("a form");
    let input = iam::EnableMFADeviceRequest::decode(&request.input).expect("a valid request");
    let mut trail = JsonWriter::default();
    input.write_audit(&mut trail);
    assert_eq!(
        String::from_utf8(trail.into_bytes()).expect("JSON is UTF-8"),
        r#"{"userName":"Bob","serialNumber":"arn:aws:iam::123456789012:mfa/Bob"}"#
    );
}

#[test]
fn an_empty_list_is_a_list() {
    let request = query::parse("UserName=Bob&Tags=").expect("a form");
    let input = iam::CreateUserRequest::decode(&request.input).expect("a valid request");
    assert_eq!(input.tags, Some(Vec::new()));
}

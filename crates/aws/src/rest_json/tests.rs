use super::{HttpAnswer, HttpRequest, bind_request, encode_answer, labels};
use crate::DecodeError;
use crate::error::WireError;
use crate::generated::probe_rest::{
    FunctionConfiguration, GetSettingsRequest, GetSettingsResponse, InvocationRequest, InvocationResponse,
    InvocationType, ProbeRestErrorCode, SERVICE, Settings, TagResourceRequest, UpdateFunctionRequest,
};
use crate::model::OperationModel;
use crate::shape::Input;
use keywright_types::{SecretBytes, Timestamp};
use std::collections::BTreeMap;

fn operation(name: &str) -> &'static OperationModel {
    SERVICE.find(name).expect("an operation of the model")
}

fn read<I: Input>(
    name: &str,
    path: &str,
    query: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<I, DecodeError> {
    let header = |wanted: &str| headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let node = bind_request(operation(name), HttpRequest { path, query, header: &header, body })?;
    I::decode(&node)
}

/// The requests were written by botocore 1.44.5's rest-json serializer from models/test/probe-rest.json.
#[test]
fn requests_of_botocore_are_read() {
    let input: InvocationRequest = read(
        "Invoke",
        "/2015-03-31/functions/my-function/invocations",
        "Qualifier=a%20b%2Bc%26d",
        &[("x-amz-invocation-type", "Event"), ("host", "x")],
        b"\x00\xffhi",
    )
    .expect("a valid request");
    assert_eq!(input.function_name, "my-function");
    assert_eq!(input.invocation_type, Some(InvocationType::Event));
    assert_eq!(input.qualifier.as_deref(), Some("a b+c&d"));
    assert_eq!(input.payload, Some(SecretBytes::copy_of(b"\x00\xffhi")));

    let input: GetSettingsRequest = read(
        "GetSettings",
        "/2016-08-19/settings/a/b%20c",
        "name=x&name=y%26z&MaxItems=5&since=2021-04-12T18%3A58%3A30Z",
        &[],
        b"",
    )
    .expect("a valid request");
    assert_eq!(input.path, "a/b c");
    assert_eq!(input.names, Some(vec!["x".into(), "y&z".into()]));
    assert_eq!(input.max_items, Some(5));
    assert_eq!(input.since, Some(Timestamp::from_seconds(1_618_253_910)));

    let input: TagResourceRequest = read(
        "TagResource",
        "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%2F1",
        "",
        &[],
        br#"{"Tags": {"k": "v"}}"#,
    )
    .expect("a valid request");
    assert_eq!(input.resource, "arn:aws:lambda:us-east-1:123456789012:function:f/1");
    assert_eq!(input.tags, BTreeMap::from([("k".to_owned(), "v".to_owned())]));

    let input: UpdateFunctionRequest =
        read("UpdateFunction", "/2015-03-31/functions/f/configuration", "", &[], br#"{"Timeout": 30}"#)
            .expect("a valid request");
    assert_eq!(input.timeout, Some(30));
}

#[test]
fn requests_that_do_not_fit_are_refused() {
    let invoke = |path: &str, query: &str, headers: &[(&str, &str)]| match read::<InvocationRequest>(
        "Invoke", path, query, headers, b"",
    ) {
        Ok(_) => panic!("{path}?{query} was taken"),
        Err(error) => error.to_string(),
    };
    let path = "/2015-03-31/functions/f/invocations";
    let binding = "The request's path, query string or headers can not be read.";
    assert_eq!(invoke("/2015-03-31/functions/f", "", &[]), binding);
    assert_eq!(invoke(path, "Nope=1", &[]), binding);
    assert_eq!(invoke(path, "Qualifier=1&Qualifier=2", &[]), "The request has the same member twice.");
    assert_eq!(
        invoke(path, "", &[("x-amz-invocation-type", "Later")]),
        "1 validation error detected: Value 'Later' at 'invocationType' failed to satisfy constraint: \
         Member must satisfy enum value set: [Event, RequestResponse, DryRun]"
    );
    assert!(
        read::<InvocationRequest>("Invoke", path, "X-Amz-Signature=00&X-Amz-Date=1", &[], b"").is_ok(),
        "a presigned request has its signature in the query string"
    );
    let twice = read::<UpdateFunctionRequest>(
        "UpdateFunction",
        "/2015-03-31/functions/f/configuration",
        "",
        &[],
        br#"{"FunctionName": "other"}"#,
    );
    assert_eq!(
        twice.err().map(|error| error.to_string()).as_deref(),
        Some("The request has a member that this operation does not have."),
        "a member bound to the path must not come in by the body"
    );
}

#[test]
fn paths_match_by_segments() {
    let uri = "/2015-03-31/functions/{FunctionName}/invocations";
    assert_eq!(labels(uri, "/2015-03-31/functions/a%2Fb/invocations"), Some(vec![("FunctionName", "a%2Fb")]));
    for other in [
        "/2015-03-31/functions//invocations",
        "/2015-03-31/functions/f/invocations/",
        "/2015-03-31/functions/f/invocation",
        "/2015-03-31/functions/f/g/invocations",
        "2015-03-31/functions/f/invocations",
        "",
    ] {
        assert_eq!(labels(uri, other), None, "{other}");
    }
    assert_eq!(labels("/x/{Rest+}", "/x/a/b"), Some(vec![("Rest", "a/b")]));
    assert_eq!(labels("/x?fixed", "/x"), Some(Vec::new()));
}

#[test]
fn answers_are_spread_over_status_headers_and_body() {
    let answer = encode_answer(
        operation("Invoke"),
        &InvocationResponse {
            status_code: Some(202),
            function_error: Some("Unhandled".into()),
            payload: Some(SecretBytes::copy_of(b"\x00\xff")),
            executed_version: Some("$LATEST".into()),
        },
    );
    assert_eq!(
        answer,
        HttpAnswer {
            status: 202,
            headers: vec![
                ("x-amz-function-error", "Unhandled".into()),
                ("x-amz-executed-version", "$LATEST".into())
            ],
            body: b"\x00\xff".to_vec(),
        }
    );
    let answer = encode_answer(operation("Invoke"), &InvocationResponse::default());
    assert_eq!(answer, HttpAnswer { status: 200, headers: Vec::new(), body: Vec::new() });

    let answer = encode_answer(
        operation("UpdateFunction"),
        &FunctionConfiguration {
            function_name: Some("f".into()),
            timeout: None,
            layers: Some(vec!["a".into(), "b".into()]),
        },
    );
    assert_eq!(answer.body, br#"{"FunctionName":"f","Layers":["a","b"]}"#);

    let answer = encode_answer(
        operation("GetSettings"),
        &GetSettingsResponse { settings: Some(Settings { mode: Some("on".into()) }), count: Some(3) },
    );
    assert_eq!(answer.body, br#"{"Mode":"on"}"#);
    assert_eq!(answer.headers, vec![("x-count", "3".to_owned())]);
    let answer =
        encode_answer(operation("GetSettings"), &GetSettingsResponse { settings: None, count: Some(3) });
    assert_eq!(answer.body, b"");

    let answer = encode_answer(operation("TagResource"), &());
    assert_eq!(answer, HttpAnswer { status: 204, headers: Vec::new(), body: Vec::new() });
}

#[test]
fn errors_have_a_header_and_a_body() {
    let check = |error: WireError, status: u16, code: &str, body: &str| {
        let answer = error.encode(&SERVICE, "id");
        assert_eq!((answer.status, answer.error_type), (status, Some(code)));
        assert_eq!(String::from_utf8(answer.body).expect("JSON is UTF-8"), body);
    };
    check(
        ProbeRestErrorCode::ResourceNotFoundException.error(Some("Function not found: x".into())),
        404,
        "ResourceNotFoundException",
        r#"{"Type":"User","Message":"Function not found: x"}"#,
    );
    check(
        ProbeRestErrorCode::TooManyRequestsException.error(Some("slow down".into())),
        429,
        "TooManyRequestsException",
        r#"{"Type":"User","message":"slow down"}"#,
    );
    check(WireError::validation("bad"), 400, "ValidationException", r#"{"message":"bad"}"#);
}

use super::{encode_answer, fields_of_url, parse};
use crate::DecodeError;
use crate::document::Node;
use crate::error::WireError;
use crate::generated::probe_query::{
    AssumeRoleRequest, AssumeRoleResponse, AssumedRoleUser, Credentials, DeleteThingRequest,
    GetCallerIdentityRequest, GetCallerIdentityResponse, ProbeQueryErrorCode, SERVICE, Tag,
};
use crate::malformed::Malformed;
use crate::shape::Input;
use keywright_types::{SecretText, Timestamp};
use std::collections::BTreeMap;

fn refused(form: &str) -> Malformed {
    parse(form).err().unwrap_or_else(|| panic!("{form} was taken"))
}

#[test]
fn names_spell_a_tree() {
    let request = parse(
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws&Tags.member.2.Key=b&Tags.member.1.Key=a\
         &Tags.member.10.Key=j&Tags.member.3.Key=c&Tags.member.4.Key=d&Tags.member.5.Key=e\
         &Tags.member.6.Key=f&Tags.member.7.Key=g&Tags.member.8.Key=h&Tags.member.9.Key=i\
         &M.entry.1.key=k&M.entry.1.value=v&F.1=x&F.2=y&S.T.U=deep&E=",
    )
    .expect("a valid form");
    assert_eq!(request.action.expect("given").as_str(), "AssumeRole");
    assert_eq!(request.version.expect("given").as_str(), "2011-06-15");
    let input = request.input;
    let Some(Node::List(tags)) = input.find("Tags") else { panic!("{input:?}") };
    let keys: Vec<&str> = tags
        .iter()
        .map(|tag| match tag.find("Key") {
            Some(Node::Untyped(text)) => text.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(keys.concat(), "abcdefghij");
    assert!(matches!(input.find("M").and_then(|m| m.find("k")), Some(Node::Untyped(v)) if v.as_str() == "v"));
    assert!(matches!(input.find("F"), Some(Node::List(items)) if items.len() == 2));
    assert!(input.find("S").and_then(|s| s.find("T")).and_then(|t| t.find("U")).is_some());
    assert!(matches!(input.find("E"), Some(Node::Untyped(text)) if text.as_str().is_empty()));
}

#[test]
fn names_that_spell_no_tree_are_refused() {
    assert_eq!(refused("A=1&A=2"), Malformed::DuplicateMember);
    assert_eq!(refused("Action=X&Action=Y"), Malformed::DuplicateMember);
    assert_eq!(refused("A.B=1&A-B=3&A.B=2"), Malformed::DuplicateMember);
    assert_eq!(refused("Action=X&action=Y"), Malformed::DuplicateMember);
    assert_eq!(refused("VERSION=1&Version=1"), Malformed::DuplicateMember);
    assert_eq!(refused("UserName=a&B=1&Username=b"), Malformed::DuplicateMember);
    assert_eq!(refused("A=1&A.B=2"), Malformed::Form);
    assert_eq!(refused("A=1&A-B=3&A.B=2"), Malformed::Form);
    assert_eq!(refused("A.member.2=x"), Malformed::Form);
    assert_eq!(refused("A.member.0=x"), Malformed::Form);
    assert_eq!(refused("A.member.1=x&A.member.01=x"), Malformed::Form);
    assert_eq!(refused("A.member.99999999999999999999=x"), Malformed::Form);
    assert_eq!(refused("M.entry.1.key=k"), Malformed::Form);
    assert_eq!(
        refused("M.entry.1.key=k&M.entry.1.value=1&M.entry.2.key=k&M.entry.2.value=2"),
        Malformed::DuplicateMember
    );
    assert_eq!(refused("A=%zz"), Malformed::Form);
}

#[test]
fn a_url_has_its_signature_and_the_fields() {
    let check = |query: &str, form: &str| assert_eq!(fields_of_url(query).as_deref(), Ok(form), "{query}");
    check("", "");
    check("Action=A&X-Amz-Date=d&&X%2DAmz-Signature=s&Version=1", "Action=A&Version=1");
    // A name that is nearly one of the signature's stays, for the operation to refuse.
    check("x-amz-date=d&X-Amz-Other=x", "x-amz-date=d&X-Amz-Other=x");
    assert_eq!(fields_of_url("%zz=1"), Err(Malformed::Form));
}

#[test]
fn size_and_depth_are_bounded() {
    assert_eq!(refused(&vec!["a"; 40].join(".")), Malformed::TooDeep);
    let many: Vec<String> = (0..10_001).map(|i| format!("a{i}=1")).collect();
    assert_eq!(refused(&many.join("&")), Malformed::TooManyValues);
}

fn assume_role(form: &str) -> Result<AssumeRoleRequest, DecodeError> {
    AssumeRoleRequest::decode(&parse(form)?.input)
}

/// Both bodies were written by botocore 1.44.5's query serializer from models/test/probe-query.json.
#[test]
fn forms_of_botocore_are_read() {
    let input = assume_role(
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdemo+%C3%A9\
         &RoleSessionName=TestAR&DurationSeconds=1800&Tags.member.1.Key=Project\
         &Tags.member.1.Value=a%26b%3Dc+d%2Be&Tags.member.2.Key=Team&Tags.member.2.Value=\
         &TransitiveTagKeys.member.1=Project&TransitiveTagKeys.member.2=Team&Flat.1=x&Flat.2=y\
         &Settings.entry.1.key=a&Settings.entry.1.value=1&Settings.entry.2.key=b\
         &Settings.entry.2.value=two+words&Weights.entry.1.key=w&Weights.entry.1.value=7&Enabled=true\
         &NotBefore=2021-04-12T18%3A58%3A30Z&TokenCode=123456",
    )
    .expect("a valid request");
    let tag = |key: &str, value: &str| Tag { key: key.into(), value: value.into() };
    let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let wanted = AssumeRoleRequest {
        role_arn: "arn:aws:iam::123456789012:role/demo é".into(),
        role_session_name: "TestAR".into(),
        duration_seconds: Some(1800),
        tags: Some(vec![tag("Project", "a&b=c d+e"), tag("Team", "")]),
        transitive_tag_keys: Some(vec!["Project".into(), "Team".into()]),
        flat: Some(vec!["x".into(), "y".into()]),
        settings: Some(map(&[("a", "1"), ("b", "two words")])),
        weights: Some(BTreeMap::from([("w".to_owned(), 7)])),
        enabled: Some(true),
        not_before: Some(Timestamp::from_seconds(1_618_253_910)),
        token_code: Some(SecretText::new("123456".into())),
    };
    assert!(input == wanted, "{input:?}");

    let input = assume_role(
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdemo\
         &RoleSessionName=TestAR&Tags=",
    )
    .expect("a valid request");
    assert_eq!(input.tags, Some(Vec::new()));

    let request = parse("Action=GetCallerIdentity&Version=2011-06-15").expect("a valid form");
    assert!(GetCallerIdentityRequest::decode(&request.input).is_ok());
}

#[test]
fn the_same_rules_hold_as_in_json() {
    let refused = |form: &str| match assume_role(form) {
        Ok(_) => panic!("{form} was taken"),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        refused(
            "RoleArn=x&DurationSeconds=1&Weights.entry.1.key=a&Weights.entry.1.value=101&Settings.entry.1.key=UP&Settings.entry.1.value=v"
        ),
        "5 validation errors detected: \
         Value 'x' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20; \
         Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null; \
         Value '1' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900; \
         Value '{UP=v}' at 'settings' failed to satisfy constraint: Map keys must satisfy constraint: \
         [Member must have length less than or equal to 8, Member must satisfy regular expression pattern: [a-z]+]; \
         Value '101' at 'weights.a.member' failed to satisfy constraint: Member must have value less than or equal to 100"
    );
    assert_eq!(refused("DurationSeconds=soon"), "STRING_VALUE can not be converted to an Integer");
    assert_eq!(refused("Enabled=maybe"), "STRING_VALUE can not be converted to a Boolean");
    assert_eq!(refused("NotBefore=later"), "STRING_VALUE can not be converted to milliseconds since epoch");
    assert_eq!(refused("Nope=1"), "The request has a member that this operation does not have.");
    assert_eq!(
        refused("Tags.member.1.Nope=1"),
        "The request has a member that the structure at 'tags.1.member' does not have."
    );
    let text = refused("TokenCode=12345x&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fd&RoleSessionName=ab");
    assert_eq!(
        text,
        "1 validation error detected: Value at 'tokenCode' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\d]*"
    );
}

fn answer<O: crate::Output>(operation: &str, output: &O) -> String {
    let operation = SERVICE.find(operation).expect("an operation of the model");
    let body = encode_answer(&SERVICE, operation, output, "c6104cbe-af31-11e0-8154-cbc7ccf896c7");
    String::from_utf8(body).expect("XML is UTF-8")
}

/// After the sample responses of the STS API reference (AssumeRole, GetCallerIdentity): the same elements in
/// the same order, with credentials of our own length and no white space between elements.
#[test]
fn answers_have_the_form_of_the_api_reference() {
    let output = AssumeRoleResponse {
        credentials: Some(Credentials {
            access_key_id: "ASIAIOSFODNN7EXAMPLE".into(),
            secret_access_key: SecretText::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY".into()),
            session_token: SecretText::new("AQoDYXdzEPT//////////wEXAMPLE".into()),
            // 2019-11-09T13:34:41Z
            expiration: Timestamp::from_seconds(1_573_306_481),
        }),
        assumed_role_user: Some(AssumedRoleUser {
            assumed_role_id: "ARO123EXAMPLE123:TestAR".into(),
            arn: "arn:aws:sts::123456789012:assumed-role/demo/TestAR".into(),
        }),
        packed_policy_size: Some(8),
        ..AssumeRoleResponse::default()
    };
    assert_eq!(
        answer("AssumeRole", &output),
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
         <Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>\
         <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>\
         <SessionToken>AQoDYXdzEPT//////////wEXAMPLE</SessionToken>\
         <Expiration>2019-11-09T13:34:41Z</Expiration></Credentials>\
         <AssumedRoleUser><AssumedRoleId>ARO123EXAMPLE123:TestAR</AssumedRoleId>\
         <Arn>arn:aws:sts::123456789012:assumed-role/demo/TestAR</Arn></AssumedRoleUser>\
         <PackedPolicySize>8</PackedPolicySize></AssumeRoleResult>\
         <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>\
         </AssumeRoleResponse>"
    );
    let output = GetCallerIdentityResponse {
        user_id: Some("AIDACKCEVSQ6C2EXAMPLE".into()),
        account: Some("123456789012".into()),
        arn: Some("arn:aws:iam::123456789012:user/Alice".into()),
    };
    assert_eq!(
        answer("GetCallerIdentity", &output),
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <UserId>AIDACKCEVSQ6C2EXAMPLE</UserId><Account>123456789012</Account>\
         <Arn>arn:aws:iam::123456789012:user/Alice</Arn></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>"
    );
    assert_eq!(
        answer("DeleteThing", &()),
        "<DeleteThingResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>\
         </DeleteThingResponse>"
    );
}

#[test]
fn errors_are_xml() {
    let check = |error: WireError, status: u16, inner: &str| {
        let answer = error.encode(&SERVICE, "7a62c49f");
        assert_eq!(answer.status, status);
        assert_eq!(answer.content_type, "text/xml");
        assert_eq!(
            String::from_utf8(answer.body).expect("XML is UTF-8"),
            format!(
                "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>{inner}</Error>\
                 <RequestId>7a62c49f</RequestId></ErrorResponse>"
            )
        );
    };
    check(
        ProbeQueryErrorCode::PackedPolicyTooLargeException.error(Some("too <large>".into())),
        400,
        "<Type>Sender</Type><Code>PackedPolicyTooLarge</Code><Message>too &lt;large&gt;</Message>",
    );
    check(
        WireError::new("InternalFailure", 500, None),
        500,
        "<Type>Receiver</Type><Code>InternalFailure</Code>",
    );
    let refused = DeleteThingRequest::decode(&Node::empty()).expect_err("Name is required");
    check(
        refused.into(),
        400,
        "<Type>Sender</Type><Code>ValidationError</Code><Message>1 validation error detected: \
         Value null at 'name' failed to satisfy constraint: Member must not be null</Message>",
    );
}

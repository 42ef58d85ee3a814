//! The policy language, case by case, as the IAM User Guide describes it.

use keywright_policy::{
    ConditionValue, Context, Delegation, Document, Effect, Kind, Miss, PrincipalFacts, PrincipalKind,
    Request, StatementRef, Verdict,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Condition keys of a test's request; several values are separated by `|`, and `-` is an empty set.
struct Keys(BTreeMap<String, String>);

impl Keys {
    fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| (name.to_ascii_lowercase(), (*value).to_owned())).collect())
    }
}

impl Context for Keys {
    fn value(&self, name: &str) -> ConditionValue<'_> {
        match self.0.get(name).map(String::as_str) {
            None => ConditionValue::Absent,
            Some("-") => ConditionValue::Multi(Vec::new()),
            Some(value) if value.contains('|') => ConditionValue::Multi(value.split('|').collect()),
            Some(value) => ConditionValue::Single(value.into()),
        }
    }
}

const USER: PrincipalFacts<'static> = PrincipalFacts {
    kind: PrincipalKind::User,
    arn: "arn:aws:iam::111122223333:user/alice",
    account: "111122223333",
    role_arn: None,
    id: None,
};
const ROOT: PrincipalFacts<'static> = PrincipalFacts {
    kind: PrincipalKind::Root,
    arn: "arn:aws:iam::111122223333:root",
    account: "111122223333",
    role_arn: None,
    id: None,
};
const SESSION: PrincipalFacts<'static> = PrincipalFacts {
    kind: PrincipalKind::RoleSession,
    arn: "arn:aws:sts::111122223333:assumed-role/deploy/s1",
    account: "111122223333",
    role_arn: Some("arn:aws:iam::111122223333:role/deploy"),
    id: None,
};
const SERVICE: PrincipalFacts<'static> = PrincipalFacts {
    kind: PrincipalKind::Service,
    arn: "secretsmanager.amazonaws.com",
    account: "",
    role_arn: None,
    id: None,
};
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234";

fn allows(
    document: &Document,
    principal: PrincipalFacts<'_>,
    action: &str,
    resource: &str,
    keys: &Keys,
) -> bool {
    let request = Request { principal, action, resource, context: keys };
    matches!(document.evaluate(&request), Verdict::Allow { .. })
}

/// An identity policy whose one statement has this condition.
fn conditioned(condition: &str) -> Document {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}}}"#
    );
    Document::parse(&text, Kind::Identity).unwrap_or_else(|fault| panic!("{condition}: {fault}"))
}

/// The condition, the request's keys, whether it holds.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], bool);

#[test]
fn condition_operators() {
    let cases: &[Case<'_>] = &[
        (r#"{"StringEquals":{"a:b":"x"}}"#, &[("a:b", "x")], true),
        (r#"{"StringEquals":{"a:b":"x"}}"#, &[("A:B", "x")], true),
        (r#"{"StringEquals":{"A:B":"x"}}"#, &[("a:b", "x")], true),
        (r#"{"StringEquals":{"a:b":"x"}}"#, &[("a:b", "X")], false),
        (r#"{"StringEquals":{"a:b":"x"}}"#, &[], false),
        (r#"{"StringEquals":{"a:b":["x","y"]}}"#, &[("a:b", "y")], true),
        (r#"{"StringEquals":{"a:b":"x*"}}"#, &[("a:b", "xy")], false),
        (r#"{"StringEquals":{"a:b":"x*"}}"#, &[("a:b", "x*")], true),
        (r#"{"StringNotEquals":{"a:b":"x"}}"#, &[("a:b", "y")], true),
        (r#"{"StringNotEquals":{"a:b":["x","y"]}}"#, &[("a:b", "y")], false),
        (r#"{"StringNotEquals":{"a:b":"x"}}"#, &[], true),
        (r#"{"StringEqualsIgnoreCase":{"a:b":"x"}}"#, &[("a:b", "X")], true),
        (r#"{"StringNotEqualsIgnoreCase":{"a:b":"x"}}"#, &[("a:b", "X")], false),
        (r#"{"StringLike":{"a:b":"x*z?"}}"#, &[("a:b", "xyyz1")], true),
        (r#"{"StringLike":{"a:b":"x?"}}"#, &[("a:b", "x")], false),
        (r#"{"StringLike":{"a:b":"X*"}}"#, &[("a:b", "xy")], false),
        (r#"{"StringNotLike":{"a:b":"x*"}}"#, &[("a:b", "xy")], false),
        (r#"{"StringEqualsIfExists":{"a:b":"x"}}"#, &[], true),
        (r#"{"StringEqualsIfExists":{"a:b":"x"}}"#, &[("a:b", "y")], false),
        (r#"{"NumericEquals":{"a:b":"90"}}"#, &[("a:b", "90.0")], true),
        (r#"{"NumericEquals":{"a:b":90}}"#, &[("a:b", "90")], true),
        (r#"{"NumericNotEquals":{"a:b":"90"}}"#, &[("a:b", "91")], true),
        (r#"{"NumericLessThan":{"a:b":"90"}}"#, &[("a:b", "90")], false),
        (r#"{"NumericLessThanEquals":{"a:b":"90"}}"#, &[("a:b", "90")], true),
        (r#"{"NumericGreaterThan":{"a:b":"90"}}"#, &[("a:b", "365")], true),
        (r#"{"NumericGreaterThanEquals":{"a:b":"90"}}"#, &[("a:b", "89")], false),
        (r#"{"NumericLessThan":{"a:b":"90"}}"#, &[("a:b", "nine")], false),
        (r#"{"DateGreaterThan":{"a:b":"2026-01-01T00:00:00Z"}}"#, &[("a:b", "2026-01-01T00:00:01Z")], true),
        (r#"{"DateGreaterThan":{"a:b":"2026-01-01T00:00:00Z"}}"#, &[("a:b", "2026-01-01T00:00:00Z")], false),
        (r#"{"DateLessThan":{"a:b":"2026-01-01"}}"#, &[("a:b", "2025-12-31T23:59:59Z")], true),
        (r#"{"DateEquals":{"a:b":"1767225600"}}"#, &[("a:b", "2026-01-01T00:00:00Z")], true),
        (
            r#"{"DateLessThanEquals":{"a:b":"2026-01-01T01:00:00+01:00"}}"#,
            &[("a:b", "2026-01-01T00:00:00Z")],
            true,
        ),
        // The W3C's forms, and a key that is given in seconds (`aws:EpochTime`).
        (r#"{"DateGreaterThanEquals":{"a:b":"2026-01"}}"#, &[("a:b", "2026-01-01T00:00:00Z")], true),
        (r#"{"DateGreaterThanEquals":{"a:b":"2026-01"}}"#, &[("a:b", "2025-12-31T23:59:59.999Z")], false),
        (r#"{"DateLessThan":{"a:b":"2026-01-01T00:00Z"}}"#, &[("a:b", "1767225599")], true),
        (r#"{"DateLessThan":{"a:b":1767225600}}"#, &[("a:b", "1767225600")], false),
        (r#"{"DateNotEquals":{"a:b":"2026-01-01"}}"#, &[("a:b", "1767225600")], false),
        (r#"{"DateNotEquals":{"a:b":"2026-01-01"}}"#, &[], true),
        (r#"{"DateLessThan":{"a:b":"2026-01-01"}}"#, &[], false),
        (r#"{"DateLessThan":{"a:b":"2026-01-01"}}"#, &[("a:b", "soon")], false),
        (r#"{"DateLessThan":{"a:b":"2026-01-01"}}"#, &[("a:b", "12")], true),
        (r#"{"NumericEquals":{"a:b":1.50}}"#, &[("a:b", "1.5")], true),
        (r#"{"NumericLessThan":{"a:b":"-1"}}"#, &[("a:b", "-1.5")], true),
        (r#"{"NumericNotEquals":{"a:b":"90"}}"#, &[], true),
        // A number counts for StringEquals as it is written.
        (r#"{"StringEquals":{"a:b":1.50}}"#, &[("a:b", "1.50")], true),
        (r#"{"StringEquals":{"a:b":1.50}}"#, &[("a:b", "1.5")], false),
        (r#"{"StringNotEqualsIfExists":{"a:b":"x"}}"#, &[], true),
        (r#"{"StringNotLikeIfExists":{"a:b":"x*"}}"#, &[("a:b", "xy")], false),
        (r#"{"NumericLessThanIfExists":{"a:b":"90"}}"#, &[], true),
        (r#"{"NumericLessThanIfExists":{"a:b":"90"}}"#, &[("a:b", "91")], false),
        (r#"{"DateLessThanIfExists":{"a:b":"2026-01-01"}}"#, &[], true),
        (r#"{"IpAddressIfExists":{"a:b":"10.0.0.0/8"}}"#, &[("a:b", "11.0.0.1")], false),
        (r#"{"NotIpAddress":{"a:b":"10.0.0.0/8"}}"#, &[], true),
        (r#"{"IpAddress":{"a:b":"10.0.0.0/8"}}"#, &[("a:b", "10.0.0.0/8")], false),
        (r#"{"IpAddress":{"a:b":["10.0.0.0/8","2001:db8::/64"]}}"#, &[("a:b", "2001:db8::9")], true),
        (r#"{"BinaryEquals":{"a:b":"QmFzZTY0"}}"#, &[("a:b", "QmFzZTY1")], false),
        (r#"{"ArnLikeIfExists":{"a:b":"arn:aws:kms:*:*:key/*"}}"#, &[], true),
        (r#"{"ArnNotEquals":{"a:b":"arn:aws:kms:*:*:key/*"}}"#, &[], true),
        // IAM User Guide, "ARN condition operators", the example of what StringLike matches and ArnLike does not.
        (
            r#"{"StringLike":{"a:b":"arn:aws:someservice:*:111122223333:finance/*"}}"#,
            &[(
                "a:b",
                "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt",
            )],
            true,
        ),
        (
            r#"{"ArnLike":{"a:b":"arn:aws:someservice:*:111122223333:finance/*"}}"#,
            &[(
                "a:b",
                "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt",
            )],
            false,
        ),
        (r#"{"ArnLike":{"a:b":"*"}}"#, &[("a:b", KEY)], true),
        (r#"{"ArnLike":{"a:b":"*"}}"#, &[("a:b", "not an ARN")], false),
        (r#"{"ArnEquals":{"a:b":"${aws:PrincipalArn}"}}"#, &[("a:b", KEY), ("aws:principalarn", KEY)], true),
        (r#"{"ArnEquals":{"a:b":"${aws:PrincipalArn}"}}"#, &[("a:b", KEY), ("aws:principalarn", "*")], false),
        (
            r#"{"ArnLike":{"a:b":"arn:aws:kms:*:*:key/${aws:username}"}}"#,
            &[("a:b", KEY), ("aws:username", "1234")],
            true,
        ),
        (r#"{"Bool":{"a:b":"true"}}"#, &[("a:b", "true")], true),
        (r#"{"Bool":{"a:b":true}}"#, &[("a:b", "true")], true),
        (r#"{"Bool":{"a:b":"false"}}"#, &[("a:b", "true")], false),
        (r#"{"Bool":{"a:b":"true"}}"#, &[], false),
        (r#"{"BoolIfExists":{"a:b":"true"}}"#, &[], true),
        (r#"{"BinaryEquals":{"a:b":"QmFzZTY0"}}"#, &[("a:b", "QmFzZTY0")], true),
        (r#"{"IpAddress":{"a:b":"203.0.113.0/24"}}"#, &[("a:b", "203.0.113.77")], true),
        (r#"{"IpAddress":{"a:b":"203.0.113.0/24"}}"#, &[("a:b", "203.0.114.1")], false),
        (r#"{"IpAddress":{"a:b":"203.0.113.7"}}"#, &[("a:b", "203.0.113.7")], true),
        (r#"{"IpAddress":{"a:b":"0.0.0.0/0"}}"#, &[("a:b", "8.8.8.8")], true),
        (r#"{"IpAddress":{"a:b":"2001:db8::/32"}}"#, &[("a:b", "2001:db8:1::1")], true),
        (r#"{"IpAddress":{"a:b":"2001:db8::/32"}}"#, &[("a:b", "2001:db9::1")], false),
        (r#"{"IpAddress":{"a:b":"203.0.113.0/24"}}"#, &[("a:b", "::ffff:203.0.113.9")], true),
        (r#"{"NotIpAddress":{"a:b":"203.0.113.0/24"}}"#, &[("a:b", "203.0.113.9")], false),
        (r#"{"ArnLike":{"a:b":"arn:aws:kms:*:111122223333:key/*"}}"#, &[("a:b", KEY)], true),
        (r#"{"ArnEquals":{"a:b":"arn:aws:kms:*:111122223333:key/*"}}"#, &[("a:b", KEY)], true),
        // A star does not reach over a colon: the account must be in the account's place.
        (r#"{"ArnLike":{"a:b":"arn:aws:kms:*:key/*"}}"#, &[("a:b", KEY)], false),
        (r#"{"ArnNotLike":{"a:b":"arn:aws:kms:*:*:key/*"}}"#, &[("a:b", KEY)], false),
        (r#"{"Null":{"a:b":"true"}}"#, &[], true),
        (r#"{"Null":{"a:b":"true"}}"#, &[("a:b", "x")], false),
        (r#"{"Null":{"a:b":"false"}}"#, &[("a:b", "x")], true),
        (r#"{"ForAllValues:StringEquals":{"a:b":["x","y"]}}"#, &[("a:b", "x|y")], true),
        (r#"{"ForAllValues:StringEquals":{"a:b":["x","y"]}}"#, &[("a:b", "x|z")], false),
        (r#"{"ForAllValues:StringEquals":{"a:b":["x","y"]}}"#, &[("a:b", "-")], true),
        (r#"{"ForAllValues:StringEquals":{"a:b":["x","y"]}}"#, &[], true),
        (r#"{"ForAllValues:StringEqualsIfExists":{"a:b":["x"]}}"#, &[], true),
        (r#"{"ForAnyValue:StringEquals":{"a:b":["x","y"]}}"#, &[("a:b", "z|y")], true),
        (r#"{"ForAnyValue:StringEquals":{"a:b":["x","y"]}}"#, &[("a:b", "z|w")], false),
        (r#"{"ForAnyValue:StringEquals":{"a:b":["x"]}}"#, &[], false),
        (r#"{"ForAnyValue:StringEquals":{"a:b":["x"]}}"#, &[("a:b", "-")], false),
        (r#"{"ForAllValues:StringNotEquals":{"a:b":["x"]}}"#, &[("a:b", "y|z")], true),
        (r#"{"ForAllValues:StringNotEquals":{"a:b":["x"]}}"#, &[("a:b", "x|z")], false),
        (r#"{"ForAnyValue:StringLike":{"a:b":"x*"}}"#, &[("a:b", "y|xz")], true),
        (r#"{"ForAnyValue:NumericEquals":{"a:b":["1","2"]}}"#, &[("a:b", "7|2")], true),
        (r#"{"ForAnyValue:StringNotEquals":{"a:b":["x"]}}"#, &[("a:b", "x|z")], true),
        (r#"{"ForAnyValue:StringNotEquals":{"a:b":["x"]}}"#, &[("a:b", "x")], false),
        (r#"{"ForAnyValue:StringNotEquals":{"a:b":["x"]}}"#, &[], false),
        (r#"{"ForAnyValue:StringEqualsIfExists":{"a:b":["x"]}}"#, &[], true),
        (r#"{"ForAllValues:StringEqualsIfExists":{"a:b":["x"]}}"#, &[("a:b", "x|y")], false),
        (r#"{"ForAllValues:StringEqualsIfExists":{"a:b":["x"]}}"#, &[], true),
        (r#"{"ForAllValues:ArnLike":{"a:b":"arn:aws:kms:*:*:key/*"}}"#, &[("a:b", KEY)], true),
        (r#"{"ForAllValues:IpAddress":{"a:b":"10.0.0.0/8"}}"#, &[("a:b", "10.1.1.1|11.1.1.1")], false),
        // Many values without a set operator: one that fits is enough, none that is excluded may be among them.
        (r#"{"StringEquals":{"a:b":"x"}}"#, &[("a:b", "y|x")], true),
        (r#"{"StringNotEquals":{"a:b":"x"}}"#, &[("a:b", "y|x")], false),
        (r#"{"StringNotEquals":{"a:b":"x"}}"#, &[("a:b", "y|z")], true),
        // An empty set of values is no value.
        (r#"{"Null":{"a:b":"true"}}"#, &[("a:b", "-")], true),
        (r#"{"StringEqualsIfExists":{"a:b":"x"}}"#, &[("a:b", "-")], true),
        (r#"{"StringEquals":{"a:b":"x"}}"#, &[("a:b", "-")], false),
        // An empty text is one.
        (r#"{"Null":{"a:b":"false"}}"#, &[("a:b", "")], true),
        (r#"{"StringEquals":{"a:b":""}}"#, &[("a:b", "")], true),
        // What must not reach: the usual guard for ForAllValues.
        (r#"{"Null":{"a:b":"false"},"ForAllValues:StringEquals":{"a:b":["x"]}}"#, &[], false),
        (r#"{"Null":{"a:b":"false"},"ForAllValues:StringEquals":{"a:b":["x"]}}"#, &[("a:b", "x")], true),
        // All operators and all keys must hold.
        (r#"{"StringEquals":{"a:b":"x","a:c":"y"}}"#, &[("a:b", "x"), ("a:c", "z")], false),
        (r#"{"StringEquals":{"a:b":"x"},"Bool":{"a:c":"true"}}"#, &[("a:b", "x"), ("a:c", "true")], true),
        (r#"{"StringEquals":{"a:b":"x"},"Bool":{"a:c":"true"}}"#, &[("a:b", "x"), ("a:c", "false")], false),
        // Policy variables.
        (r#"{"StringEquals":{"a:b":"${aws:username}"}}"#, &[("a:b", "bob"), ("aws:username", "bob")], true),
        (r#"{"StringEquals":{"a:b":"${aws:username}"}}"#, &[("a:b", "bob")], false),
        (r#"{"StringEquals":{"a:b":"${aws:username, 'nobody'}"}}"#, &[("a:b", "nobody")], true),
        (
            r#"{"StringLike":{"a:b":"home/${aws:username}/*"}}"#,
            &[("a:b", "home/bob/x"), ("aws:username", "bob")],
            true,
        ),
        // IAM User Guide, "Policy variables with no value": nothing is equal to it, and so everything is unequal.
        (r#"{"StringEquals":{"a:b":"${aws:username}"}}"#, &[("a:b", "")], false),
        (r#"{"StringLike":{"a:b":"${aws:username}*"}}"#, &[("a:b", "bob")], false),
        (r#"{"ArnLike":{"a:b":"arn:aws:kms:*:*:key/${aws:username}*"}}"#, &[("a:b", KEY)], false),
        (r#"{"StringNotEquals":{"a:b":"${aws:username}"}}"#, &[("a:b", "bob")], true),
        (
            r#"{"StringNotEquals":{"a:b":"${aws:username}"}}"#,
            &[("a:b", "bob"), ("aws:username", "bob")],
            false,
        ),
        (
            r#"{"StringEquals":{"a:b":"${aws:username, 'nobody'}"}}"#,
            &[("a:b", "bob"), ("aws:username", "bob")],
            true,
        ),
        (r#"{"StringEquals":{"a:b":"${aws:username, 'a}b'}"}}"#, &[("a:b", "a}b")], true),
        (r#"{"StringEquals":{"a:b":"${AWS:UserName}"}}"#, &[("a:b", "bob"), ("aws:username", "bob")], true),
        (r#"{"StringEquals":{"a:b":"${a:c}"}}"#, &[("a:b", "x"), ("a:c", "x|y")], false),
        (
            r#"{"StringEquals":{"aws:ResourceTag/owner":"${aws:username}"}}"#,
            &[("aws:resourcetag/owner", "bob"), ("aws:username", "bob")],
            true,
        ),
        (
            r#"{"StringEqualsIgnoreCase":{"a:b":"${aws:username}"}}"#,
            &[("a:b", "BOB"), ("aws:username", "bob")],
            true,
        ),
        (r#"{"StringLike":{"a:b":"${?}${$}"}}"#, &[("a:b", "?$")], true),
        (r#"{"StringLike":{"a:b":"${?}"}}"#, &[("a:b", "x")], false),
        // Numbers and addresses take no variables; a dollar alone is a dollar.
        (r#"{"StringEquals":{"a:b":"$x{y}"}}"#, &[("a:b", "$x{y}")], true),
        // A star in a variable's value is a star and no wildcard.
        (r#"{"StringLike":{"a:b":"${aws:username}"}}"#, &[("a:b", "anything"), ("aws:username", "*")], false),
        (r#"{"StringLike":{"a:b":"${*}x"}}"#, &[("a:b", "*x")], true),
        (r#"{"StringLike":{"a:b":"${*}x"}}"#, &[("a:b", "yx")], false),
        (r#"{"StringEquals":{"a:b":"${$}{a}"}}"#, &[("a:b", "${a}")], true),
    ];
    for (condition, keys, expected) in cases {
        let document = conditioned(condition);
        let got = allows(&document, USER, "kms:Decrypt", KEY, &Keys::of(keys));
        assert_eq!(got, *expected, "{condition} with {keys:?}");
    }
}

#[test]
fn variables_are_of_the_newer_version_only() {
    let text = r#"{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a:b":"${aws:username}"}}}}"#;
    let document = Document::parse(text, Kind::Identity).expect("it parses");
    let keys = Keys::of(&[("a:b", "bob"), ("aws:username", "bob")]);
    assert!(!allows(&document, USER, "kms:Decrypt", KEY, &keys));
    let keys = Keys::of(&[("a:b", "${aws:username}")]);
    assert!(allows(&document, USER, "kms:Decrypt", KEY, &keys));
}

#[test]
fn actions_and_resources() {
    let none = Keys::of(&[]);
    let cases = [
        (r#""Action":"kms:Decrypt","Resource":"*""#, "kms:Decrypt", KEY, true),
        (r#""Action":"KMS:decrypt","Resource":"*""#, "kms:Decrypt", KEY, true),
        (r#""Action":"kms:De*","Resource":"*""#, "kms:DescribeKey", KEY, true),
        (r#""Action":"kms:Decrypt?","Resource":"*""#, "kms:Decrypt", KEY, false),
        (r#""Action":["kms:Encrypt","kms:Decrypt"],"Resource":"*""#, "kms:Decrypt", KEY, true),
        (r#""NotAction":"kms:Encrypt","Resource":"*""#, "kms:Decrypt", KEY, true),
        (r#""NotAction":"kms:*","Resource":"*""#, "kms:Decrypt", KEY, false),
        (r#""Action":"kms:*","Resource":"arn:aws:kms:*:111122223333:key/*""#, "kms:Decrypt", KEY, true),
        (r#""Action":"kms:*","NotResource":"arn:aws:kms:*:*:key/1234""#, "kms:Decrypt", KEY, false),
        (
            r#""Action":"kms:*","Resource":"arn:aws:kms:eu-central-1:111122223333:key/123""#,
            "kms:Decrypt",
            KEY,
            false,
        ),
        (
            r#""Action":"kms:*","Resource":"arn:aws:kms:eu-central-1:111122223333:key/12345""#,
            "kms:Decrypt",
            KEY,
            false,
        ),
        (
            r#""Action":"kms:*","Resource":"arn:aws:kms:eu-central-1:111122223333:KEY/1234""#,
            "kms:Decrypt",
            KEY,
            false,
        ),
        (r#""Action":"kms:Decryp","Resource":"*""#, "kms:Decrypt", KEY, false),
        (r#""Action":"s3:*","Resource":"*""#, "kms:Decrypt", KEY, false),
        (r#""Action":"*","Resource":"*""#, "kms:Decrypt", KEY, true),
        (r#""Action":"kms:*crypt","Resource":"*""#, "kms:ReEncrypt", KEY, true),
        // Actions take no variables.
        (r#""NotAction":["kms:Encrypt","kms:Decrypt"],"Resource":"*""#, "kms:Decrypt", KEY, false),
        (
            r#""Action":"kms:*","Resource":"arn:aws:kms:eu-central-1:111122223333:key/12?4""#,
            "kms:Decrypt",
            KEY,
            true,
        ),
    ];
    let user = Keys::of(&[("aws:username", "1234")]);
    for (elements, keys, expected) in [
        (r#""Resource":"arn:aws:kms:*:*:key/${aws:username}""#, &user, true),
        (r#""Resource":"arn:aws:kms:*:*:key/${aws:username}""#, &none, false),
        (r#""Resource":"arn:aws:kms:*:*:key/${aws:username}*""#, &none, false),
        (r#""Resource":"arn:aws:kms:*:*:key/${aws:username, '1234'}""#, &none, true),
        (r#""NotResource":"arn:aws:kms:*:*:key/${aws:username}""#, &user, false),
        (r#""NotResource":"arn:aws:kms:*:*:key/${aws:username}""#, &none, true),
    ] {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"kms:*",{elements}}}]}}"#
        );
        let document = Document::parse(&text, Kind::Identity).expect("it parses");
        assert_eq!(allows(&document, USER, "kms:Decrypt", KEY, keys), expected, "{elements}");
    }
    for (elements, action, resource, expected) in cases {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{elements}}}]}}"#);
        let document =
            Document::parse(&text, Kind::Identity).unwrap_or_else(|fault| panic!("{elements}: {fault}"));
        assert_eq!(allows(&document, USER, action, resource, &none), expected, "{elements}");
    }
}

fn for_principal(principal: &str) -> Document {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{principal},"Action":"kms:*","Resource":"*"}}]}}"#
    );
    Document::parse(&text, Kind::Resource).unwrap_or_else(|fault| panic!("{principal}: {fault}"))
}

#[test]
fn principals() {
    use Delegation::{Account, Direct, Role};
    let none = Keys::of(&[]);
    let cases = [
        (r#""Principal":"*""#, USER, Some(Direct)),
        (r#""Principal":{"AWS":"*"}"#, ROOT, Some(Direct)),
        (r#""Principal":{"AWS":"111122223333"}"#, USER, Some(Account)),
        (r#""Principal":{"AWS":"arn:aws:iam::111122223333:root"}"#, USER, Some(Account)),
        (r#""Principal":{"AWS":"arn:aws:iam::111122223333:root"}"#, ROOT, Some(Account)),
        (r#""Principal":{"AWS":"arn:aws:iam::444455556666:root"}"#, USER, None),
        (
            r#""Principal":{"AWS":["444455556666","arn:aws:iam::111122223333:user/alice"]}"#,
            USER,
            Some(Direct),
        ),
        (r#""Principal":{"AWS":"arn:aws:iam::111122223333:user/bob"}"#, USER, None),
        (r#""Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"}"#, ROOT, None),
        (r#""Principal":{"AWS":"arn:aws:iam::111122223333:role/deploy"}"#, SESSION, Some(Role)),
        (r#""Principal":{"AWS":"arn:aws:iam::111122223333:role/deploy"}"#, USER, None),
        (
            r#""Principal":{"AWS":["arn:aws:iam::111122223333:role/deploy","111122223333"]}"#,
            SESSION,
            Some(Role),
        ),
        (r#""Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/deploy/s1"}"#, SESSION, Some(Direct)),
        (r#""Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/deploy/s2"}"#, SESSION, None),
        (r#""Principal":{"Service":"secretsmanager.amazonaws.com"}"#, SERVICE, Some(Direct)),
        (r#""Principal":{"Service":"lambda.amazonaws.com"}"#, SERVICE, None),
        (
            r#""Principal":{"AWS":"111122223333","Service":"secretsmanager.amazonaws.com"}"#,
            SERVICE,
            Some(Direct),
        ),
        (
            r#""Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:user/alice"]}"#,
            USER,
            Some(Direct),
        ),
        // The unique id that a deleted user leaves behind names nobody.
        (r#""Principal":{"AWS":"AIDAJQABLZS4A3QDU576Q"}"#, USER, None),
    ];
    for (principal, who, expected) in cases {
        let document = for_principal(principal);
        let request = Request { principal: who, action: "kms:Decrypt", resource: KEY, context: &none };
        let got = match document.evaluate(&request) {
            Verdict::Allow { by, .. } => Some(by),
            Verdict::Deny { .. } | Verdict::Silent => None,
        };
        assert_eq!(got, expected, "{principal} for {}", who.arn);
    }
}

#[test]
fn a_denied_account_excepts_only_whom_it_names() {
    let none = Keys::of(&[]);
    let text = r#"{"Statement":[
        {"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"},
        {"Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::111122223333:user/alice","arn:aws:iam::111122223333:root"]},"Action":"kms:*","Resource":"*"}]}"#;
    let document = Document::parse(text, Kind::Resource).expect("it parses");
    for (who, expected) in [(USER, true), (ROOT, true), (SESSION, false)] {
        assert_eq!(allows(&document, who, "kms:Decrypt", KEY, &none), expected, "{}", who.arn);
    }
}

#[test]
fn a_statement_without_action_or_resource_has_no_effect_in_a_key_policy() {
    let none = Keys::of(&[]);
    for elements in [r#""Action":"kms:*""#, r#""Resource":"*""#, r#""Sid":"nothing""#] {
        let text = format!(r#"{{"Statement":[{{"Effect":"Allow","Principal":"*",{elements}}}]}}"#);
        let document = Document::parse(&text, Kind::Resource).expect("it is accepted");
        assert!(!allows(&document, USER, "kms:Decrypt", KEY, &none), "{elements}");
    }
}

#[test]
fn what_is_no_policy_is_refused_with_its_place() {
    let statement = |elements: &str| format!(r#"{{"Statement":[{{{elements}}}]}}"#);
    let good = r#""Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*""#;
    assert!(Document::parse(&statement(good), Kind::Resource).is_ok());
    let cases = [
        (String::new(), "line 1 column 1"),
        ("{".to_owned(), "line 1 column 2"),
        ("[]".to_owned(), "expected an object"),
        ("{}".to_owned(), "there is no Statement"),
        (r#"{"Statement":[]}"#.to_owned(), "the list is empty"),
        (r#"{"Statement":[1]}"#.to_owned(), "Statement[0]: expected an object, found a number"),
        (r#"{"Version":"2012-10-18","Statement":[]}"#.to_owned(), "Version"),
        (r#"{"Vresion":"2012-10-17","Statement":[]}"#.to_owned(), "unknown member \"Vresion\""),
        (statement(&good.replace("Allow", "allow")), "Statement[0].Effect: expected \"Allow\" or \"Deny\""),
        (statement(&good.replace("\"Effect\":\"Allow\",", "")), "there is no Effect"),
        (statement(&format!("{good},\"Efect\":\"Deny\"")), "unknown member \"Efect\""),
        (statement(&format!("{good},\"Action\":\"kms:x\"")), "comes twice"),
        (statement(&format!("{good},\"NotAction\":\"kms:x\"")), "exclude each other"),
        (statement(&good.replace("\"Principal\":\"*\",", "")), "there is no Principal"),
        (
            statement(&good.replace("\"kms:*\"", "\"decrypt\"")),
            "Statement[0].Action: \"decrypt\" is not an action at line 1 column 58",
        ),
        (statement(&good.replace("\"kms:*\"", "7")), "expected a string, found a number"),
        (statement(&good.replace("\"Resource\":\"*\"", "\"Resource\":\"key/1\"")), "\"key/1\" is not an ARN"),
        (
            statement(
                &good.replace(
                    "\"Principal\":\"*\"",
                    r#""Principal":{"AWS":"arn:aws:iam::111122223333:user/*"}"#,
                ),
            ),
            "wildcards are not allowed inside a principal's ARN",
        ),
        (
            statement(&good.replace(
                "\"Principal\":\"*\"",
                r#""Principal":{"AWS":"arn:aws:iam::111122223333:group/g"}"#,
            )),
            "is not a principal",
        ),
        (
            statement(&good.replace("\"Principal\":\"*\"", r#""Principal":{"AWS":"12345"}"#)),
            "is not a principal",
        ),
        (
            statement(&good.replace("\"Principal\":\"*\"", r#""Principal":{"Aws":"*"}"#)),
            "unknown kind of principal",
        ),
        (
            statement(&good.replace("\"Principal\":\"*\"", r#""NotPrincipal":"*""#)),
            "NotPrincipal cannot be everyone",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"StringEqual":{{"a:b":"x"}}}}"#)),
            "unknown condition operator",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"NullIfExists":{{"a:b":"true"}}}}"#)),
            "unknown condition operator",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"Bool":{{"a:b":"yes"}}}}"#)),
            "\"yes\" is not true or false",
        ),
        (statement(&format!(r#"{good},"Condition":{{"IpAddress":{{"a:b":"10.0.0.0/33"}}}}"#)), "CIDR"),
        (
            statement(&format!(r#"{good},"Condition":{{"DateEquals":{{"a:b":"soon"}}}}"#)),
            "\"soon\" is not a date",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"NumericEquals":{{"a:b":"x"}}}}"#)),
            "\"x\" is not a number",
        ),
        (statement(&format!(r#"{good},"Condition":{{"StringEquals":{{"a:b":[]}}}}"#)), "the list is empty"),
        (
            statement(&format!(r#"{good},"Condition":{{"StringEquals":{{"a:b":null}}}}"#)),
            "expected a value, found null",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"StringEquals":{{"ab":"x"}}}}"#)),
            "\"ab\" is not a condition key",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"StringEquals":"x"}}"#)),
            "Condition.StringEquals: expected an object, found a string",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"stringequals":{{"a:b":"x"}}}}"#)),
            "unknown condition operator \"stringequals\"",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"ForAllValues:Null":{{"a:b":"true"}}}}"#)),
            "unknown condition operator",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"ForSomeValues:StringEquals":{{"a:b":"x"}}}}"#)),
            "unknown condition operator",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"IfExists":{{"a:b":"x"}}}}"#)),
            "unknown condition operator",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"Null":{{"a:b":["true","false"]}}}}"#)),
            "Null takes one value",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"BinaryEquals":{{"a:b":"QmF=ZTY0"}}}}"#)),
            "is not base64",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"NumericEquals":{{"a:b":"NaN"}}}}"#)),
            "\"NaN\" is not a number",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"DateEquals":{{"a:b":"2026"}}}}"#)),
            "could be a year or a number of seconds",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"DateEquals":{{"a:b":"2026-13-01"}}}}"#)),
            "is not a date",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"DateEquals":{{"a:b":"2026-01-01T00:00:00"}}}}"#)),
            "is not a date",
        ),
        (
            statement(&format!(r#"{good},"Condition":{{"ArnLike":{{"a:b":"key/1"}}}}"#)),
            "\"key/1\" is not an ARN",
        ),
        (
            statement(&good.replace(
                "\"Allow\",\"Principal\":\"*\"",
                r#""Allow","NotPrincipal":{"AWS":"111122223333"}"#,
            )),
            "NotPrincipal is for Deny only",
        ),
        (
            statement(&good.replace("\"Principal\":\"*\"", r#""Principal":"111122223333""#)),
            "expected \"*\" or an object",
        ),
        (statement(&good.replace("\"Principal\":\"*\"", r#""Principal":{}"#)), "expected \"*\" or an object"),
        (statement(&good.replace("\"Principal\":\"*\"", r#""Principal":{"AWS":[]}"#)), "the list is empty"),
        (
            statement(&good.replace(
                "\"Principal\":\"*\"",
                r#""Principal":{"AWS":"arn:aws-cn:iam::111122223333:root"}"#,
            )),
            "is not a principal",
        ),
        (
            statement(
                &good.replace(
                    "\"Principal\":\"*\"",
                    r#""Principal":{"AWS":"arn:aws:iam::111122223333:root/x"}"#,
                ),
            ),
            "is not a principal",
        ),
        (
            statement(
                &good.replace(
                    "\"Principal\":\"*\"",
                    r#""Principal":{"AWS":"arn:aws:iam::111122223333:user/"}"#,
                ),
            ),
            "is not a principal",
        ),
        (
            statement(&good.replace(
                "\"Principal\":\"*\"",
                r#""Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/deploy"}"#,
            )),
            "is not a principal",
        ),
        (
            statement(&good.replace(
                "\"Principal\":\"*\"",
                r#""Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/deploy/*"}"#,
            )),
            "wildcards are not allowed",
        ),
        (
            statement(&good.replace("\"Principal\":\"*\"", r#""Principal":{"AWS":"AIDA*"}"#)),
            "wildcards are not allowed",
        ),
        (
            statement(&good.replace("\"Principal\":\"*\"", r#""Principal":{"Service":"*"}"#)),
            "is not a service's name",
        ),
        (
            statement(&good.replace("\"Principal\":\"*\"", r#""Principal":{"Federated":"*"}"#)),
            "is not a provider of identities",
        ),
        (
            statement(&good.replace("\"Principal\":\"*\"", r#""Principal":{"CanonicalUser":"x"}"#)),
            "is not a canonical user id",
        ),
        (statement(&format!("{good},\"Effect\":\"Deny\"")), "the member \"Effect\" comes twice"),
        (statement(&format!("{good},\"Sid\":7")), "Sid: expected a string, found a number"),
        (
            format!(r#"{{"Statement":[{{"Sid":"a",{good}}},{{"Sid":"a",{good}}}]}}"#),
            "Statement[1].Sid: the same Sid comes twice",
        ),
        (format!(r#"{{"Statement":[{{{good}}}],"Id":1}}"#), "Id: expected a string, found a number"),
        (
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{{}}}]}}"#,
                good.replace("\"Resource\":\"*\"", "\"Resource\":\"arn:aws:kms:*:${aws:username}:key/x\"")
            ),
            "a variable stands before the fifth colon",
        ),
        (
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{{}}}]}}"#,
                good.replace("\"Resource\":\"*\"", "\"Resource\":\"arn:aws:kms:*:*:key/${aws:username\"")
            ),
            "is not closed",
        ),
        (
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{{}}}]}}"#,
                good.replace("\"Resource\":\"*\"", "\"Resource\":\"arn:aws:kms:*:*:key/${name}\"")
            ),
            "does not name a condition key",
        ),
        (
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{{}}}]}}"#,
                good.replace("\"Resource\":\"*\"", "\"Resource\":\"arn:aws:kms:*:*:key/${aws:username, x}\"")
            ),
            "is not in single quotes",
        ),
    ];
    for (text, expected) in cases {
        let fault = Document::parse(&text, Kind::Resource).expect_err(&text).to_string();
        assert!(fault.contains(expected), "{text}\n{fault}\nwants {expected}");
    }
    let identity = Document::parse(&statement(good), Kind::Identity).expect_err("it has a principal");
    assert!(identity.to_string().contains("has no Principal"));
    for (elements, expected) in [
        (r#""Effect":"Allow","Resource":"*""#, "there is no Action"),
        (r#""Effect":"Allow","Action":"*""#, "there is no Resource"),
        (r#""Effect":"Allow","Action":"*","Resource":"*","Sid":"two words""#, "letters and digits only"),
    ] {
        let fault = Document::parse(&statement(elements), Kind::Identity).expect_err(elements).to_string();
        assert!(fault.contains(expected), "{fault}");
    }
}

#[test]
fn a_refusal_points_at_the_value() {
    let text = "{\n  \"Statement\": [{\n    \"Sid\": \"Schlüssel\", \"Effect\": \"Alow\"\n  }]\n}";
    let fault = Document::parse(text, Kind::Resource).expect_err("the effect is misspelt");
    let place = fault.place();
    assert_eq!((place.line, place.column), (3, 35));
    assert!(text[place.offset..].starts_with("\"Alow\""), "{place:?}");
    assert_eq!(fault.to_string(), "Statement[0].Effect: expected \"Allow\" or \"Deny\" at line 3 column 35");
}

#[test]
fn a_refusal_does_not_repeat_what_could_harm_a_log() {
    let name = format!("a\\n\\u001b[31m{}", "x".repeat(5000));
    let text = format!(r#"{{"Statement":[{{"Effect":"Allow","{name}":1}}]}}"#);
    let fault = Document::parse(&text, Kind::Resource).expect_err("it is unknown").to_string();
    assert!(fault.len() < 500, "{} bytes", fault.len());
    assert!(!fault.contains(['\n', '\u{1b}']), "{fault}");
}

#[test]
fn a_document_remembers_its_text() {
    let text = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":["kms:De*","kms:Encrypt"],"Resource":"*"},{"Effect":"Deny","Principal":"*","NotAction":"s3:**","Resource":"*"}], "Id":"é"}"#;
    let document = Document::parse(text, Kind::Resource).expect("it parses");
    assert_eq!(document.text(), text);
    assert_eq!(document.size_bytes(), text.len());
    assert_eq!(document.actions().collect::<Vec<_>>(), ["kms:De*", "kms:Encrypt", "s3:**"]);
}

#[test]
fn an_explanation_names_what_is_missing() {
    let text = r#"{"Statement":[
        {"Sid":"other","Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:*","Resource":"*"},
        {"Sid":"via","Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*",
         "Condition":{"StringEquals":{"kms:ViaService":"lambda.eu-central-1.amazonaws.com"},"Bool":{"a:b":"true"}}},
        {"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"arn:aws:kms:*:*:key/9"},
        {"Sid":"yes","Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*"}]}"#;
    let document = Document::parse(text, Kind::Resource).expect("it parses");
    let keys = Keys::of(&[("a:b", "true")]);
    let request = Request { principal: USER, action: "kms:Decrypt", resource: KEY, context: &keys };
    let explained = document.explain(&request);
    let misses: Vec<_> = explained.iter().map(|one| one.misses.clone()).collect();
    let condition = Miss::Condition { operator: "StringEquals", key: "kms:viaservice" };
    assert_eq!(
        misses,
        [vec![Miss::Principal, Miss::Action], vec![condition], vec![Miss::Resource], Vec::new()]
    );
    let near: Vec<_> = explained.iter().filter(|one| one.nearly_applies()).map(|one| one.statement).collect();
    assert_eq!(near, [StatementRef { index: 1, sid: Some("via") }, StatementRef { index: 2, sid: None }]);
    assert_eq!(explained[2].effect, Effect::Deny);
    assert!(explained[3].applies());
    assert_eq!(condition.to_string(), "its condition StringEquals on kms:viaservice does not hold");
}

#[test]
fn a_deny_speaks_of_a_whole_account() {
    let none = Keys::of(&[]);
    for (denied, expected) in [
        (r#"{"AWS":"111122223333"}"#, [false, false, false]),
        (r#"{"AWS":"arn:aws:iam::111122223333:role/deploy"}"#, [true, true, false]),
        (r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/deploy/s2"}"#, [true, true, true]),
        (r#"{"AWS":"444455556666"}"#, [true, true, true]),
    ] {
        let text = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}},{{"Effect":"Deny","Principal":{denied},"Action":"*","Resource":"*"}}]}}"#
        );
        let document = Document::parse(&text, Kind::Resource).expect("it parses");
        let got = [USER, ROOT, SESSION].map(|who| allows(&document, who, "kms:Decrypt", KEY, &none));
        assert_eq!(got, expected, "{denied}");
    }
}

/// A policy with every element, for the tests that damage it.
const FULL: &str = r#"{"Version":"2012-10-17","Id":"i","Statement":[{"Sid":"s","Effect":"Allow","Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:user/alice"],"Service":"secretsmanager.amazonaws.com"},"Action":["kms:De*","kms:?ncrypt"],"Resource":"arn:aws:kms:*:*:key/${aws:username, 'x'}","Condition":{"ForAnyValue:StringLike":{"a:b":["x*y","${*}"]},"NumericLessThan":{"a:c":90},"DateGreaterThan":{"a:d":"2026-01-01T00:00:00Z"},"IpAddress":{"a:e":"2001:db8::/32"},"ArnLike":{"a:f":"arn:aws:kms:*:*:key/*"},"Null":{"a:g":true}}},{"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"NotAction":"kms:*","NotResource":"*"}]}"#;

/// The matcher that everybody would write first: slow, and surely right.
fn naive(pattern: &[char], text: &[char]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some('*'), _) => naive(&pattern[1..], text) || (!text.is_empty() && naive(pattern, &text[1..])),
        (Some('?'), Some(_)) => naive(&pattern[1..], &text[1..]),
        (Some(wanted), Some(found)) if wanted == found => naive(&pattern[1..], &text[1..]),
        _ => false,
    }
}

#[test]
fn patterns_made_to_be_slow_are_not() {
    let pattern = "a*".repeat(60) + "b";
    let document = conditioned(&format!(r#"{{"StringLike":{{"a:b":"{pattern}"}}}}"#));
    let text = "a".repeat(5000);
    assert!(!allows(&document, USER, "kms:Decrypt", KEY, &Keys::of(&[("a:b", &text)])));
    for (pattern, fits) in [
        ("*?".repeat(2000), true),
        ("?*".repeat(2000) + "b", false),
        ("*".repeat(20_000), true),
        ("*a".repeat(5000), true),
        ("*a".repeat(5001), false),
        (format!("*{}b", "a".repeat(2500)), false),
    ] {
        let document = conditioned(&format!(r#"{{"StringLike":{{"a:b":"{pattern}"}}}}"#));
        assert_eq!(allows(&document, USER, "kms:Decrypt", KEY, &Keys::of(&[("a:b", &text)])), fits);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn globs_agree_with_the_naive_matcher(pattern in "[ab*?é]{0,10}", text in "[abé]{0,10}") {
        let document = conditioned(&format!(r#"{{"StringLike":{{"a:b":"{pattern}"}}}}"#));
        let expected = naive(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>());
        let got = allows(&document, USER, "kms:Decrypt", KEY, &Keys::of(&[("a:b", &text)]));
        prop_assert_eq!(got, expected, "{} on {}", pattern, text);
    }

    /// However statements are mixed and ordered, one Deny that matches wins.
    #[test]
    fn deny_wins(statements in proptest::collection::vec((any::<bool>(), 0..4_usize), 1..8)) {
        const ACTIONS: [&str; 4] = ["kms:Decrypt", "kms:*", "*", "kms:Encrypt"];
        let text: Vec<String> = statements.iter().map(|(deny, action)| format!(
            r#"{{"Effect":"{}","Action":"{}","Resource":"*"}}"#, if *deny { "Deny" } else { "Allow" }, ACTIONS[*action]
        )).collect();
        let document = Document::parse(&format!(r#"{{"Statement":[{}]}}"#, text.join(",")), Kind::Identity).expect("it parses");
        let speaks = |(_, action): &&(bool, usize)| *action != 3;
        let denied = statements.iter().filter(speaks).any(|(deny, _)| *deny);
        let allowed = statements.iter().filter(speaks).any(|(deny, _)| !deny);
        prop_assert_eq!(allows(&document, USER, "kms:Decrypt", KEY, &Keys::of(&[])), allowed && !denied);
    }

    /// A policy with a few characters changed is read or refused, at a place within its text; and what is read can
    /// be asked.
    #[test]
    fn damaged_policies_are_answered(
        changes in proptest::collection::vec((0..FULL.len(), prop_oneof![
            Just(String::new()),
            "[\\[\\]{}:,\"*?$\\\\'a0 \\n-]",
            "\\PC",
            Just("\"Effect\":".to_owned()),
            Just("${".to_owned()),
        ]), 1..4),
        value in "\\PC{0,12}",
    ) {
        let mut text = FULL.to_owned();
        for (at, with) in changes {
            if let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
                text.replace_range(at..at + character.len_utf8(), &with);
            }
        }
        match Document::parse(&text, Kind::Resource) {
            Ok(document) => {
                let keys = Keys::of(&[("a:b", &value), ("a:c", &value), ("a:d", &value), ("a:e", &value), ("a:f", &value)]);
                let request = Request { principal: USER, action: &value, resource: &value, context: &keys };
                let applies = document.explain(&request).iter().any(|one| one.applies());
                prop_assert_eq!(applies, document.evaluate(&request) != Verdict::Silent);
            }
            Err(fault) => {
                let place = fault.place();
                prop_assert!(text.is_char_boundary(place.offset), "{}: {:?}", text, place);
                prop_assert_eq!(place.line, text[..place.offset].matches('\n').count() + 1);
            }
        }
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        let _answered = Document::parse(&text, Kind::Resource);
    }

    #[test]
    fn any_json_is_answered(
        member in "(Version|Statement|Id|Effect|Principal|Action|Condition|x)",
        value in "(null|true|1|\"\"|\"\\*\"|\\[\\]|\\{\\}|\\[\\{\"Effect\":\"Allow\"\\}\\]|\\{\"AWS\":\\[1\\]\\})",
    ) {
        let _answered = Document::parse(&format!(r#"{{"{member}":{value}}}"#), Kind::Identity);
        let nested = format!(r#"{{"Statement":[{{"Effect":"Allow","Principal":"*","{member}":{value}}}]}}"#);
        let _answered = Document::parse(&nested, Kind::Resource);
    }
}

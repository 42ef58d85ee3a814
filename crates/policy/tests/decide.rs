//! Who may use a key: the two sides of KMS's rule, row by row.

use keywright_policy::{
    ConditionValue, Context, Denial, Document, Identity, Kind, PrincipalFacts, PrincipalKind, Request,
    decide_kms, decide_union, default_key_policy, service_managed_key_policy,
};
use keywright_types::{AccountId, Region};

struct Nothing;

impl Context for Nothing {
    fn value(&self, _name: &str) -> ConditionValue<'_> {
        ConditionValue::Absent
    }
}

const OWN: &str = "111122223333";
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234";

fn principal(kind: PrincipalKind, arn: &'static str, account: &'static str) -> PrincipalFacts<'static> {
    PrincipalFacts { kind, arn, account, role_arn: None }
}

fn document(kind: Kind, statements: &str) -> Document {
    Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#), kind)
        .expect("it parses")
}

fn key_policy(principal: &str) -> Document {
    document(
        Kind::Resource,
        &format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"kms:*","Resource":"*"}}"#),
    )
}

/// What it shows, who asks, the key policy, the caller's own side, whether a grant allows, what comes out.
type Case<'a> = (&'a str, PrincipalFacts<'a>, Option<&'a Document>, Identity<'a>, bool, Result<(), Denial>);

#[test]
fn the_rule_of_kms() {
    let root = principal(PrincipalKind::Root, "arn:aws:iam::111122223333:root", OWN);
    let user = principal(PrincipalKind::User, "arn:aws:iam::111122223333:user/alice", OWN);
    let stranger = principal(PrincipalKind::User, "arn:aws:iam::444455556666:user/eve", "444455556666");
    let service = principal(PrincipalKind::Service, "secretsmanager.amazonaws.com", "");
    let account = key_policy(r#"{"AWS":"111122223333"}"#);
    let alice = key_policy(r#"{"AWS":"arn:aws:iam::111122223333:user/alice"}"#);
    let eve = key_policy(r#"{"AWS":"arn:aws:iam::444455556666:user/eve"}"#);
    let other_account = key_policy(r#"{"AWS":"444455556666"}"#);
    let to_service = key_policy(r#"{"Service":"secretsmanager.amazonaws.com"}"#);
    let denying = document(
        Kind::Resource,
        r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*"}"#,
    );
    let allow = document(Kind::Identity, r#"{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}"#);
    let deny = document(Kind::Identity, r#"{"Effect":"Deny","Action":"kms:Decrypt","Resource":"*"}"#);
    let other = document(Kind::Identity, r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
    let none: [&Document; 0] = [];
    let (allows, denies) = ([&allow], [&allow, &deny]);
    let of = |attached| Identity::Policies { attached, boundary: None, session: &[] };
    let others = [&other];
    let bounded = Identity::Policies { attached: &allows, boundary: Some(&other), session: &[] };
    let session = Identity::Policies { attached: &allows, boundary: None, session: &others };
    let cases: [Case<'_>; 20] = [
        ("root where the account is let in", root, Some(&account), Identity::Root, false, Ok(())),
        ("root where it is not", root, Some(&alice), Identity::Root, false, Err(Denial::NoResourcePolicy)),
        (
            "root where all are denied",
            root,
            Some(&denying),
            Identity::Root,
            false,
            Err(Denial::ExplicitInResource),
        ),
        ("a user named by the key", user, Some(&alice), of(&none), false, Ok(())),
        (
            "a user named, denied by its own policy",
            user,
            Some(&alice),
            of(&denies),
            false,
            Err(Denial::ExplicitInIdentity),
        ),
        (
            "delegation without a policy of its own",
            user,
            Some(&account),
            of(&none),
            false,
            Err(Denial::NoIdentityPolicy),
        ),
        ("delegation and a policy", user, Some(&account), of(&allows), false, Ok(())),
        (
            "a policy without delegation",
            user,
            Some(&to_service),
            of(&allows),
            false,
            Err(Denial::NoResourcePolicy),
        ),
        ("a grant instead of the key policy", user, Some(&to_service), of(&none), true, Ok(())),
        ("a grant against a Deny", user, Some(&denying), of(&allows), true, Err(Denial::ExplicitInResource)),
        (
            "delegation within a boundary that lacks it",
            user,
            Some(&account),
            bounded,
            false,
            Err(Denial::NoBoundary),
        ),
        (
            "delegation within a session that lacks it",
            user,
            Some(&account),
            session,
            false,
            Err(Denial::NoSessionPolicy),
        ),
        ("across accounts, both sides", stranger, Some(&other_account), of(&allows), false, Ok(())),
        (
            "across accounts, named but without its own",
            stranger,
            Some(&eve),
            of(&none),
            false,
            Err(Denial::NoIdentityPolicy),
        ),
        (
            "across accounts, its own side alone",
            stranger,
            Some(&account),
            of(&allows),
            false,
            Err(Denial::NoResourcePolicy),
        ),
        ("a service that is named", service, Some(&to_service), Identity::Service, false, Ok(())),
        (
            "a service that is not",
            service,
            Some(&account),
            Identity::Service,
            false,
            Err(Denial::NoResourcePolicy),
        ),
        ("no such key, with the right to it", user, None, of(&allows), false, Ok(())),
        ("no such key, without", user, None, of(&none), false, Err(Denial::NoIdentityPolicy)),
        ("no such key, for root", root, None, Identity::Root, false, Ok(())),
    ];
    for (name, principal, policy, identity, granted, expected) in cases {
        let request = Request { principal, action: "kms:Decrypt", resource: KEY, context: &Nothing };
        assert_eq!(decide_kms(&request, policy, OWN, &identity, granted), expected, "{name}");
    }
}

#[test]
fn the_rule_of_other_services_is_a_union_within_an_account() {
    let user = principal(PrincipalKind::User, "arn:aws:iam::111122223333:user/alice", OWN);
    let stranger = principal(PrincipalKind::User, "arn:aws:iam::444455556666:user/eve", "444455556666");
    let alice = key_policy(r#"{"AWS":"arn:aws:iam::111122223333:user/alice"}"#);
    let eve = key_policy(r#"{"AWS":"arn:aws:iam::444455556666:user/eve"}"#);
    let allow = document(Kind::Identity, r#"{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}"#);
    let allows = [&allow];
    let with = Identity::Policies { attached: &allows, boundary: None, session: &[] };
    let without = Identity::Policies { attached: &[], boundary: None, session: &[] };
    let ask = |principal, policy, identity| {
        let request = Request { principal, action: "kms:Decrypt", resource: KEY, context: &Nothing };
        decide_union(&request, policy, OWN, identity)
    };
    assert_eq!(ask(user, None, &with), Ok(()));
    assert_eq!(ask(user, None, &without), Err(Denial::NoIdentityPolicy));
    assert_eq!(ask(user, Some(&alice), &without), Ok(()));
    assert_eq!(ask(stranger, Some(&eve), &without), Err(Denial::NoIdentityPolicy));
    assert_eq!(ask(stranger, Some(&eve), &with), Ok(()));
    assert_eq!(ask(stranger, None, &with), Err(Denial::NoResourcePolicy));
}

#[test]
fn denials_read_as_aws_writes_them() {
    assert_eq!(
        Denial::NoIdentityPolicy.tail("kms:Decrypt"),
        "because no identity-based policy allows the kms:Decrypt action"
    );
    assert_eq!(
        Denial::ExplicitInResource.tail("kms:Decrypt"),
        "with an explicit deny in a resource-based policy"
    );
}

struct Through(&'static str);

impl Context for Through {
    fn value(&self, name: &str) -> ConditionValue<'_> {
        match name {
            "kms:calleraccount" => ConditionValue::Single(OWN.into()),
            "kms:viaservice" => ConditionValue::Single(self.0.into()),
            _ => ConditionValue::Absent,
        }
    }
}

#[test]
fn the_policies_that_keys_have_by_default() {
    let account = AccountId::parse(OWN).expect("an account");
    let default = default_key_policy(account);
    // As the KMS Developer Guide prints it, spaces before colons and all.
    assert!(default.starts_with("{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n    \"Sid\" : \"Enable IAM User Permissions\","));
    Document::parse(&default, Kind::Resource).expect("it parses");
    let managed = service_managed_key_policy(account, &Region::from_store("eu-central-1"), "secretsmanager");
    let managed = Document::parse(&managed, Kind::Resource).expect("it parses");
    let root = principal(PrincipalKind::Root, "arn:aws:iam::111122223333:root", OWN);
    let ask = |action, context: &dyn Context| {
        let request = Request { principal: root, action, resource: KEY, context };
        decide_kms(&request, Some(&managed), OWN, &Identity::Root, false).is_ok()
    };
    assert!(ask("kms:Decrypt", &Through("secretsmanager.eu-central-1.amazonaws.com")));
    assert!(!ask("kms:Decrypt", &Through("lambda.eu-central-1.amazonaws.com")));
    assert!(!ask("kms:Decrypt", &Nothing));
    assert!(ask("kms:DescribeKey", &Nothing));
    assert!(!ask("kms:DisableKey", &Nothing));
}

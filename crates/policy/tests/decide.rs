//! Who may use a key: the two sides of KMS's rule, row by row.

use keywright_policy::{
    AllowedBy, ConditionValue, Context, Deciding, Decision, Denial, Document, Grant, Identity, Kind,
    OwnRight, PrincipalFacts, PrincipalKind, Request, StatementRef, decide_kms, decide_union,
    default_key_policy, judge_kms, judge_union, keeps_control, service_managed_key_policy,
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
    PrincipalFacts { kind, arn, account, role_arn: None, id: None }
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
    let everyone = key_policy(r#""*""#);
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
    let cases: [Case<'_>; 30] = [
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
        // What grants are for: most keys have the default policy, which lets the account in.
        (
            "a grant to a user without policies, beside delegation",
            user,
            Some(&account),
            of(&none),
            true,
            Ok(()),
        ),
        ("a grant across accounts", stranger, Some(&account), of(&none), true, Ok(())),
        (
            "a grant to one whose own policy denies",
            user,
            Some(&account),
            of(&denies),
            true,
            Err(Denial::ExplicitInIdentity),
        ),
        (
            "a grant within a boundary that lacks it",
            user,
            Some(&account),
            bounded,
            true,
            Err(Denial::NoBoundary),
        ),
        ("a grant to a service", service, Some(&account), Identity::Service, true, Ok(())),
        (
            "a user named by the key, within a boundary that lacks it",
            user,
            Some(&alice),
            bounded,
            false,
            Ok(()),
        ),
        ("everyone, within a boundary that lacks it", user, Some(&everyone), bounded, false, Ok(())),
        (
            "everyone, from another account, without its own",
            stranger,
            Some(&everyone),
            of(&none),
            false,
            Err(Denial::NoIdentityPolicy),
        ),
        ("no such key in another account", stranger, None, of(&allows), false, Err(Denial::NoResourcePolicy)),
        (
            "no such key, for a service",
            service,
            None,
            Identity::Service,
            false,
            Err(Denial::NoResourcePolicy),
        ),
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

/// What one policy says, in the table below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Nothing,
    Allow,
    Deny,
}

/// Every combination of what the key policy names, what the caller's own policies, boundary and session policy say,
/// whose account it is and whether a grant was given, against the rule in one line each.
#[test]
fn the_rule_of_kms_in_every_combination() {
    const ROLE: &str = "arn:aws:iam::111122223333:role/deploy";
    const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/deploy/s1";
    let principal = PrincipalFacts {
        kind: PrincipalKind::RoleSession,
        arn: SESSION,
        account: OWN,
        role_arn: Some(ROLE),
        id: None,
    };
    let request = Request { principal, action: "kms:Decrypt", resource: KEY, context: &Nothing };
    let statement = |effect| format!(r#"{{"Effect":"{effect}","Action":"kms:Decrypt","Resource":"*"}}"#);
    let silent = document(Kind::Identity, r#"{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*"}"#);
    let (allow, deny) =
        (document(Kind::Identity, &statement("Allow")), document(Kind::Identity, &statement("Deny")));
    let says = |says: Says| match says {
        Says::Nothing => &silent,
        Says::Allow => &allow,
        Says::Deny => &deny,
    };
    let denying = document(
        Kind::Resource,
        r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"},{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}"#,
    );
    let key_policies = [
        ("nobody", key_policy(r#"{"AWS":"999988887777"}"#)),
        ("account", key_policy(r#"{"AWS":"111122223333"}"#)),
        ("role", key_policy(&format!(r#"{{"AWS":"{ROLE}"}}"#))),
        ("session", key_policy(&format!(r#"{{"AWS":"{SESSION}"}}"#))),
        ("everyone", key_policy(r#""*""#)),
        ("denied", denying),
    ];
    let all = [Says::Nothing, Says::Allow, Says::Deny];
    let absent_or_all = [None, Some(Says::Nothing), Some(Says::Allow), Some(Says::Deny)];
    let mut asked = 0;
    for (named, key_policy) in &key_policies {
        for attached in all {
            for boundary in absent_or_all {
                for session in absent_or_all {
                    for key_account in [OWN, "444455556666"] {
                        for granted in [Grant::None, Grant::ToAccount, Grant::ToCaller] {
                            let attached_list = [says(attached)];
                            let session_list: Vec<&Document> = session.map(says).into_iter().collect();
                            let identity = Identity::Policies {
                                attached: &attached_list,
                                boundary: boundary.map(says),
                                session: &session_list,
                            };
                            let got = decide_kms(&request, Some(key_policy), key_account, &identity, granted);

                            let denied = *named == "denied"
                                || attached == Says::Deny
                                || boundary == Some(Says::Deny)
                                || session == Some(Says::Deny);
                            let within = boundary.is_none_or(|says| says == Says::Allow)
                                && session.is_none_or(|says| says == Says::Allow);
                            let own = attached == Says::Allow && within;
                            let same = key_account == OWN;
                            let by_policy = match *named {
                                "account" => own,
                                "role" => {
                                    if same {
                                        within
                                    } else {
                                        own
                                    }
                                }
                                "session" | "everyone" => same || own,
                                _ => false,
                            };
                            let by_grant = match granted {
                                Grant::None => false,
                                Grant::ToAccount => own,
                                Grant::ToCaller => within,
                            };
                            let expected = !denied && (by_policy || by_grant);
                            assert_eq!(
                                got.is_ok(),
                                expected,
                                "key names {named}, own {attached:?}, boundary {boundary:?}, session {session:?}, \
                                 key of {key_account}, grant {granted:?}: {got:?}"
                            );
                            asked += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(asked, 6 * 3 * 4 * 4 * 2 * 3);
}

#[test]
fn the_deciding_statement_is_named() {
    let user = principal(PrincipalKind::User, "arn:aws:iam::111122223333:user/alice", OWN);
    let root = principal(PrincipalKind::Root, "arn:aws:iam::111122223333:root", OWN);
    let named = document(
        Kind::Resource,
        r#"{"Sid":"account","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"},
           {"Sid":"alice","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"},"Action":"kms:Decrypt","Resource":"*"},
           {"Effect":"Deny","Principal":"*","Action":"kms:ScheduleKeyDeletion","Resource":"*"}"#,
    );
    let other = document(Kind::Identity, r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
    let own = document(
        Kind::Identity,
        r#"{"Sid":"Use","Effect":"Allow","Action":"kms:*","Resource":"*"},{"Sid":"Never","Effect":"Deny","Action":"kms:CreateGrant","Resource":"*"}"#,
    );
    let attached = [&other, &own];
    let with = Identity::Policies { attached: &attached, boundary: None, session: &[] };
    let without = Identity::Policies { attached: &[], boundary: None, session: &[] };
    let ask = |principal, action, identity, granted: bool| {
        let request = Request { principal, action, resource: KEY, context: &Nothing };
        judge_kms(&request, Some(&named), OWN, identity, granted)
    };
    let statement = |index, sid| StatementRef { index, sid };
    let of_own = |index, sid| Deciding { policy: 1, statement: statement(index, Some(sid)) };
    let account = statement(0, Some("account"));
    assert_eq!(
        ask(user, "kms:Decrypt", &without, false),
        Decision::Allowed(AllowedBy::Resource(statement(1, Some("alice"))))
    );
    assert_eq!(
        ask(user, "kms:Encrypt", &with, false),
        Decision::Allowed(AllowedBy::Both { resource: account, own: OwnRight::Attached(of_own(0, "Use")) })
    );
    assert_eq!(
        ask(root, "kms:Encrypt", &Identity::Root, false),
        Decision::Allowed(AllowedBy::Both { resource: account, own: OwnRight::Root })
    );
    assert_eq!(ask(user, "kms:Encrypt", &without, true), Decision::Allowed(AllowedBy::Grant { own: None }));
    assert_eq!(
        ask(user, "kms:Encrypt", &without, false),
        Decision::Denied { denial: Denial::NoIdentityPolicy, by: None }
    );
    assert_eq!(
        ask(user, "kms:CreateGrant", &with, true),
        Decision::Denied { denial: Denial::ExplicitInIdentity, by: Some(of_own(1, "Never")) }
    );
    assert_eq!(
        ask(root, "kms:ScheduleKeyDeletion", &Identity::Root, true),
        Decision::Denied {
            denial: Denial::ExplicitInResource,
            by: Some(Deciding { policy: 0, statement: statement(2, None) })
        }
    );
    let request = Request { principal: user, action: "kms:Encrypt", resource: KEY, context: &Nothing };
    assert_eq!(
        judge_union(&request, None, OWN, &with),
        Decision::Allowed(AllowedBy::Own(OwnRight::Attached(of_own(0, "Use"))))
    );
}

#[test]
fn who_replaces_a_key_policy_must_be_able_to_replace_it_again() {
    let user = principal(PrincipalKind::User, "arn:aws:iam::111122223333:user/alice", OWN);
    let root = principal(PrincipalKind::Root, "arn:aws:iam::111122223333:root", OWN);
    let account = key_policy(r#"{"AWS":"111122223333"}"#);
    let alice = key_policy(r#"{"AWS":"arn:aws:iam::111122223333:user/alice"}"#);
    let uses_only = document(
        Kind::Resource,
        r#"{"Effect":"Allow","Principal":"*","Action":["kms:Encrypt","kms:Decrypt"],"Resource":"*"}"#,
    );
    let reads_only = document(
        Kind::Resource,
        r#"{"Effect":"Allow","Principal":"*","Action":["kms:GetKeyPolicy","kms:ListKeyPolicies"],"Resource":"*"}"#,
    );
    let administers = document(Kind::Identity, r#"{"Effect":"Allow","Action":"kms:*","Resource":"*"}"#);
    let attached = [&administers];
    let with = Identity::Policies { attached: &attached, boundary: None, session: &[] };
    let without = Identity::Policies { attached: &[], boundary: None, session: &[] };
    for (name, policy, who, identity, expected) in [
        ("root, let in", &account, root, Identity::Root, true),
        ("root, left out", &alice, root, Identity::Root, false),
        ("a user named", &alice, user, without, true),
        ("a user of an account let in, without policies", &account, user, without, false),
        ("a user of an account let in, with them", &account, user, with, true),
        ("a policy for use only", &uses_only, user, with, false),
        ("a policy for reading it only", &reads_only, user, with, false),
    ] {
        assert_eq!(keeps_control(policy, who, &identity, KEY, OWN, &Nothing), expected, "{name}");
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

    // A user who is named is not limited by what its boundary leaves out; one who is let in with its account is.
    let other = document(Kind::Identity, r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
    let bounded = Identity::Policies { attached: &allows, boundary: Some(&other), session: &[] };
    assert_eq!(ask(user, Some(&alice), &bounded), Ok(()));
    let account = key_policy(r#"{"AWS":"111122223333"}"#);
    assert_eq!(ask(user, Some(&account), &bounded), Err(Denial::NoBoundary));
    // Other services trust their own account: its root user needs nobody's leave, but a Deny holds for it too.
    let root = principal(PrincipalKind::Root, "arn:aws:iam::111122223333:root", OWN);
    assert_eq!(ask(root, None, &Identity::Root), Ok(()));
    assert_eq!(ask(root, Some(&eve), &Identity::Root), Ok(()));
    let denying =
        document(Kind::Resource, r#"{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}"#);
    assert_eq!(ask(root, Some(&denying), &Identity::Root), Err(Denial::ExplicitInResource));
    // Services have only what resources give them.
    let service = principal(PrincipalKind::Service, "secretsmanager.amazonaws.com", "");
    assert_eq!(ask(service, None, &Identity::Service), Err(Denial::NoResourcePolicy));
    let to_service = key_policy(r#"{"Service":"secretsmanager.amazonaws.com"}"#);
    assert_eq!(ask(service, Some(&to_service), &Identity::Service), Ok(()));
}

#[test]
fn denials_read_as_aws_writes_them() {
    // IAM User Guide, "Troubleshooting access denied error messages".
    for (denial, text) in [
        (Denial::ExplicitInResource, "with an explicit deny in a resource-based policy"),
        (Denial::ExplicitInIdentity, "with an explicit deny in an identity-based policy"),
        (Denial::ExplicitInBoundary, "with an explicit deny in a permissions boundary"),
        (Denial::ExplicitInSession, "with an explicit deny in a session policy"),
        (Denial::NoResourcePolicy, "because no resource-based policy allows the kms:Decrypt action"),
        (Denial::NoIdentityPolicy, "because no identity-based policy allows the kms:Decrypt action"),
        (Denial::NoBoundary, "because no permissions boundary allows the kms:Decrypt action"),
        (Denial::NoSessionPolicy, "because no session policy allows the kms:Decrypt action"),
    ] {
        assert_eq!(denial.tail("kms:Decrypt"), text);
    }
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
    // As GetKeyPolicy answers it (botocore's examples of the KMS API, GetKeyPolicy), spaces before colons and all.
    assert_eq!(
        default,
        "{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n    \"Sid\" : \"Enable IAM User Permissions\",\n    \"Effect\" : \"Allow\",\n    \"Principal\" : {\n      \"AWS\" : \"arn:aws:iam::111122223333:root\"\n    },\n    \"Action\" : \"kms:*\",\n    \"Resource\" : \"*\"\n  } ]\n}"
    );
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

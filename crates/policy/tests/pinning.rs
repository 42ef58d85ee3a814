//! A policy that names somebody means that one, and not whoever has the name later.
//!
//! Source: IAM User Guide, "AWS JSON policy elements: Principal": a user's or role's ARN is turned into its unique id
//! when the policy is saved; after a deletion the id is shown, and a new user of the name has no access.

use keywright_policy::{
    ConditionValue, Context, Delegation, Document, Kind, NamedKind, PrincipalFacts, PrincipalKind, Request,
    Verdict,
};
use std::collections::BTreeMap;

struct Nothing;

impl Context for Nothing {
    fn value(&self, _name: &str) -> ConditionValue<'_> {
        ConditionValue::Absent
    }
}

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const DEPLOY: &str = "arn:aws:iam::111122223333:role/deploy";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/deploy/s1";
const ODD_ROLE: &str = "arn:aws:iam::111122223333:role/:assumed-role/deploy";
const OWN: &str = "111122223333";

fn user<'a>(arn: &'a str, id: &'a str) -> PrincipalFacts<'a> {
    PrincipalFacts { kind: PrincipalKind::User, arn, account: OWN, role_arn: None, id: Some(id) }
}

fn session<'a>(arn: &'a str, role: &'a str, id: &'a str) -> PrincipalFacts<'a> {
    PrincipalFacts { kind: PrincipalKind::RoleSession, arn, account: OWN, role_arn: Some(role), id: Some(id) }
}

fn policy(principals: &str, effect: &str, ids: &[(&str, &str)]) -> Document {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}",{principals},"Action":"kms:*","Resource":"*"}}]}}"#
    );
    let mut document = Document::parse(&text, Kind::Resource).unwrap_or_else(|fault| panic!("{fault}"));
    document.pin(&map(ids));
    document
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, id)| ((*name).to_owned(), (*id).to_owned())).collect()
}

fn verdict<'a>(document: &'a Document, principal: PrincipalFacts<'_>) -> Verdict<'a> {
    let request = Request { principal, action: "kms:Decrypt", resource: "*", context: &Nothing };
    document.evaluate(&request)
}

fn reach(document: &Document, principal: PrincipalFacts<'_>) -> Option<Delegation> {
    match verdict(document, principal) {
        Verdict::Allow { by, .. } => Some(by),
        Verdict::Deny { .. } | Verdict::Silent => None,
    }
}

#[test]
fn peer_26_a_namesake_made_anew_inherits_nothing() {
    let names = format!(r#""Principal":{{"AWS":["{ALICE}","{DEPLOY}"]}}"#);
    let document =
        policy(&names, "Allow", &[(ALICE, "AIDAALICE00000000001"), (DEPLOY, "AROADEPLOY0000000001")]);
    for (who, expected) in [
        (user(ALICE, "AIDAALICE00000000001"), Some(Delegation::Direct)),
        (user(ALICE, "AIDAALICE00000000002"), None),
        // Renamed, and still the same.
        (user("arn:aws:iam::111122223333:user/alicia", "AIDAALICE00000000001"), Some(Delegation::Direct)),
        (session(SESSION, DEPLOY, "AROADEPLOY0000000001"), Some(Delegation::Role)),
        (session(SESSION, DEPLOY, "AROADEPLOY0000000002"), None),
        (PrincipalFacts { id: None, ..user(ALICE, "") }, None),
    ] {
        assert_eq!(reach(&document, who), expected, "{} {:?}", who.arn, who.id);
    }
}

#[test]
fn peer_26_a_deny_follows_the_same_one() {
    let names = format!(r#""Principal":{{"AWS":"{ALICE}"}}"#);
    let document = policy(&names, "Deny", &[(ALICE, "AIDAALICE00000000001")]);
    let denied = |who| matches!(verdict(&document, who), Verdict::Deny { .. });
    assert!(denied(user("arn:aws:iam::111122223333:user/alicia", "AIDAALICE00000000001")));
    assert!(!denied(user(ALICE, "AIDAALICE00000000002")));
    // Whoever is excepted from a Deny is excepted as oneself: the namesake is denied.
    let names = format!(r#""NotPrincipal":{{"AWS":["{ALICE}","{OWN}"]}}"#);
    let document = policy(&names, "Deny", &[(ALICE, "AIDAALICE00000000001")]);
    let denied = |who| matches!(verdict(&document, who), Verdict::Deny { .. });
    assert!(!denied(user(ALICE, "AIDAALICE00000000001")));
    assert!(denied(user(ALICE, "AIDAALICE00000000002")));
}

#[test]
fn peer_26_a_session_is_tied_to_its_role() {
    let names = format!(r#""Principal":{{"AWS":"{SESSION}"}}"#);
    let document = policy(&names, "Allow", &[(SESSION, "AROADEPLOY0000000001")]);
    assert_eq!(reach(&document, session(SESSION, DEPLOY, "AROADEPLOY0000000001")), Some(Delegation::Direct));
    assert_eq!(reach(&document, session(SESSION, DEPLOY, "AROADEPLOY0000000002")), None);
    let other = "arn:aws:sts::111122223333:assumed-role/deploy/s2";
    assert_eq!(reach(&document, session(other, DEPLOY, "AROADEPLOY0000000001")), None);
}

#[test]
fn peer_26_an_id_in_the_text_means_its_bearer() {
    let document =
        policy(r#""Principal":{"AWS":["AIDAALICE00000000001","AROADEPLOY0000000001"]}"#, "Allow", &[]);
    assert_eq!(reach(&document, user(ALICE, "AIDAALICE00000000001")), Some(Delegation::Direct));
    assert_eq!(reach(&document, user(ALICE, "AIDAALICE00000000002")), None);
    assert_eq!(reach(&document, session(SESSION, DEPLOY, "AROADEPLOY0000000001")), Some(Delegation::Role));
}

#[test]
fn peer_29_a_role_is_no_session_for_its_path() {
    let names = format!(r#""Principal":{{"AWS":"{ODD_ROLE}"}}"#);
    let who = session(SESSION, ODD_ROLE, "AROADEPLOY0000000001");
    let document = policy(&names, "Allow", &[(ODD_ROLE, "AROADEPLOY0000000001")]);
    assert_eq!(reach(&document, who), Some(Delegation::Role));
    let document = policy(&names, "Deny", &[(ODD_ROLE, "AROADEPLOY0000000001")]);
    assert!(matches!(verdict(&document, who), Verdict::Deny { .. }));
}

#[test]
fn a_name_without_an_id_means_nobody() {
    let names = format!(r#""Principal":{{"AWS":["{ALICE}","{OWN}"]}}"#);
    let document = policy(&names, "Allow", &[]);
    // The account stays what it is: it has no id.
    assert_eq!(reach(&document, user(ALICE, "AIDAALICE00000000001")), Some(Delegation::Account));
}

#[test]
fn whom_a_policy_names_is_listed_with_its_place() {
    let text = r#"{"Statement":[
  {"Effect":"Allow","Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:user/alice"],
     "Service":"lambda.amazonaws.com","Federated":["accounts.google.com"],
     "CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},"Action":"*","Resource":"*"},
  {"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:user/alice"},"Action":"*","Resource":"*"},
  {"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
    let document = Document::parse(text, Kind::Resource).expect("a policy");
    let named = document.principals();
    let listed: Vec<_> = named.iter().map(|one| (one.kind, one.name.as_str())).collect();
    assert_eq!(
        listed,
        [
            (NamedKind::Aws, OWN),
            (NamedKind::Aws, ALICE),
            (NamedKind::Service, "lambda.amazonaws.com"),
            (NamedKind::Federated, "accounts.google.com"),
            (NamedKind::CanonicalUser, "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"),
            (NamedKind::Aws, ALICE),
            (NamedKind::Aws, "*"),
        ]
    );
    assert_eq!((named[1].place.line, named[1].place.column), (2, 56));
    assert!(named.iter().all(|one| text[one.place.offset..].starts_with(&format!("\"{}\"", one.name))));
    let identity = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    assert!(Document::parse(identity, Kind::Identity).expect("a policy").principals().is_empty());
}

#[test]
fn those_who_are_gone_are_shown_by_their_ids() {
    let text = "{ \"Statement\" : { \"Effect\":\"Allow\",\n \"Principal\": {\"AWS\" : [ \"arn:aws:iam::111122223333:user/\\u0061lice\",\n \"arn:aws:iam::111122223333:role/deploy\" ] },\n \"Action\":\"sts:AssumeRole\",\n \"Condition\":{\"StringEquals\":{\"a:b\":\"arn:aws:iam::111122223333:user/alice\"}} } }";
    let document = Document::parse(text, Kind::Trust).expect("a policy");
    let gone = map(&[(ALICE, "AIDAALICE00000000001")]);
    // What is no principal stays, and so does the layout. The name was written with an escape, and is found.
    let expected = text.replace("\"arn:aws:iam::111122223333:user/\\u0061lice\"", "\"AIDAALICE00000000001\"");
    assert_eq!(document.shown(&gone), expected);
    assert_eq!(document.shown(&BTreeMap::new()), text);
    let again = Document::parse(&document.shown(&gone), Kind::Trust).expect("it is a policy still");
    assert_eq!(reach_action(&again, user(ALICE, "AIDAALICE00000000002")), None);
}

fn reach_action(document: &Document, principal: PrincipalFacts<'_>) -> Option<Delegation> {
    let request = Request { principal, action: "sts:AssumeRole", resource: "*", context: &Nothing };
    match document.evaluate(&request) {
        Verdict::Allow { by, .. } => Some(by),
        Verdict::Deny { .. } | Verdict::Silent => None,
    }
}

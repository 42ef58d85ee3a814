//! The cases of the folder's text files: each with its source, its policies, its request and what comes out. The form is
//! described in README.md.

use keywright_policy::{
    ConditionValue, Context, Decision, Delegation, Document, Grant, Identity, Kind, PrincipalFacts,
    PrincipalKind, Request, Verdict, judge_kms, judge_union,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

const FILES: [(&str, &str); 6] = [
    ("elements", include_str!("elements.txt")),
    ("operators", include_str!("operators.txt")),
    ("principals", include_str!("principals.txt")),
    ("services", include_str!("services.txt")),
    ("sets", include_str!("sets.txt")),
    ("variables", include_str!("variables.txt")),
];

/// As many as there must be.
const CASES_MIN: usize = 300;

struct Case<'a> {
    file: &'a str,
    line: usize,
    source: &'a str,
    rule: &'a str,
    expected: &'a str,
    name: &'a str,
    policies: &'a str,
    request: &'a str,
}

fn cases() -> Vec<Case<'static>> {
    let mut cases = Vec::new();
    for (file, text) in FILES {
        let (mut source, mut rule) = ("", "");
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            if let Some(heading) = line.strip_prefix("@ ") {
                (source, rule) = heading.split_once(" | ").expect("an address and a rule");
            } else if !line.is_empty() {
                let mut parts = line.split(" | ").map(str::trim);
                let mut part = || parts.next().unwrap_or_else(|| panic!("{file}:{line_number}: {line}"));
                cases.push(Case {
                    file,
                    line: line_number,
                    source,
                    rule,
                    expected: part(),
                    name: part(),
                    // The last may be empty, and then its bar has no space behind it.
                    policies: part().trim_end_matches('|').trim_end(),
                    request: parts.next().unwrap_or_default(),
                });
            }
        }
    }
    cases
}

#[test]
fn every_case_has_a_source_and_a_name_of_its_own() {
    let cases = cases();
    assert!(cases.len() >= CASES_MIN, "{} cases", cases.len());
    let mut names = BTreeSet::new();
    for case in &cases {
        let at = format!("{}:{}", case.file, case.line);
        assert!(case.source.starts_with("https://") && case.rule.len() > 10, "{at} has no source");
        assert!(names.insert((case.file, case.rule, case.name)), "{at}: {} comes twice", case.name);
    }
    println!("{} cases", cases.len());
}

#[test]
fn every_case_comes_out_as_its_source_says() {
    let mut wrong = Vec::new();
    for case in cases() {
        let got = outcome(&case);
        let expected = case.expected;
        let right = match expected.split_once(' ') {
            Some((word, piece)) => got.starts_with(word) && got.contains(piece),
            // An Allow of one policy, however it reaches the caller.
            None => got.split(':').next() == Some(expected),
        };
        if !right {
            wrong.push(format!(
                "{}:{} {}\n  {} | {}\n  wants {expected}, got {got}\n  {} ({})",
                case.file, case.line, case.name, case.policies, case.request, case.rule, case.source
            ));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

fn outcome(case: &Case<'_>) -> String {
    let asked = Asked::parse(case.request);
    let (form, text) = case.policies.split_once(' ').unwrap_or_else(|| panic!("{}", case.policies));
    if form == "kms" || form == "union" {
        return decided(form, &json_of(text), &asked.request());
    }
    let (kind, written) = written(form, text);
    match Document::parse(&written, kind) {
        Err(fault) => format!("refused: {fault}"),
        Ok(document) => match (document.evaluate(&asked.request()), kind) {
            (Verdict::Silent, _) => "silent".to_owned(),
            (Verdict::Deny { .. }, _) => "deny".to_owned(),
            (Verdict::Allow { .. }, Kind::Identity) => "allow".to_owned(),
            (Verdict::Allow { by, .. }, Kind::Resource | Kind::Trust) => match by {
                Delegation::Direct => "direct",
                Delegation::Role => "role",
                Delegation::Account => "account",
            }
            .to_owned(),
        },
    }
}

/// The text of the policy that a case's word and JSON stand for.
fn written(form: &str, text: &str) -> (Kind, String) {
    let version = if form.ends_with("08") { "2008-10-17" } else { "2012-10-17" };
    let (kind, statements) = match form.trim_end_matches("08") {
        "cond" => (Kind::Identity, json!({ "Condition": json_of(text) })),
        "id" => (Kind::Identity, json_of(text)),
        "key" => (Kind::Resource, json_of(text)),
        "trust" => (Kind::Trust, json_of(text)),
        "idtext" => return (Kind::Identity, text.to_owned()),
        "keytext" => return (Kind::Resource, text.to_owned()),
        "trusttext" => return (Kind::Trust, text.to_owned()),
        other => panic!("{other}"),
    };
    (kind, policy(kind, version, statements).to_string())
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

/// A policy of one statement or a list, with what each leaves out.
fn policy(kind: Kind, version: &str, statements: Value) -> Value {
    let statements = match statements {
        Value::Array(list) => list,
        one => vec![one],
    };
    let complete = |statement: Value| {
        let Value::Object(mut members) = statement else { panic!("{statement}") };
        let mut or = |name: &str, value: &str| {
            if !members.contains_key(name) && !members.contains_key(&format!("Not{name}")) {
                members.insert(name.to_owned(), value.into());
            }
        };
        or("Effect", "Allow");
        or("Action", if kind == Kind::Trust { "sts:AssumeRole" } else { "*" });
        if kind != Kind::Trust {
            or("Resource", "*");
        }
        if kind != Kind::Identity {
            or("Principal", "*");
        }
        Value::Object(members)
    };
    json!({ "Version": version, "Statement": statements.into_iter().map(complete).collect::<Vec<_>>() })
}

/// Many policies under the rule of keys or the general one.
fn decided(form: &str, sides: &Value, request: &Request<'_>) -> String {
    let sides: &Map<String, Value> = sides.as_object().expect("an object");
    let known = ["resource", "attached", "boundary", "session", "account", "grant"];
    assert!(sides.keys().all(|name| known.contains(&name.as_str())), "{sides:?}");
    let document = |kind, statements: &Value| {
        let text = policy(kind, "2012-10-17", statements.clone()).to_string();
        Document::parse(&text, kind).unwrap_or_else(|fault| panic!("{text}: {fault}"))
    };
    let list = |name: &str| -> Vec<Document> {
        let list = sides.get(name).and_then(Value::as_array);
        list.into_iter().flatten().map(|one| document(Kind::Identity, one)).collect()
    };
    let (attached, session) = (list("attached"), list("session"));
    let (attached, session): (Vec<_>, Vec<_>) = (attached.iter().collect(), session.iter().collect());
    let boundary = sides.get("boundary").map(|one| document(Kind::Identity, one));
    let resource = sides.get("resource").map(|one| document(Kind::Resource, one));
    let account = sides.get("account").and_then(Value::as_str).unwrap_or(OWN);
    let identity = match request.principal.kind {
        PrincipalKind::Root => Identity::Root,
        PrincipalKind::Service | PrincipalKind::Federated => Identity::Service,
        PrincipalKind::User | PrincipalKind::RoleSession => {
            Identity::Policies { attached: &attached, boundary: boundary.as_ref(), session: &session }
        }
    };
    let decision = if form == "kms" {
        let grant = match sides.get("grant").and_then(Value::as_str) {
            None => Grant::None,
            Some("caller") => Grant::ToCaller,
            Some("account") => Grant::ToAccount,
            Some(other) => panic!("{other}"),
        };
        judge_kms(request, resource.as_ref(), account, &identity, grant)
    } else {
        judge_union(request, resource.as_ref(), account, &identity)
    };
    match decision {
        Decision::Allowed(_) => "allowed".to_owned(),
        Decision::Denied { denial, .. } => format!("denied: {}", denial.tail(request.action)),
    }
}

const OWN: &str = "111122223333";

enum Given {
    One(String),
    Many(Vec<String>),
    Number(i64),
    Bool(bool),
}

/// A case's request.
struct Asked {
    principal: PrincipalFacts<'static>,
    action: String,
    resource: String,
    keys: BTreeMap<String, Given>,
}

impl Asked {
    fn parse(text: &str) -> Self {
        let mut asked = Self {
            principal: principal("user"),
            action: "kms:Decrypt".to_owned(),
            resource: "arn:aws:kms:eu-central-1:111122223333:key/1234".to_owned(),
            keys: BTreeMap::new(),
        };
        for part in text.split("; ").filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                None => asked.principal = principal(part),
                Some(("action", action)) => asked.action = action.to_owned(),
                Some(("resource", resource)) => asked.resource = resource.to_owned(),
                Some((key, value)) => {
                    assert!(key.contains(':'), "{key} is no condition key");
                    asked.keys.insert(key.to_ascii_lowercase(), given(value));
                }
            }
        }
        asked
    }

    fn request(&self) -> Request<'_> {
        Request { principal: self.principal, action: &self.action, resource: &self.resource, context: self }
    }
}

fn given(value: &str) -> Given {
    if let Some(list) = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Given::Many(list.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect());
    }
    match (value.strip_prefix('#'), value.strip_prefix('!')) {
        (Some(number), _) => Given::Number(number.parse().expect("a number")),
        (_, Some(truth)) => Given::Bool(truth.parse().expect("a truth")),
        _ => Given::One(value.to_owned()),
    }
}

impl Context for Asked {
    fn value(&self, name: &str) -> ConditionValue<'_> {
        match self.keys.get(name) {
            None => ConditionValue::Absent,
            Some(Given::One(text)) => ConditionValue::Single(text.as_str().into()),
            Some(Given::Many(texts)) => ConditionValue::Multi(texts.iter().map(String::as_str).collect()),
            Some(Given::Number(number)) => ConditionValue::Number(*number),
            Some(Given::Bool(value)) => ConditionValue::Bool(*value),
        }
    }
}

fn principal(who: &str) -> PrincipalFacts<'static> {
    let (kind, arn, account, role_arn) = match who {
        "user" => (PrincipalKind::User, "arn:aws:iam::111122223333:user/alice", OWN, None),
        "stranger" => (PrincipalKind::User, "arn:aws:iam::444455556666:user/alice", "444455556666", None),
        "root" => (PrincipalKind::Root, "arn:aws:iam::111122223333:root", OWN, None),
        "session" => (
            PrincipalKind::RoleSession,
            "arn:aws:sts::111122223333:assumed-role/deploy/s1",
            OWN,
            Some("arn:aws:iam::111122223333:role/deploy"),
        ),
        "service" => (PrincipalKind::Service, "secretsmanager.amazonaws.com", "", None),
        "oidc" => (
            PrincipalKind::Federated,
            "arn:aws:iam::111122223333:oidc-provider/oidc.example.com/id/ABC",
            OWN,
            None,
        ),
        other => panic!("{other}"),
    };
    PrincipalFacts { kind, arn, account, role_arn, id: None }
}

//! Policies of 32 KB, the largest there are, made to be slow: all are decided, and rightly.
//!
//! The times are printed and not judged, since a busy machine would fail them: `cargo test --release -p keywright-policy
//! --test hostile -- --nocapture`. What bounds them whatever the machine does is in `glob`: time is the text's length
//! times the pattern's divided by 64.

use keywright_policy::{ConditionValue, Context, Document, Kind, PrincipalFacts, PrincipalKind, Request};
use std::time::{Duration, Instant};

const POLICY_BYTES_MAX: usize = 32 * 1024;

/// Every key has this value.
struct Everything<'a>(&'a str);

impl Context for Everything<'_> {
    fn value(&self, _name: &str) -> ConditionValue<'_> {
        ConditionValue::Single(self.0.into())
    }
}

/// A list of texts as JSON, as many as fit.
fn list(items: impl Iterator<Item = String>, bytes: usize) -> String {
    let mut text = String::from("[");
    for item in items {
        if text.len() + item.len() + 4 > bytes {
            break;
        }
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&format!("\"{item}\""));
    }
    text + "]"
}

fn statement(elements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{elements}}}]}}"#)
}

fn conditioned(condition: &str) -> String {
    statement(&format!(r#""Action":"*","Resource":"*","Condition":{condition}"#))
}

fn of_statements(one: impl Fn(usize) -> String) -> String {
    let mut text = String::from(r#"{"Version":"2012-10-17","Statement":["#);
    for index in 0.. {
        let next = one(index);
        if text.len() + next.len() + 4 > POLICY_BYTES_MAX {
            break;
        }
        if index > 0 {
            text.push(',');
        }
        text.push_str(&next);
    }
    text + "]}"
}

const ROOM: usize = POLICY_BYTES_MAX - 200;

fn policies() -> Vec<(&'static str, String)> {
    let long = |unit: &str, bytes: usize, end: &str| unit.repeat((bytes - end.len()) / unit.len()) + end;
    let same = std::iter::repeat::<String>;
    let like = |pattern: &str| conditioned(&format!(r#"{{"StringLike":{{"a:b":"{pattern}"}}}}"#));
    let resources = |items: Vec<String>| {
        statement(&format!(r#""Action":"*","Resource":{}"#, list(items.into_iter(), ROOM)))
    };
    vec![
        ("one text of *a", like(&long("*a", ROOM, "b"))),
        ("one text of *?", like(&long("*?", ROOM, "b"))),
        ("one text of a? behind a star", like(&format!("*{}", long("a?", ROOM / 8, "ba")))),
        ("one text of *a?a", like(&long("*a?a", ROOM, "b"))),
        ("one long text behind a star", like(&format!("*{}", long("a", ROOM / 8, "ba")))),
        (
            "a list of texts of *a?",
            conditioned(&format!(
                r#"{{"StringLike":{{"a:b":{}}}}}"#,
                list(same("*a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?ba".to_owned()), ROOM)
            )),
        ),
        (
            "a list of short texts",
            conditioned(&format!(r#"{{"StringLike":{{"a:b":{}}}}}"#, list(same("*a?ba*".to_owned()), ROOM))),
        ),
        (
            "a list of short texts of what the values have",
            conditioned(&format!(r#"{{"StringLike":{{"a:b":{}}}}}"#, list(same("*a?:a*".to_owned()), ROOM))),
        ),
        (
            "a list of variables",
            conditioned(&format!(
                r#"{{"StringLike":{{"a:b":{}}}}}"#,
                list(same("*${aws:username}?ba".to_owned()), ROOM)
            )),
        ),
        ("one text of variables", like(&long("${a:c}*", ROOM, "b"))),
        (
            "resources with stars in every part",
            resources(vec!["arn:aws:kms:*a*1*:*1*2*3:key/*1*2*3*4*z".to_owned(); 2000]),
        ),
        (
            "actions",
            statement(&format!(
                r#""Action":{},"Resource":"*""#,
                list((0..5000).map(|index| format!("kms:*e*c*r*y*{index}")), ROOM)
            )),
        ),
        ("statements", of_statements(|_| r#"{"Effect":"Deny","Action":"kms:*z","Resource":"*"}"#.to_owned())),
        (
            "conditions",
            conditioned(&format!(
                r#"{{"ForAllValues:StringLike":{{{}}}}}"#,
                (0..1500).map(|index| format!(r#""a:{index}":"*a*""#)).collect::<Vec<_>>().join(",")
            )),
        ),
        (
            "networks",
            conditioned(&format!(
                r#"{{"NotIpAddress":{{"a:b":{}}}}}"#,
                list((0..4000).map(|index| format!("10.{}.{}.0/24", index / 250, index % 250)), ROOM)
            )),
        ),
    ]
}

/// The quickest of several, which is what the evaluator takes when nothing else does.
fn quickest(mut one: impl FnMut()) -> Duration {
    (0..if cfg!(debug_assertions) { 1 } else { 20 })
        .map(|_| {
            let start = Instant::now();
            one();
            start.elapsed()
        })
        .min()
        .unwrap_or_default()
}

#[test]
fn peer_27_policies_made_to_be_slow() {
    let values = [
        (
            "an ARN",
            "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab".to_owned(),
        ),
        ("256 bytes, as long as a tag may be", format!("{}:b", "a".repeat(254))),
        ("2,048 bytes, as long as a description", format!("{}:b", "a".repeat(2046))),
        ("8,192 bytes, as long as an encryption context", format!("{}:b", "a".repeat(8190))),
    ];
    let principal = PrincipalFacts {
        kind: PrincipalKind::User,
        arn: "arn:aws:iam::111122223333:user/alice",
        account: "111122223333",
        role_arn: None,
        id: None,
    };
    for (name, text) in policies() {
        assert!(text.len() <= POLICY_BYTES_MAX, "{name}: {} bytes", text.len());
        let document =
            Document::parse(&text, Kind::Identity).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let mut times = Vec::new();
        for (_, value) in &values {
            let context = Everything(value);
            let request = Request {
                principal,
                action: "kms:ReEncryptFrom",
                resource: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                context: &context,
            };
            times.push(quickest(|| {
                std::hint::black_box(document.evaluate(std::hint::black_box(&request)));
            }));
        }
        println!("{name}: {} bytes, {times:?}", text.len());
    }
    println!("the values: {:?}", values.map(|(name, _)| name));
}

//! Random policies that nearly fit a request: each element is made from the request's own value and then bent.

use crate::asked::{Asked, Given};
use crate::chance::Chance;
use crate::requests::{ACTIONS, Family, KEYS, NAMES, RESOURCES};
use keywright_policy::Kind;
use serde_json::{Map, Value, json};

/// A policy that is well-formed, as its text's value.
pub fn policy(chance: &mut Chance, kind: Kind, asked: &Asked) -> Value {
    let mut policy = Map::new();
    let version = match chance.below(10) {
        0 => None,
        1 | 2 => Some("2008-10-17"),
        _ => Some("2012-10-17"),
    };
    let variables = version == Some("2012-10-17");
    let statements: Vec<Value> =
        (0..1 + chance.below(3)).map(|index| statement(chance, kind, asked, variables, index)).collect();
    let alone = statements.len() == 1 && chance.percent(50);
    let statements = if alone { statements[0].clone() } else { Value::Array(statements) };
    if let Some(version) = version.filter(|_| chance.percent(90)) {
        policy.insert("Version".to_owned(), version.into());
        policy.insert("Statement".to_owned(), statements);
    } else {
        policy.insert("Statement".to_owned(), statements);
        if let Some(version) = version {
            policy.insert("Version".to_owned(), version.into());
        }
    }
    Value::Object(policy)
}

fn statement(chance: &mut Chance, kind: Kind, asked: &Asked, variables: bool, index: usize) -> Value {
    let mut members = Map::new();
    let allow = chance.percent(65);
    if chance.percent(30) {
        members.insert("Sid".to_owned(), format!("s{index}").into());
    }
    members.insert("Effect".to_owned(), if allow { "Allow" } else { "Deny" }.into());
    if kind != Kind::Identity {
        let negated = !allow && chance.percent(35);
        let name = if negated { "NotPrincipal" } else { "Principal" };
        members.insert(name.to_owned(), principal(chance, asked, negated));
    }
    // A statement of a resource's policy may lack them.
    if kind != Kind::Resource || chance.percent(97) {
        let name = if chance.percent(80) { "Action" } else { "NotAction" };
        let list = several(chance, 3, |chance| action(chance, &asked.action));
        members.insert(name.to_owned(), list);
    }
    if kind == Kind::Identity || (kind == Kind::Resource && chance.percent(97)) {
        let name = if chance.percent(80) { "Resource" } else { "NotResource" };
        let list = several(chance, 3, |chance| resource(chance, asked, variables));
        members.insert(name.to_owned(), list);
    }
    if chance.percent(60) {
        members.insert("Condition".to_owned(), conditions(chance, asked, variables));
    }
    Value::Object(members)
}

/// One alone, or a list, which sometimes is a long one.
fn several(chance: &mut Chance, most: usize, mut one: impl FnMut(&mut Chance) -> Value) -> Value {
    if chance.percent(50) {
        return one(chance);
    }
    let least = if chance.percent(8) { 8 } else { 1 };
    Value::Array((0..least + chance.below(most)).map(|_| one(chance)).collect())
}

fn principal(chance: &mut Chance, asked: &Asked, negated: bool) -> Value {
    if !negated && chance.percent(20) {
        return "*".into();
    }
    let mut kinds: Map<String, Value> = Map::new();
    for _ in 0..1 + chance.below(3) {
        let caller = &asked.caller;
        let own = NAMES.iter().filter(|(_, name)| {
            *name == caller.arn
                || Some(*name) == caller.role_arn.as_deref()
                || Some(*name) == caller.id.as_deref()
                || (!caller.account.is_empty() && name.contains(&caller.account))
        });
        let own: Vec<_> = own.collect();
        let (kind, name) =
            if own.is_empty() || chance.percent(30) { *chance.of(&NAMES) } else { **chance.of(&own) };
        if negated && name == "*" {
            continue;
        }
        match kinds.entry(kind) {
            serde_json::map::Entry::Vacant(entry) => {
                entry.insert(if chance.percent(50) { name.into() } else { json!([name]) });
            }
            serde_json::map::Entry::Occupied(mut entry) => {
                let before = entry.get().clone();
                let mut list = if let Value::Array(list) = before { list } else { vec![before] };
                list.push(name.into());
                entry.insert(Value::Array(list));
            }
        }
    }
    if kinds.is_empty() {
        kinds.insert("AWS".to_owned(), "111122223333".into());
    }
    Value::Object(kinds)
}

fn action(chance: &mut Chance, action: &str) -> Value {
    let action = if chance.percent(75) { action } else { chance.of(&ACTIONS) };
    if chance.percent(8) {
        return "*".into();
    }
    let (service, name) = action.split_once(':').expect("an action");
    let name = bent(chance, name, true);
    // Bending may take all of a name.
    let name = if name.is_empty() { "*".to_owned() } else { name };
    let whole = format!("{}:{name}", if chance.percent(3) { "*" } else { service });
    if chance.percent(20) { whole.to_uppercase().into() } else { whole.into() }
}

/// The text with wildcards in place of some of it, and sometimes a fault.
fn bent(chance: &mut Chance, text: &str, wildcards: bool) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..chance.below(4) {
        let at = chance.below(characters.len() + 1);
        let end = at + chance.below(characters.len() + 1 - at);
        match chance.below(if wildcards { 8 } else { 3 }) {
            // Faults.
            0 if chance.percent(30) => {
                characters.drain(at..end.min(at + 1));
            }
            1 if chance.percent(30) => characters.insert(at, 'x'),
            2 if chance.percent(30) && at < characters.len() => {
                let one = characters[at];
                characters[at] =
                    if one.is_lowercase() { one.to_ascii_uppercase() } else { one.to_ascii_lowercase() };
            }
            3 | 4 => {
                characters.splice(at..end, ['*']);
            }
            5 => characters.insert(at, '*'),
            6 if at < characters.len() => characters[at] = '?',
            7 => characters.truncate(at),
            _ => {}
        }
    }
    if wildcards && chance.percent(20) {
        characters.push('*');
    }
    characters.into_iter().collect()
}

fn resource(chance: &mut Chance, asked: &Asked, variables: bool) -> Value {
    let resource = if chance.percent(75) { asked.resource.as_str() } else { chance.of(&RESOURCES) };
    if resource == "*" || chance.percent(15) {
        return "*".into();
    }
    let mut parts = resource.splitn(4, ':');
    let head: Vec<&str> = parts.by_ref().take(3).collect();
    let mut tail = bent(chance, parts.next().expect("a region and more"), true);
    // Variables stand behind the fifth colon only.
    if chance.percent(20) && tail.matches(':').count() >= 2 {
        tail.push_str(&variable(chance, asked));
        // In the older version that is text, and a text with a star in it is a pattern.
        if !variables && chance.percent(50) {
            tail.push('*');
        }
    }
    format!("{}:{tail}", head.join(":")).into()
}

/// A variable, of which some have a value.
fn variable(chance: &mut Chance, asked: &Asked) -> String {
    const NAMED: [&str; 4] =
        ["aws:username", "AWS:UserName", "aws:PrincipalTag/team", "kms:EncryptionContext:app"];
    let named = match chance.below(8) {
        0 => return (*chance.of(&["${*}", "${?}", "${$}"])).to_owned(),
        1 => "aws:PrincipalTag/none",
        2 if !asked.keys.is_empty() => {
            let key = chance.of(&asked.keys).0.clone();
            return format!("${{{key}}}");
        }
        _ => *chance.of(&NAMED),
    };
    match chance.below(3) {
        0 => format!("${{{named}, '{}'}}", chance.of(&["red", "", "a}b", "*"])),
        _ => format!("${{{named}}}"),
    }
}

const OPERATORS: [(Family, &[&str]); 7] = [
    (
        Family::Text,
        &[
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
        ],
    ),
    (
        Family::Number,
        &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
    ),
    (
        Family::Date,
        &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ],
    ),
    (Family::Bool, &["Bool"]),
    (Family::Binary, &["BinaryEquals"]),
    (Family::Address, &["IpAddress", "NotIpAddress"]),
    (Family::Arn, &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"]),
];

fn conditions(chance: &mut Chance, asked: &Asked, variables: bool) -> Value {
    let mut operators: Map<String, Value> = Map::new();
    for _ in 0..1 + chance.below(3) {
        let (key, family, _) = *chance.of(&KEYS);
        let key = if chance.percent(50) { key.to_owned() } else { key.to_uppercase() };
        let (operator, values) = if chance.percent(12) {
            ("Null".to_owned(), Value::from(*chance.of(&["true", "false"])))
        } else {
            let family = if chance.percent(85) { family } else { chance.of(&OPERATORS).0 };
            let names = OPERATORS.iter().find(|(of, _)| *of == family).expect("each has some").1;
            let set = *chance.of(&["", "", "", "ForAllValues:", "ForAnyValue:"]);
            let if_exists = if chance.percent(25) { "IfExists" } else { "" };
            let name = *chance.of(names);
            let held = asked.keys.iter().find(|(name, _)| name.eq_ignore_ascii_case(&key));
            let held = held.map(|(_, given)| given.clone());
            let wild = name.ends_with("Like");
            let values =
                several(chance, 3, |chance| wanted(chance, family, wild, held.as_ref(), asked, variables));
            (format!("{set}{name}{if_exists}"), values)
        };
        if let Value::Object(keys) = operators.entry(operator).or_insert_with(|| json!({}))
            && !keys.keys().any(|known| known.eq_ignore_ascii_case(&key))
        {
            keys.insert(key, values);
        }
    }
    Value::Object(operators)
}

/// A value of a condition that is well-formed for the family, often near what the request has.
fn wanted(
    chance: &mut Chance,
    family: Family,
    wild: bool,
    held: Option<&Given>,
    asked: &Asked,
    variables: bool,
) -> Value {
    let near = match held {
        Some(Given::One(text)) => text.clone(),
        Some(Given::Many(texts)) if !texts.is_empty() => chance.of(texts).clone(),
        _ => "red".to_owned(),
    };
    match family {
        Family::Text => {
            let mut text =
                if chance.percent(70) { near } else { (*chance.of(&["red", "*", "", "app"])).to_owned() };
            // A dollar and a brace of the request's own would be half a variable.
            text = if variables { text.replace("${", "$") } else { text };
            let wild = wild || chance.percent(10);
            text = bent(chance, &text, wild);
            if variables {
                text = text.replace("${", "$")
            }
            if chance.percent(25) {
                let variable = variable(chance, asked);
                text = if chance.percent(50) { variable } else { format!("{text}{variable}") };
            }
            text.into()
        }
        Family::Number => match chance.below(3) {
            0 => json!(*chance.of(&[90, 91, 0, 365])),
            1 => json!(*chance.of(&[1.5, -1.5, 90.25])),
            _ => (*chance.of(&["90", "90.0", "-1", "300", "364.999"])).into(),
        },
        Family::Date => match chance.below(4) {
            0 => json!(*chance.of(&[1_767_225_600, 1_767_225_599, 0])),
            1 => "2026-01".into(),
            2 => "2026-02-28".into(),
            _ => (*chance.of(&[
                "2026-01-01T00:00:00Z",
                "2026-01-01T00:00Z",
                "2025-12-31T23:00:00-01:00",
                "2026-02-28T23:59:59.999Z",
                "1969-12-31T23:59:59.5Z",
                "1767225599.5",
                "-1.5",
            ]))
            .into(),
        },
        Family::Bool => match chance.below(3) {
            0 => json!(chance.percent(50)),
            _ => (*chance.of(&["true", "false", "True"])).into(),
        },
        Family::Binary => (*chance.of(&["QmFzZTY0", "QmFzZTY=", ""])).into(),
        Family::Address => (*chance.of(&[
            "203.0.113.0/24",
            "203.0.113.77",
            "203.0.113.77/25",
            "0.0.0.0/0",
            "::/0",
            "2001:db8::/32",
            "2001:db8:1::1",
            "::ffff:203.0.113.0/120",
            "10.0.0.0/8",
        ]))
        .into(),
        Family::Arn => {
            if variables && chance.percent(10) {
                return "${aws:PrincipalArn}".into();
            }
            let near = if near.starts_with("arn:") { near } else { RESOURCES[3].to_owned() };
            let parts: Vec<String> = near.splitn(6, ':').map(|part| bent(chance, part, true)).collect();
            let mut parts: Vec<String> = parts.iter().map(|part| part.replace(':', "")).collect();
            if chance.percent(15) {
                parts.truncate(2 + chance.below(4));
                parts.last_mut().expect("one").push('*');
            } else if chance.percent(20) {
                parts[5].push_str(&variable(chance, asked));
            }
            parts.join(":").into()
        }
    }
}

//! The policy language a second time, straight from AWS's pages: it reads the JSON anew for every request, tries
//! everything, and shares no code with the crate.
//!
//! Source: IAM User Guide, "IAM JSON policy elements reference" with its pages on Principal, NotPrincipal, Action,
//! Resource, Condition operators, "Conditions with multiple context keys or values", "Variables and tags"; KMS
//! Developer Guide, "Key policies", for statements without Action or Resource and for what an account's name means.

use crate::asked::{Asked, Given};
use crate::values;
use keywright_policy::PrincipalKind;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a policy says: the statement that decides, and in an Allow how it reaches the caller, 0 by the account's name,
/// 1 by the role's, 2 by its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    Nothing,
    Allow { rank: u8, statement: usize },
    Deny { statement: usize },
}

/// A policy, the ids that its principals are tied to if they are, and whether it is a trust policy.
pub struct Policy<'a> {
    pub json: &'a Value,
    pub pins: Option<&'a BTreeMap<String, String>>,
    pub trust: bool,
}

impl Policy<'_> {
    fn statements(&self) -> Vec<&Value> {
        match &self.json["Statement"] {
            Value::Array(list) => list.iter().collect(),
            one => vec![one],
        }
    }

    /// Policies of the older version, and those that name none, have no variables.
    fn variables(&self) -> bool {
        self.json.get("Version").is_some_and(|version| version == "2012-10-17")
    }

    /// What the policy says, given what its statements lack.
    pub fn says(&self, asked: &Asked, lacking: &[Vec<String>]) -> Says {
        for (statement, one) in self.statements().iter().enumerate() {
            if one["Effect"] == "Deny" && lacking[statement].is_empty() {
                return Says::Deny { statement };
            }
        }
        let mut best = Says::Nothing;
        for (statement, one) in self.statements().iter().enumerate() {
            if one["Effect"] != "Allow" || !lacking[statement].is_empty() {
                continue;
            }
            let Some(rank) = self.reaches(one, asked) else { continue };
            match best {
                Says::Allow { rank: before, .. } if before >= rank => {}
                _ => best = Says::Allow { rank, statement },
            }
        }
        best
    }

    /// What each statement lacks to speak of the request: `principal`, `action`, `resource`, and its conditions.
    pub fn misses(&self, asked: &Asked) -> Vec<Vec<String>> {
        self.statements().iter().map(|statement| self.lacks(statement, asked)).collect()
    }

    fn lacks(&self, statement: &Value, asked: &Asked) -> Vec<String> {
        let mut lacks = Vec::new();
        if self.reaches(statement, asked).is_none() {
            lacks.push("principal".to_owned());
        }
        if !element(statement, "Action", |text| action_fits(text, &asked.action)) {
            lacks.push("action".to_owned());
        }
        if !self.trust
            && !element(statement, "Resource", |text| self.resource_fits(text, &asked.resource, asked))
        {
            lacks.push("resource".to_owned());
        }
        if let Some(Value::Object(operators)) = statement.get("Condition") {
            for (operator, keys) in operators {
                for (key, wanted) in keys.as_object().expect("keys") {
                    if !self.condition(operator, key, &texts(wanted), asked) {
                        lacks.push(format!("{operator} {}", key.to_lowercase()));
                    }
                }
            }
        }
        lacks
    }

    fn resource_fits(&self, pattern: &str, resource: &str, asked: &Asked) -> bool {
        let Some(tokens) = tokens(pattern, self.variables(), asked) else { return false };
        // In the parts of an ARN before the fifth colon a wildcard stays in its part; a star that ends it does not.
        let mut colons = 0;
        let limited: Vec<Token> = (0..tokens.len())
            .map(|at| {
                let ends = |at: usize| {
                    tokens[at..]
                        .iter()
                        .find(|token| !matches!(token, Token::Star(_)))
                        .is_none_or(|token| *token == Token::Is(':'))
                };
                match tokens[at] {
                    Token::Is(character) => {
                        colons += usize::from(character == ':');
                        Token::Is(character)
                    }
                    Token::One(_) => Token::One(colons >= 5),
                    Token::Star(_) => Token::Star(colons >= 5 || ends(at)),
                }
            })
            .collect();
        fits(&limited, resource)
    }

    fn condition(&self, operator: &str, key: &str, wanted: &[String], asked: &Asked) -> bool {
        let given = given(asked, key);
        let (set, operator) = match operator.split_once(':') {
            Some((set, operator)) => (set, operator),
            None => ("", operator),
        };
        if operator == "Null" {
            return given.is_empty() == wanted[0].eq_ignore_ascii_case("true");
        }
        let if_exists = operator.ends_with("IfExists");
        let operator = operator.trim_end_matches("IfExists");
        let negated = operator.contains("Not");
        let operator = operator.replace("Not", "");
        if given.is_empty() {
            return match set {
                "ForAllValues" => true,
                "ForAnyValue" => if_exists,
                _ => if_exists || negated,
            };
        }
        let results: Vec<bool> = given
            .iter()
            .map(|value| {
                let fits = wanted.iter().any(|wanted| self.compares(&operator, value, wanted, asked));
                if negated { !fits } else { fits }
            })
            .collect();
        let (all, any) = (results.iter().all(|fits| *fits), results.iter().any(|fits| *fits));
        match set {
            "ForAllValues" => all,
            "ForAnyValue" => any,
            _ if negated => all,
            _ => any,
        }
    }

    /// Whether one value of the request compares with one of the policy.
    fn compares(&self, operator: &str, value: &str, wanted: &str, asked: &Asked) -> bool {
        let plain = || expanded(wanted, self.variables(), asked);
        let number = |holds: fn(i128, i128) -> bool| {
            values::number(value).zip(values::number(wanted)).is_some_and(|(a, b)| holds(a, b))
        };
        let date = |holds: fn(i64, i64) -> bool| {
            values::date(value).zip(values::date(wanted)).is_some_and(|(a, b)| holds(a, b))
        };
        match operator {
            "StringEquals" => plain().is_some_and(|wanted| wanted == value),
            "StringEqualsIgnoreCase" => plain().is_some_and(|wanted| wanted.eq_ignore_ascii_case(value)),
            "StringLike" => {
                tokens(wanted, self.variables(), asked).is_some_and(|tokens| fits(&tokens, value))
            }
            "NumericEquals" => number(|a, b| a == b),
            "NumericLessThan" => number(|a, b| a < b),
            "NumericLessThanEquals" => number(|a, b| a <= b),
            "NumericGreaterThan" => number(|a, b| a > b),
            "NumericGreaterThanEquals" => number(|a, b| a >= b),
            "DateEquals" => date(|a, b| a == b),
            "DateLessThan" => date(|a, b| a < b),
            "DateLessThanEquals" => date(|a, b| a <= b),
            "DateGreaterThan" => date(|a, b| a > b),
            "DateGreaterThanEquals" => date(|a, b| a >= b),
            "Bool" => {
                let value = value.to_ascii_lowercase();
                (value == "true" || value == "false") && value == wanted.to_ascii_lowercase()
            }
            "BinaryEquals" => value == wanted,
            "IpAddress" => values::in_network(value, wanted),
            "ArnEquals" | "ArnLike" => self.arn_fits(value, wanted, asked),
            other => panic!("{other} is not an operator"),
        }
    }

    /// Each of the six parts for itself.
    fn arn_fits(&self, value: &str, wanted: &str, asked: &Asked) -> bool {
        if value.matches(':').count() < 5 {
            return false;
        }
        let parts = arn_parts(wanted, self.variables());
        if parts.len() < 6 && !parts[parts.len() - 1].ends_with('*') {
            // A variable alone, whose value is the ARN.
            return tokens(wanted, self.variables(), asked).is_some_and(|tokens| fits(&tokens, value));
        }
        let given: Vec<&str> = value.splitn(parts.len(), ':').collect();
        parts.iter().zip(given).all(|(wanted, given)| {
            tokens(wanted, self.variables(), asked).is_some_and(|tokens| fits(&tokens, given))
        })
    }

    /// How the statement reaches the caller, if it does.
    fn reaches(&self, statement: &Value, asked: &Asked) -> Option<u8> {
        let allow = statement["Effect"] == "Allow";
        if let Some(principal) = statement.get("Principal") {
            let mut best = None;
            for (kind, name) in principals(principal) {
                // Nobody had strangers in mind whom only a provider vouches for.
                if allow && name == "*" && asked.caller.kind == PrincipalKind::Federated {
                    continue;
                }
                best = best.max(self.is(&kind, &name, asked));
            }
            return best;
        }
        let Some(excepted) = statement.get("NotPrincipal") else { return Some(2) };
        if allow {
            return None;
        }
        let best = principals(excepted).iter().filter_map(|(kind, name)| self.is(kind, name, asked)).max();
        match best {
            None => Some(2),
            // Of an account that is excepted its root user is.
            Some(0) if asked.caller.kind != PrincipalKind::Root => Some(2),
            Some(_) => None,
        }
    }

    fn is(&self, kind: &str, name: &str, asked: &Asked) -> Option<u8> {
        let caller = &asked.caller;
        let session = caller.kind == PrincipalKind::RoleSession;
        let of_account =
            matches!(caller.kind, PrincipalKind::Root | PrincipalKind::User | PrincipalKind::RoleSession);
        match kind {
            "AWS" if name == "*" => Some(2),
            "Service" => (caller.kind == PrincipalKind::Service && caller.arn == name).then_some(2),
            "Federated" => (caller.kind == PrincipalKind::Federated && caller.arn == name).then_some(2),
            "AWS" if !of_account => None,
            "AWS" if name.len() == 12 && !name.starts_with('A') => (caller.account == name).then_some(0),
            "AWS" if name.ends_with(":root") => {
                (name.split(':').nth(4) == Some(caller.account.as_str())).then_some(0)
            }
            "AWS" if name.starts_with("AIDA") || name.starts_with("AROA") => {
                (caller.id.as_deref() == Some(name)).then_some(if session { 1 } else { 2 })
            }
            "AWS" => {
                let of_session = name.starts_with("arn:aws:sts:");
                if let Some(pins) = self.pins {
                    let same = pins.get(name).is_some_and(|id| caller.id.as_deref() == Some(id));
                    if !same || (of_session && caller.arn != name) {
                        return None;
                    }
                    return Some(if session && !of_session { 1 } else { 2 });
                }
                if caller.arn == name {
                    Some(2)
                } else if caller.role_arn.as_deref() == Some(name) {
                    Some(1)
                } else {
                    None
                }
            }
            _ => None,
        }
    }
}

/// `Action` or `NotAction`, `Resource` or `NotResource`; without either a statement has no effect.
fn element(statement: &Value, name: &str, fits: impl Fn(&str) -> bool) -> bool {
    if let Some(list) = statement.get(name) {
        return texts(list).iter().any(|text| fits(text));
    }
    match statement.get(format!("Not{name}")) {
        Some(list) => !texts(list).iter().any(|text| fits(text)),
        None => false,
    }
}

fn action_fits(pattern: &str, action: &str) -> bool {
    let tokens: Vec<Token> = pattern.to_ascii_lowercase().chars().map(wildcard).collect();
    fits(&tokens, &action.to_ascii_lowercase())
}

fn principals(element: &Value) -> Vec<(String, String)> {
    match element {
        Value::Object(kinds) => kinds
            .iter()
            .flat_map(|(kind, names)| texts(names).into_iter().map(move |name| (kind.clone(), name)))
            .collect(),
        everyone => vec![("AWS".to_owned(), everyone.as_str().expect("a star").to_owned())],
    }
}

/// One value or a list of them, numbers and booleans as they are written.
fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Array(list) => list.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

fn given(asked: &Asked, key: &str) -> Vec<String> {
    for (name, given) in &asked.keys {
        if name.eq_ignore_ascii_case(key) {
            return match given {
                Given::One(text) => vec![text.clone()],
                Given::Many(texts) => texts.clone(),
                Given::Number(number) => vec![number.to_string()],
                Given::Bool(value) => vec![value.to_string()],
            };
        }
    }
    Vec::new()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Is(char),
    /// Whether it may be a colon.
    One(bool),
    /// Whether colons may be among it.
    Star(bool),
}

fn wildcard(character: char) -> Token {
    match character {
        '*' => Token::Star(true),
        '?' => Token::One(true),
        other => Token::Is(other),
    }
}

/// The pattern with its variables replaced; none when one has no value.
fn tokens(pattern: &str, variables: bool, asked: &Asked) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    for piece in pieces(pattern, variables) {
        match piece {
            Piece::Text(text) => tokens.extend(text.chars().map(wildcard)),
            Piece::Variable(inside) => tokens.extend(value_of(&inside, asked)?.chars().map(Token::Is)),
        }
    }
    Some(tokens)
}

/// The text with its variables replaced, where wildcards are none.
fn expanded(text: &str, variables: bool, asked: &Asked) -> Option<String> {
    pieces(text, variables)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => Some(text),
            Piece::Variable(inside) => value_of(&inside, asked),
        })
        .collect()
}

enum Piece {
    Text(String),
    Variable(String),
}

fn pieces(text: &str, variables: bool) -> Vec<Piece> {
    let characters: Vec<char> = text.chars().collect();
    let (mut pieces, mut plain, mut at) = (Vec::new(), String::new(), 0);
    while at < characters.len() {
        if variables && characters[at] == '$' && characters.get(at + 1) == Some(&'{') {
            let mut inside = String::new();
            at += 2;
            let mut quoted = false;
            while characters[at] != '}' || quoted {
                quoted ^= characters[at] == '\'';
                inside.push(characters[at]);
                at += 1;
            }
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Variable(inside));
        } else {
            plain.push(characters[at]);
        }
        at += 1;
    }
    pieces.push(Piece::Text(plain));
    pieces
}

fn value_of(inside: &str, asked: &Asked) -> Option<String> {
    if matches!(inside, "*" | "?" | "$") {
        return Some(inside.to_owned());
    }
    let (name, default) = match inside.find(',') {
        Some(comma) => (&inside[..comma], Some(inside[comma + 1..].trim().trim_matches('\'').to_owned())),
        None => (inside, None),
    };
    let held = asked.keys.iter().find(|(key, _)| key.eq_ignore_ascii_case(name.trim()));
    match held {
        // A key with many values stands for none of them.
        None | Some((_, Given::Many(_))) => default,
        Some((_, Given::One(text))) => Some(text.clone()),
        Some((_, Given::Number(number))) => Some(number.to_string()),
        Some((_, Given::Bool(value))) => Some(value.to_string()),
    }
}

/// Six at the most; the colons of variables are their own.
fn arn_parts(text: &str, variables: bool) -> Vec<String> {
    let mut parts = vec![String::new()];
    for piece in pieces(text, variables) {
        match piece {
            Piece::Variable(inside) => {
                parts.last_mut().expect("one").push_str(&format!("${{{inside}}}"));
            }
            Piece::Text(text) => {
                for character in text.chars() {
                    if character == ':' && parts.len() < 6 {
                        parts.push(String::new());
                    } else {
                        parts.last_mut().expect("one").push(character);
                    }
                }
            }
        }
    }
    parts
}

/// A table of every beginning of the pattern against every beginning of the text.
fn fits(tokens: &[Token], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut table = vec![vec![false; text.len() + 1]; tokens.len() + 1];
    table[0][0] = true;
    for (p, token) in tokens.iter().enumerate() {
        for t in 0..=text.len() {
            let before = |colon: bool| t > 0 && (colon || text[t - 1] != ':');
            table[p + 1][t] = match token {
                Token::Is(character) => t > 0 && table[p][t - 1] && text[t - 1] == *character,
                Token::One(colon) => before(*colon) && table[p][t - 1],
                Token::Star(colon) => table[p][t] || (before(*colon) && table[p + 1][t - 1]),
            };
        }
    }
    table[tokens.len()][text.len()]
}

//! Statements as they are written: where in the text each stands, and the condition keys that it speaks of.
//!
//! Read anew from the text when somebody asks; a decision needs none of it.
//!
//! Source: IAM API Reference, `Statement` and GetContextKeysForCustomPolicy; the positions are those of the examples of
//! simulate-custom-policy and simulate-principal-policy in the AWS CLI's reference.

use crate::document::Document;
use crate::error::Place;
use crate::json::{Member, Node, Value};
use crate::pattern::variable_end;

/// One statement of a policy as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its opening brace.
    pub start: Place,
    /// Where AWS's simulator says that it starts: behind what its reader took before it. In a list that is the bracket
    /// or the statement before; for a statement alone it is its own brace.
    pub reported_start: Place,
    /// Behind its closing brace.
    pub end: Place,
    /// The condition keys of its conditions and variables, as written, each once whatever its case.
    pub keys: Vec<String>,
    /// Whether its resources have a variable.
    pub resource_varies: bool,
}

impl Document {
    /// The statements in their order.
    #[must_use]
    pub fn written(&self) -> Vec<Written> {
        // A document's text was parsed before it became one, so that neither can fail here.
        let Ok(Node { value: Value::Object(members), .. }) = Node::parse(self.text()) else {
            return Vec::new();
        };
        let Some(list) = members.iter().find(|member| member.name == "Statement") else { return Vec::new() };
        let mut places = Places { text: self.text(), last: Place { line: 1, column: 1, offset: 0 } };
        match &list.node.value {
            Value::List(items) => {
                let mut before = list.node.at + 1;
                items
                    .iter()
                    .map(|item| {
                        let written = Written::of(&mut places, item, before);
                        before = written.end.offset;
                        written
                    })
                    .collect()
            }
            _ => vec![Written::of(&mut places, &list.node, list.node.at + 1)],
        }
    }

    /// The condition keys that the policy speaks of, as written, each once whatever its case.
    #[must_use]
    pub fn written_keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for key in self.written().into_iter().flat_map(|written| written.keys) {
            add(&mut keys, &key);
        }
        keys
    }
}

impl Written {
    fn of(places: &mut Places<'_>, node: &Node, reported_start: usize) -> Self {
        let (mut keys, mut resource_varies) = (Vec::new(), false);
        if let Value::Object(members) = &node.value {
            for member in members {
                collect(member, &mut keys);
                let mut of_resource = Vec::new();
                if matches!(member.name.as_str(), "Resource" | "NotResource") {
                    variables(&member.node, &mut of_resource);
                }
                resource_varies |= !of_resource.is_empty();
            }
        }
        let first = places.at(node.at.min(reported_start));
        let second = places.at(node.at.max(reported_start));
        let (start, reported_start) =
            if node.at < reported_start { (first, second) } else { (second, first) };
        Self { start, reported_start, end: places.at(Node::end(places.text, node.at)), keys, resource_varies }
    }
}

/// Counts lines and columns in one pass: a policy may have thousands of statements.
struct Places<'a> {
    text: &'a str,
    last: Place,
}

impl Places<'_> {
    /// The place of `offset`, which is none before those that were asked for.
    fn at(&mut self, offset: usize) -> Place {
        let passed = self.text.get(self.last.offset..offset).unwrap_or_default();
        match passed.rfind('\n') {
            None => self.last.column += passed.chars().count(),
            Some(newline) => {
                self.last.line += passed.bytes().filter(|byte| *byte == b'\n').count();
                self.last.column = passed[newline + 1..].chars().count() + 1;
            }
        }
        self.last.offset = offset;
        self.last
    }
}

fn collect(member: &Member, keys: &mut Vec<String>) {
    match (member.name.as_str(), &member.node.value) {
        ("Resource" | "NotResource", _) => variables(&member.node, keys),
        ("Condition", Value::Object(operators)) => {
            for operator in operators {
                let Value::Object(tests) = &operator.node.value else { continue };
                for test in tests {
                    add(keys, &test.name);
                    variables(&test.node, keys);
                }
            }
        }
        _ => {}
    }
}

/// The names of the variables in a text or in each of a list.
fn variables(node: &Node, keys: &mut Vec<String>) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| variables(item, keys)),
        Value::Text(text) => {
            let mut rest = text.as_str();
            while let Some(at) = rest.find("${") {
                rest = &rest[at..];
                let Some(end) = variable_end(rest) else { return };
                let name = rest[2..end].split(',').next().unwrap_or_default().trim();
                if !matches!(name, "*" | "?" | "$") {
                    add(keys, name);
                }
                rest = &rest[end + 1..];
            }
        }
        _ => {}
    }
}

fn add(keys: &mut Vec<String>, key: &str) {
    if !keys.iter().any(|known| known.eq_ignore_ascii_case(key)) {
        keys.push(key.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use crate::{Document, Kind, Place};

    fn written(text: &str) -> Vec<((usize, usize), (usize, usize))> {
        let at = |place: Place| (place.line, place.column);
        let document = Document::parse(text, Kind::Identity).expect("a policy");
        document.written().into_iter().map(|one| (at(one.reported_start), at(one.end))).collect()
    }

    #[test]
    fn positions_are_those_of_the_examples() {
        // AWS CLI reference, simulate-custom-policy, example 1.
        let alone = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}"#;
        assert_eq!(written(alone), [((1, 38), (1, 167))]);
        // simulate-principal-policy, example 1, shows lines 3 to 9 with these columns.
        let listed = "{\n    \"Version\": \"2012-10-17\",\n    \"Statement\": [\n        {\n            \"Effect\": \"Allow\",\n            \
                      \"Action\": \"codecommit:ListRepositories\",\n            \"Resource\": \"*\"\n\n        }\n    ]\n}";
        assert_eq!(written(listed), [((3, 19), (9, 10))]);
    }

    #[test]
    fn keys_are_as_written_and_come_once() {
        let text = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}/${$}",
             "Condition":{"StringLike":{"s3:prefix":["${aws:PrincipalTag/team, 'none'}/*"],"AWS:UserName":"a"}}},
            {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#;
        let document = Document::parse(text, Kind::Identity).expect("a policy");
        assert_eq!(
            document.written_keys(),
            ["aws:username", "s3:prefix", "aws:PrincipalTag/team", "aws:SecureTransport"]
        );
        let offset = text.find("{\"Effect\":\"Deny\"").expect("there is one");
        assert_eq!(document.written()[1].start, Place { line: 4, column: 13, offset });
    }

    #[test]
    fn the_second_starts_behind_the_first() {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*"},{"Effect":"Deny","Action":"a:B","Resource":"*"}]}"#;
        let first_end = text.find("},").expect("there is one") + 2;
        assert_eq!(written(text)[1].0, (1, first_end));
    }
}

//! JSON as policies need it: members in order, none twice, bounded depth, and every value with its place.
//!
//! Why an own reader: a refusal has to point at the value that is wrong, also when the JSON itself is well-formed,
//! and values of conditions count as they are written (`1.50` is not `1.5` to StringEquals). A reader that builds
//! numbers and forgets places can do neither.
//!
//! Source: RFC 8259; RFC 7493 section 2.3 for the members that come twice.

use crate::error::{Fault, quoted};

/// A JSON value and the byte at which it starts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: usize,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Text(String),
    Bool(bool),
    /// As written.
    Number(String),
    List(Vec<Node>),
    Object(Vec<Member>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    /// Where the name starts.
    pub(crate) at: usize,
    pub(crate) name: String,
    pub(crate) node: Node,
}

/// Values inside values; a policy needs six.
const DEPTH_MAX: usize = 32;

impl Node {
    /// # Errors
    /// A [`Fault`] of syntax, at the first byte that cannot be.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let mut reader = Reader { text, at: 0 };
        let node = reader.value(0)?;
        reader.skip_space();
        match reader.peek() {
            None => Ok(node),
            Some(_) => Err(reader.fault("nothing may follow the policy")),
        }
    }

    /// Where the value that starts at `at` ends, in a text that was parsed before.
    pub(crate) fn end(text: &str, at: usize) -> usize {
        let mut reader = Reader { text, at };
        reader.value(0).map_or(at, |_| reader.at)
    }

    /// A member of an object.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        let Value::Object(members) = &self.value else { return None };
        members.iter().find(|member| member.name == name).map(|member| &member.node)
    }

    /// The items of a list; what is no list is its own only item, as policies have it.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Text(_) => "a string",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    /// Always between two characters.
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn fault(&self, message: &str) -> Fault {
        Fault::syntax(self.at, message)
    }

    /// What stands here instead of `wanted`.
    fn expected(&self, wanted: &str) -> Fault {
        match self.text[self.at..].chars().next() {
            None => Fault::syntax(self.at, format!("expected {wanted}, found the end")),
            Some(found) => Fault::syntax(self.at, format!("expected {wanted}, found {found:?}")),
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes the byte if it stands here.
    fn take(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    fn value(&mut self, depth: usize) -> Result<Node, Fault> {
        self.skip_space();
        let at = self.at;
        if depth > DEPTH_MAX {
            return Err(self.fault("the values are nested too deeply"));
        }
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(_) | None => return Err(self.expected("a value")),
        };
        Ok(Node { at, value })
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Fault> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.expected("a value"))
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, Fault> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Value::List(items));
            }
            if !self.take(b',') {
                return Err(self.expected("',' or ']'"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Fault> {
        self.at += 1;
        let mut members = Vec::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.skip_space();
            let at = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.expected("the name of a member"));
            }
            let name = self.string()?;
            self.skip_space();
            if !self.take(b':') {
                return Err(self.expected("':'"));
            }
            let node = self.value(depth + 1)?;
            members.push(Member { at, name, node });
            self.skip_space();
            if self.take(b'}') {
                return none_twice(members);
            }
            if !self.take(b',') {
                return Err(self.expected("',' or '}'"));
            }
        }
    }

    fn number(&mut self) -> Result<String, Fault> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        Ok(self.text[start..self.at].to_owned())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.expected("a digit")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<String, Fault> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest
                .bytes()
                .position(|byte| byte == b'"' || byte == b'\\' || byte < 0x20)
                .unwrap_or(rest.len());
            string.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                None => return Err(self.fault("the string is not closed")),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(string);
                }
                Some(b'\\') => string.push(self.escape()?),
                Some(_) => return Err(self.fault("a string may not contain a control character")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        self.at += 1;
        let character = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            Some(_) | None => return Err(self.expected("an escaped character")),
        };
        self.at += 1;
        Ok(character)
    }

    /// `\u` with four digits, or two of them for a character outside the first 65,536.
    fn unicode_escape(&mut self) -> Result<char, Fault> {
        let start = self.at - 1;
        let lone = || Fault::syntax(start, "half of a surrogate pair stands alone");
        let first = self.hex4()?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        if !(0xd800..0xdc00).contains(&first) || !self.text[self.at..].starts_with("\\u") {
            return Err(lone());
        }
        self.at += 1;
        let second = self.hex4()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(lone());
        }
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or_else(lone)
    }

    /// The number after a `u`, which stands here.
    fn hex4(&mut self) -> Result<u32, Fault> {
        self.at += 1;
        let mut number = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            number = number * 16 + digit.ok_or_else(|| self.expected("a hexadecimal digit"))?;
            self.at += 1;
        }
        Ok(number)
    }
}

/// A member that comes twice would let a reader and a reviewer see two different policies.
fn none_twice(members: Vec<Member>) -> Result<Value, Fault> {
    let mut sorted: Vec<&Member> = members.iter().collect();
    sorted.sort_by(|one, other| one.name.cmp(&other.name).then(one.at.cmp(&other.at)));
    let again = sorted.windows(2).filter(|pair| pair[0].name == pair[1].name).map(|pair| pair[1]);
    match again.min_by_key(|member| member.at) {
        Some(member) => {
            Err(Fault::syntax(member.at, format!("the member {} comes twice", quoted(&member.name))))
        }
        None => Ok(Value::Object(members)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Node, Value};
    use proptest::prelude::*;

    /// The value as serde_json has it, whose judgement of JSON is another's.
    fn plain(node: &Node) -> serde_json::Value {
        match &node.value {
            Value::Null => serde_json::Value::Null,
            Value::Text(text) => serde_json::Value::String(text.clone()),
            Value::Bool(value) => serde_json::Value::Bool(*value),
            Value::Number(number) => serde_json::from_str(number).expect("a number of ours is one of theirs"),
            Value::List(items) => serde_json::Value::Array(items.iter().map(plain).collect()),
            Value::Object(members) => serde_json::Value::Object(
                members.iter().map(|member| (member.name.clone(), plain(&member.node))).collect(),
            ),
        }
    }

    fn check(text: &str) {
        let theirs = serde_json::from_str::<serde_json::Value>(text);
        match (Node::parse(text), theirs) {
            (Ok(ours), Ok(theirs)) => assert_eq!(plain(&ours), theirs, "{text:?}"),
            (Err(_), Err(_)) => {}
            (Err(fault), Ok(_)) => {
                let fault = format!("{fault:?}");
                // serde_json keeps the last of two members, and nests deeper.
                assert!(fault.contains("comes twice") || fault.contains("nested"), "{text:?}: {fault}");
            }
            // A number too large for a float is JSON, and a policy's number is compared elsewhere.
            (Ok(_), Err(fault)) => assert!(fault.to_string().contains("out of range"), "{text:?}: {fault}"),
        }
    }

    #[test]
    fn what_is_json_and_what_is_not() {
        for text in [
            "",
            " ",
            "{}",
            "[]",
            "[1,]",
            "{\"a\":1,}",
            "{\"a\" 1}",
            "{a:1}",
            "nul",
            "nulll",
            "truefalse",
            "01",
            "-",
            "-0",
            "1.",
            ".5",
            "1e",
            "1e+",
            "1E-7",
            "-1.50e+10",
            "1e999",
            "+1",
            "\"",
            "\"\\\"",
            "\"\\x\"",
            "\"\\u00e9\\n\\/\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "\"\\ud83d\\u0041\"",
            "\"\\ude00\"",
            "\"\\u12\"",
            "\"\\u12é4\"",
            "\"\u{1}\"",
            "\"\u{7f}é😀\"",
            "\u{feff}{}",
            "{} {}",
            "\t\r\n{ \"a\" : [ null , true , false ] }\n",
            "\u{a0}{}",
            "{\"a\":1,\"a\":2}",
            "// no\n{}",
            "'a'",
            "NaN",
        ] {
            check(text);
        }
        check(&"[".repeat(100_000));
        check(&("[".repeat(33) + &"]".repeat(33)));
        check(&("[".repeat(34) + &"]".repeat(34)));
    }

    #[test]
    fn places() {
        for (text, offset, message) in [
            ("{\"a\":1,\n \"b\" 2}", 13, "expected ':', found '2'"),
            ("{\"a\":1,\"a\":2}", 7, "the member \"a\" comes twice"),
            ("[\"é\", x]", 7, "expected a value, found 'x'"),
            ("[1", 2, "expected ',' or ']', found the end"),
            ("[\"a\n\"]", 3, "a string may not contain a control character"),
        ] {
            let fault = Node::parse(text).expect_err(text).in_text(text);
            assert_eq!(fault.place().offset, offset, "{text:?}");
            assert!(fault.to_string().contains(message), "{fault}");
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            any::<String>().prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|members| { serde_json::Value::Object(members.into_iter().collect()) }),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_json_is_read_as_serde_json_reads_it(value in json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            check(&text.expect("it is written"));
        }

        #[test]
        fn near_json_is_judged_as_serde_json_judges_it(text in "[\\[\\]{}:,\"\\\\u0-9eE.+\\-dtrufalsn \\n]{0,24}") {
            check(&text);
        }

        #[test]
        fn any_text_is_answered(text in any::<String>()) {
            check(&text);
        }
    }
}

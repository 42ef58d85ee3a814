//! Reading of JSON request bodies into a [`Node`] (AWS JSON 1.1 and REST-JSON).
//!
//! serde_json does the lexing; this visitor decides what is taken: at most [`DEPTH_MAX`] levels and
//! [`NODES_MAX`] values, no member twice (RFC 8259 section 4 leaves that open; two readers that choose
//! differently are an attack), nothing after the value.

use crate::document::{DEPTH_MAX, NODES_MAX, Node, Text, has_duplicates};
use crate::malformed::Malformed;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;

/// Parses a request body. An empty body is an empty structure, as AWS's services take it.
///
/// # Errors
/// A [`Malformed`] that names the kind and the position, and nothing of the content.
pub fn parse(body: &[u8]) -> Result<Node<'_>, Malformed> {
    if body.is_empty() {
        return Ok(Node::empty());
    }
    let limits = Limits { nodes: Cell::new(0), refusal: Cell::new(None) };
    let mut reader = serde_json::Deserializer::from_slice(body);
    let node = ValueSeed { limits: &limits, depth: 1 }.deserialize(&mut reader).map_err(|error| {
        limits
            .refusal
            .take()
            .unwrap_or_else(|| Malformed::Json { line: error.line(), column: error.column() })
    })?;
    reader.end().map_err(|error| Malformed::TrailingData { line: error.line(), column: error.column() })?;
    Ok(node)
}

/// What has been used up so far, and the refusal that ended the parse: serde's errors cannot carry one.
struct Limits {
    nodes: Cell<usize>,
    refusal: Cell<Option<Malformed>>,
}

impl Limits {
    fn refuse<E: serde::de::Error>(&self, why: Malformed) -> E {
        self.refusal.set(Some(why));
        E::custom("refused")
    }
}

#[derive(Clone, Copy)]
struct ValueSeed<'l> {
    limits: &'l Limits,
    depth: usize,
}

impl ValueSeed<'_> {
    /// The seed for what lies inside a container at this depth.
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(self.limits.refuse(Malformed::TooDeep));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        let count = self.limits.nodes.get() + 1;
        if count > NODES_MAX {
            return Err(self.limits.refuse(Malformed::TooManyValues));
        }
        self.limits.nodes.set(count);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'de>, E> {
        #[allow(clippy::cast_precision_loss)] // Beyond i64 no shape takes it; only the kind matters.
        Ok(i64::try_from(value).map_or(Node::Float(value as f64), Node::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'de>, E> {
        Ok(Node::Float(value))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Text::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Text::owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node<'de>, A::Error> {
        let inside = self.inside()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inside)? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'de>, A::Error> {
        let inside = self.inside()?;
        let mut members = Vec::new();
        while let Some(name) = map.next_key_seed(NameSeed)? {
            members.push((name, map.next_value_seed(inside)?));
        }
        if has_duplicates(&members) {
            return Err(self.limits.refuse(Malformed::DuplicateMember));
        }
        Ok(Node::Map(members))
    }
}

/// Reads a member's name, borrowed where it has no escapes.
struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Text<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text<'de>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for NameSeed {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text::owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::document::{DEPTH_MAX, NODES_MAX, Node, Text};
    use crate::malformed::Malformed;

    fn refused(body: &str) -> Malformed {
        parse(body.as_bytes()).expect_err(body)
    }

    #[test]
    fn an_empty_body_is_an_empty_structure() {
        assert!(matches!(parse(b""), Ok(Node::Map(members)) if members.is_empty()));
    }

    #[test]
    fn values_keep_their_kinds() {
        let node = parse(br#"{"a":1,"b":-2,"c":1.5,"d":true,"e":null,"f":"x","g":"\u0041","h":[1],"i":18446744073709551615}"#)
            .expect("valid JSON");
        assert!(matches!(node.find("a"), Some(Node::Int(1))));
        assert!(matches!(node.find("b"), Some(Node::Int(-2))));
        assert!(matches!(node.find("c"), Some(Node::Float(value)) if (value - 1.5).abs() < f64::EPSILON));
        assert!(matches!(node.find("d"), Some(Node::Bool(true))));
        assert!(matches!(node.find("e"), Some(Node::Null)));
        assert!(matches!(node.find("f"), Some(Node::Text(Text::Borrowed("x")))));
        assert!(matches!(node.find("g"), Some(Node::Text(Text::Owned(text))) if text.as_str() == "A"));
        assert!(matches!(node.find("h"), Some(Node::List(items)) if items.len() == 1));
        assert!(matches!(node.find("i"), Some(Node::Float(_))));
    }

    #[test]
    fn syntax_errors_give_a_position_and_no_content() {
        assert_eq!(refused("{\"hunter2\":\n  oops}"), Malformed::Json { line: 2, column: 3 });
        assert!(matches!(refused("{"), Malformed::Json { .. }));
        assert!(matches!(refused("\"\u{0}\""), Malformed::Json { .. }));
        assert!(parse(b"{\"a\":\"\xff\"}").is_err(), "text that is not UTF-8");
        assert!(matches!(refused("{}{}"), Malformed::TrailingData { .. }));
        assert!(parse(b"{} \n").is_ok(), "white space may follow");
    }

    #[test]
    fn a_member_may_be_there_once() {
        assert_eq!(refused(r#"{"a":1,"a":2}"#), Malformed::DuplicateMember);
        assert_eq!(refused(r#"{"a":1,"\u0061":2}"#), Malformed::DuplicateMember);
        assert_eq!(refused(r#"{"x":{"a":null,"a":1}}"#), Malformed::DuplicateMember);
        assert!(parse(br#"{"a":{"b":1},"c":{"b":1}}"#).is_ok());
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(nested(DEPTH_MAX - 1).as_bytes()).is_ok());
        assert_eq!(refused(&nested(DEPTH_MAX)), Malformed::TooDeep);
        assert_eq!(refused(&"[".repeat(1_000_000)), Malformed::TooDeep);
        assert_eq!(refused(&"{\"a\":".repeat(1_000_000)), Malformed::TooDeep);
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let list = |items: usize| format!("[{}]", vec!["0"; items].join(","));
        assert!(parse(list(NODES_MAX - 1).as_bytes()).is_ok());
        assert_eq!(refused(&list(NODES_MAX)), Malformed::TooManyValues);
    }
}

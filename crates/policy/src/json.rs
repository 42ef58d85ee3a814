//! JSON as policies need it: members in order, none twice, bounded depth.

use crate::PolicyError;
use serde_json::de::Deserializer;
use std::fmt;

/// A JSON value. Numbers and booleans of conditions count as their text, so that is what is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Text(String),
    Bool(bool),
    /// As written.
    Number(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// # Errors
    /// [`PolicyError::Syntax`] with the place.
    pub(crate) fn parse(text: &str) -> Result<Self, PolicyError> {
        let syntax = |fault: serde_json::Error| PolicyError::Syntax {
            line: fault.line(),
            column: fault.column(),
            message: plain(&fault),
        };
        let mut reader = Deserializer::from_str(text);
        let node = serde::Deserialize::deserialize(&mut reader).map_err(syntax)?;
        reader.end().map_err(syntax)?;
        Ok(node)
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Text(_) => "a string",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// The fault without the place, which is told apart from it.
fn plain(fault: &serde_json::Error) -> String {
    let text = fault.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}

impl<'de> serde::Deserialize<'de> for Node {
    fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
                Ok(Node::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
                Ok(Node::Number(value.to_string()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
                Ok(Node::Number(value.to_string()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
                Ok(Node::Number(value.to_string()))
            }
            fn visit_str<E>(self, value: &str) -> Result<Node, E> {
                Ok(Node::Text(value.to_owned()))
            }
            fn visit_string<E>(self, value: String) -> Result<Node, E> {
                Ok(Node::Text(value))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Node::List(list))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
                let mut object: Vec<(String, Node)> = Vec::new();
                while let Some(name) = members.next_key::<String>()? {
                    if object.iter().any(|(known, _)| *known == name) {
                        return Err(serde::de::Error::custom(format!("the member {name:?} comes twice")));
                    }
                    let value = members.next_value()?;
                    object.push((name, value));
                }
                Ok(Node::Object(object))
            }
        }

        reader.deserialize_any(Visitor)
    }
}

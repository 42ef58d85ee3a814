//! A request's content, before anybody knows which shape it should have.
//!
//! What: the tree that every protocol's reader makes and that generated `decode` functions walk.
//! Why here: JSON, query strings and HTTP bindings differ only in how they spell this tree, so the
//! rules of the shapes (types, required members, constraints) are written once, against the tree.
//!
//! Invariants
//! - Text that had to be copied (because it held escapes) is zeroed when the tree is dropped: it may be a secret.
//! - Nothing here prints content: `Debug` shows kinds and counts.

use std::fmt;
use zeroize::Zeroizing;

/// Text out of a request: borrowed from its buffer where possible, otherwise a copy that is zeroed when dropped.
pub enum Text<'a> {
    /// A part of the request's own buffer.
    Borrowed(&'a str),
    /// A decoded copy (JSON escapes, percent-encoding).
    Owned(Zeroizing<String>),
}

impl<'a> Text<'a> {
    /// Takes over a decoded copy.
    #[must_use]
    pub fn owned(text: String) -> Self {
        Self::Owned(Zeroizing::new(text))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Owned(text) => text.as_str(),
        }
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.as_str().len())
    }
}

/// One value of a request.
pub enum Node<'a> {
    /// JSON `null`: treated as absent wherever a member may be absent.
    Null,
    Bool(bool),
    Int(i64),
    /// A number with a fraction or exponent, or an integer outside `i64`.
    Float(f64),
    /// Text of a protocol that types its values (JSON).
    Text(Text<'a>),
    /// Text of a protocol that does not (query strings, headers, path labels): the shape decides what it means.
    Untyped(Text<'a>),
    /// Raw bytes: an HTTP body that is one blob member.
    Bytes(&'a [u8]),
    List(Vec<Node<'a>>),
    /// Members or entries in the order in which they were sent; names are unique.
    Map(Vec<(Text<'a>, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// A structure without members, which is what an empty request body means.
    #[must_use]
    pub const fn empty() -> Self {
        Self::Map(Vec::new())
    }

    /// The member called `name`, if this is a structure or map that has it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Node<'a>> {
        match self {
            Self::Map(members) => members.iter().find(|(key, _)| key.as_str() == name).map(|(_, node)| node),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Untyped(_)
            | Self::Bytes(_)
            | Self::List(_) => None,
        }
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Bool(_) => f.write_str("Bool"),
            Self::Int(_) => f.write_str("Int"),
            Self::Float(_) => f.write_str("Float"),
            Self::Text(text) => text.fmt(f),
            Self::Untyped(text) => write!(f, "Untyped({} bytes)", text.as_str().len()),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::List(items) => write!(f, "List({} items)", items.len()),
            Self::Map(members) => write!(f, "Map({} members)", members.len()),
        }
    }
}

/// Most nested levels a request may have; the root is level 1.
pub const DEPTH_MAX: usize = 32;

/// Most values (of any kind, containers included) a request may have.
pub const NODES_MAX: usize = 10_000;

/// Whether two members have the same name. Few names are compared pairwise, many by sorting, so that
/// a request cannot buy quadratic work.
pub(crate) fn has_duplicates(members: &[(Text<'_>, Node<'_>)]) -> bool {
    const PAIRWISE_MAX: usize = 16;
    if members.len() <= PAIRWISE_MAX {
        return members
            .iter()
            .enumerate()
            .any(|(at, (name, _))| members[..at].iter().any(|(other, _)| other.as_str() == name.as_str()));
    }
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use super::{Node, Text, has_duplicates};

    #[test]
    fn debug_shows_no_content() {
        let node = Node::Map(vec![(Text::Borrowed("hunter2"), Node::Text(Text::owned("hunter2".into())))]);
        assert_eq!(format!("{node:?}"), "Map(1 members)");
        assert_eq!(format!("{:?}", Node::Text(Text::Borrowed("hunter2"))), "Text(7 bytes)");
        assert_eq!(format!("{:?}", Node::Untyped(Text::Borrowed("hunter2"))), "Untyped(7 bytes)");
        assert_eq!(format!("{:?}", Node::Bytes(b"hunter2")), "Bytes(7 bytes)");
    }

    #[test]
    fn duplicates_are_seen_among_few_and_many() {
        for count in [2_usize, 16, 17, 500] {
            let mut members: Vec<_> =
                (0..count).map(|i| (Text::owned(format!("name{i}")), Node::Null)).collect();
            assert!(!has_duplicates(&members), "{count} different names");
            members.push((Text::Borrowed("name0"), Node::Null));
            assert!(has_duplicates(&members), "{count} names and one again");
        }
    }
}

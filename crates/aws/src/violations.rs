//! What a request's values break, in the words that AWS uses.
//!
//! A request of the right form may still have values that its shapes forbid. AWS checks all of them and
//! answers one `ValidationException` that lists every violation; clients and tests match on its text.
//!
//! Invariants
//! - The value of a member that is sensitive, or kept out of the audit trail by the model, is never quoted:
//!   error texts end up in the trail and in clients' logs.
//! - A text is bounded: a quoted value is cut at [`QUOTE_BYTES_MAX`] bytes, a list at [`VIOLATIONS_MAX`] entries.
//!
//! Source: texts recorded from AWS in public issue reports and test suites
//! (boto/boto3#2601, hashicorp/terraform#20076, aws/aws-sdk-kotlin#1469, stelligent/mu#382).

use std::fmt;

/// Where quoted values are cut. AWS quotes in full; a request body of a megabyte would come back as an error text.
pub const QUOTE_BYTES_MAX: usize = 1024;

/// Violations that are kept; a request with more of them is wrong enough.
pub const VIOLATIONS_MAX: usize = 100;

/// The place of a value in a request, as a chain of borrowed steps: it costs nothing until it is written out.
#[derive(Clone, Copy)]
pub enum Path<'a> {
    Root,
    /// A structure's member, by its wire name with a small first letter, as AWS writes it.
    Member(&'a Path<'a>, &'static str),
    /// A list's item, counted from 1.
    Item(&'a Path<'a>, usize),
    /// A map's value. Keys are the caller's text, so they are written only where the map may be quoted.
    Entry(&'a Path<'a>, &'a str),
}

impl<'a> Path<'a> {
    #[must_use]
    pub const fn member(&'a self, name: &'static str) -> Path<'a> {
        Path::Member(self, name)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Path::Root, name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, number) => write!(f, "{parent}.{number}.member"),
            Self::Entry(parent, key) => write!(f, "{parent}.{}.member", cut(key)),
        }
    }
}

/// The longest beginning of `text` that is at most [`QUOTE_BYTES_MAX`] bytes long.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(QUOTE_BYTES_MAX)]
}

/// How a violation shows the value that broke the rule.
pub(crate) enum Shown<'a> {
    /// `Value '<text>' at …`
    Quoted(&'a str),
    /// `Value at …`: the value must not be repeated.
    Withheld,
    /// `Value null at …`: there is none.
    Null,
}

/// Everything that a request's values break, in the order of the model's members.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Violations(Vec<String>);

impl Violations {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn push(&mut self, shown: Shown<'_>, at: &Path<'_>, constraint: &dyn fmt::Display) {
        if self.0.len() == VIOLATIONS_MAX {
            return;
        }
        self.0.push(match shown {
            Shown::Quoted(text) if text.len() > QUOTE_BYTES_MAX => {
                format!("Value '{}...' at '{at}' failed to satisfy constraint: {constraint}", cut(text))
            }
            Shown::Quoted(text) => {
                format!("Value '{text}' at '{at}' failed to satisfy constraint: {constraint}")
            }
            Shown::Withheld => format!("Value at '{at}' failed to satisfy constraint: {constraint}"),
            Shown::Null => format!("Value null at '{at}' failed to satisfy constraint: {constraint}"),
        });
    }

    /// A member that must be there and is not.
    pub(crate) fn push_missing(&mut self, at: &Path<'_>) {
        self.push(Shown::Null, at, &"Member must not be null");
    }
}

/// The whole message of AWS's `ValidationException`.
impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "{count} validation error{plural} detected: {}", self.0.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::{Path, QUOTE_BYTES_MAX, Shown, VIOLATIONS_MAX, Violations};

    #[test]
    fn paths_are_spelt_as_aws_spells_them() {
        let tags = Path::Root.member("tags");
        let first = Path::Item(&tags, 1);
        assert_eq!(first.member("tagValue").to_string(), "tags.1.member.tagValue");
        assert_eq!(tags.to_string(), "tags");
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let mut violations = Violations::default();
        let long = "é".repeat(QUOTE_BYTES_MAX);
        violations.push(Shown::Quoted(&long), &Path::Root.member("name"), &"x");
        let text = violations.to_string();
        assert!(text.contains("é...' at 'name'"), "{text}");
        assert!(text.len() < QUOTE_BYTES_MAX + 100);
    }

    #[test]
    fn the_list_is_bounded() {
        let mut violations = Violations::default();
        for _ in 0..VIOLATIONS_MAX + 5 {
            violations.push_missing(&Path::Root.member("keyId"));
        }
        assert_eq!(violations.len(), VIOLATIONS_MAX);
    }
}

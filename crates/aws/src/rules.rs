//! The constraints that a service model puts on values, and how AWS words a breach of each.
//!
//! A scalar member reports each broken constraint by itself (`Member must have length less than or equal
//! to 4096`). A list of scalars or a map reports once, on the container, and names all constraints of its
//! items together (`Member must satisfy constraint: [...]`).

use crate::violations::{Path, Shown, Violations};
use regex::Regex;
use std::fmt;
use std::sync::LazyLock;

/// A regular expression of a model, compiled at its first use. The whole value must match, as in Java.
pub struct Pattern {
    /// As the model has it, for the text of a violation.
    pub(crate) text: &'static str,
    pub(crate) regex: LazyLock<Regex>,
}

/// Every pattern of a model, for the test that compiles them.
#[cfg(test)]
pub(crate) type PatternTable = &'static [&'static Pattern];

/// Compiles a pattern that the generator has already translated and anchored.
pub(crate) fn compile(translated: &'static str) -> Regex {
    Regex::new(translated).expect("a generated test compiles every pattern of every model")
}

/// Bounds on a length: characters of text, bytes of a blob, items of a list, entries of a map.
#[derive(Debug, Clone, Copy, Default)]
pub struct Length {
    pub(crate) min: Option<usize>,
    pub(crate) max: Option<usize>,
}

impl Length {
    pub(crate) const fn allows(self, length: usize) -> bool {
        !self.too_short(length) && !self.too_long(length)
    }

    const fn too_short(self, length: usize) -> bool {
        matches!(self.min, Some(min) if length < min)
    }

    const fn too_long(self, length: usize) -> bool {
        matches!(self.max, Some(max) if length > max)
    }

    /// Reports what `length` breaks.
    pub(crate) fn check(
        self,
        length: usize,
        shown: impl Fn() -> ShownText,
        at: &Path<'_>,
        out: &mut Violations,
    ) {
        if self.too_short(length) {
            out.push(shown().borrow(), at, &Constraint::LengthMin(self.min.unwrap_or(0)));
        }
        if self.too_long(length) {
            out.push(shown().borrow(), at, &Constraint::LengthMax(self.max.unwrap_or(usize::MAX)));
        }
    }
}

/// The value of a violation, made only when there is one.
pub(crate) enum ShownText {
    Quoted(String),
    Withheld,
}

impl ShownText {
    fn borrow(&self) -> Shown<'_> {
        match self {
            Self::Quoted(text) => Shown::Quoted(text),
            Self::Withheld => Shown::Withheld,
        }
    }
}

/// The constraints of a text shape.
#[derive(Clone, Copy)]
pub struct TextRule {
    pub(crate) length: Length,
    pub(crate) pattern: Option<&'static Pattern>,
    /// Whether a violation may repeat the value.
    pub(crate) quoted: bool,
}

impl TextRule {
    /// Length in characters, as the Smithy specification counts it. Bytes decide where they suffice:
    /// a text has no more characters than bytes.
    fn length_of(text: &str) -> usize {
        if text.is_ascii() { text.len() } else { text.chars().count() }
    }

    /// Whether `text` keeps all constraints.
    pub(crate) fn allows(&self, text: &str) -> bool {
        self.length.allows(Self::length_of(text)) && self.matches(text)
    }

    fn matches(&self, text: &str) -> bool {
        self.pattern.is_none_or(|pattern| pattern.regex.is_match(text))
    }

    /// Reports each constraint that `text` breaks.
    pub(crate) fn check(&self, text: &str, at: &Path<'_>, out: &mut Violations) {
        let shown = || if self.quoted { ShownText::Quoted(text.to_owned()) } else { ShownText::Withheld };
        if let Some(pattern) = self.pattern
            && !self.matches(text)
        {
            out.push(shown().borrow(), at, &Constraint::Pattern(pattern.text));
        }
        self.length.check(Self::length_of(text), shown, at, out);
    }

    /// All constraints, in the order in which AWS lists them on a container.
    pub(crate) fn constraints(&self) -> Vec<Constraint> {
        let mut all = Vec::new();
        all.extend(self.length.max.map(Constraint::LengthMax));
        all.extend(self.length.min.map(Constraint::LengthMin));
        all.extend(self.pattern.map(|pattern| Constraint::Pattern(pattern.text)));
        all
    }
}

/// Bounds on a whole number, both inclusive.
#[derive(Debug, Clone, Copy, Default)]
pub struct Range {
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
}

impl Range {
    /// Reports what `value` breaks.
    pub(crate) fn check(self, value: i64, at: &Path<'_>, out: &mut Violations) {
        if let Some(min) = self.min
            && value < min
        {
            out.push(Shown::Quoted(&value.to_string()), at, &Constraint::ValueMin(min));
        }
        if let Some(max) = self.max
            && value > max
        {
            out.push(Shown::Quoted(&value.to_string()), at, &Constraint::ValueMax(max));
        }
    }
}

/// One constraint; its `Display` is AWS's wording.
#[derive(Debug, Clone, Copy)]
pub enum Constraint {
    LengthMin(usize),
    LengthMax(usize),
    ValueMin(i64),
    ValueMax(i64),
    Pattern(&'static str),
    /// The values of an enumeration, in the model's order.
    OneOf(&'static [&'static str]),
    NotNull,
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthMin(min) => write!(f, "Member must have length greater than or equal to {min}"),
            Self::LengthMax(max) => write!(f, "Member must have length less than or equal to {max}"),
            Self::ValueMin(min) => write!(f, "Member must have value greater than or equal to {min}"),
            Self::ValueMax(max) => write!(f, "Member must have value less than or equal to {max}"),
            Self::Pattern(text) => write!(f, "Member must satisfy regular expression pattern: {text}"),
            Self::OneOf(values) => {
                write!(f, "Member must satisfy enum value set: [{}]", values.join(", "))
            }
            Self::NotNull => f.write_str("Member must not be null"),
        }
    }
}

/// Which parts of a container a joint constraint is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parts {
    Items,
    Keys,
    Values,
}

/// The constraints of a container's parts, as one text.
pub(crate) struct Joint<'a> {
    pub(crate) parts: Parts,
    pub(crate) constraints: &'a [Constraint],
}

impl fmt::Display for Joint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.parts {
            Parts::Items => "Member must satisfy constraint: [",
            Parts::Keys => "Map keys must satisfy constraint: [",
            Parts::Values => "Map value must satisfy constraint: [",
        })?;
        for (at, constraint) in self.constraints.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            constraint.fmt(f)?;
        }
        f.write_str("]")
    }
}

/// Reports a breach by parts of a container.
pub(crate) fn push_joint(
    parts: Parts,
    constraints: &[Constraint],
    shown: ShownText,
    at: &Path<'_>,
    out: &mut Violations,
) {
    out.push(shown.borrow(), at, &Joint { parts, constraints });
}

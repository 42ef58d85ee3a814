//! Why a text is not a policy.

use std::fmt;

/// Where in a policy's text something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// In bytes from the start of the text, from 0.
    pub offset: usize,
}

impl Place {
    /// The place of a byte in a text.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            offset: before.len(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}

/// What is wrong with a policy's text, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not JSON, or JSON with a member twice.
    #[error("the policy is not well-formed JSON: {message} at {place}")]
    Syntax { message: String, place: Place },
    /// JSON, but not a policy. `path` names the element, such as `Statement[0].Effect`.
    #[error("{path}: {message} at {place}")]
    Form { path: String, message: String, place: Place },
}

impl PolicyError {
    /// Where the fault is: the character that breaks the JSON, or the value that a policy may not have.
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::Syntax { place, .. } | Self::Form { place, .. } => *place,
        }
    }
}

/// A fault as the parsers know it: they count bytes, and lines are counted once, at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    at: usize,
    /// None for what is not JSON.
    path: Option<String>,
    message: String,
}

impl Fault {
    pub(crate) fn syntax(at: usize, message: impl Into<String>) -> Self {
        Self { at, path: None, message: message.into() }
    }

    pub(crate) fn form(at: usize, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at, path: Some(path.into()), message: message.into() }
    }

    pub(crate) fn in_text(self, text: &str) -> PolicyError {
        let place = Place::of(text, self.at);
        match self.path {
            None => PolicyError::Syntax { message: self.message, place },
            Some(path) => PolicyError::Form { path, message: self.message, place },
        }
    }
}

/// The most of a policy's own words that a message repeats, in characters.
const QUOTED_MAX: usize = 100;

/// A stranger's word as a message may show it: in quotes, escaped, and not longer than anybody would read.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_MAX) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

/// The path of a member: its name as it stands if that is a plain one, else quoted.
pub(crate) fn step(path: &str, name: &str) -> String {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-' | b'/' | b'.' | b'@');
    if !name.is_empty() && name.len() <= QUOTED_MAX && name.bytes().all(plain) {
        format!("{path}.{name}")
    } else {
        format!("{path}.{}", quoted(name))
    }
}

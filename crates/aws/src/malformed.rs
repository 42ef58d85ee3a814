//! Why a request could not be read at all: it is not of the form that its protocol or its shape asks for.
//!
//! All of these are AWS's `SerializationException` (HTTP 400). The texts about types follow what AWS's
//! services answer, the others are ours; none of them contains anything that the request contained.

use std::fmt;

/// What was found where something else was needed, in AWS's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    True,
    False,
    /// A whole number.
    Number,
    /// A number with a fraction.
    Decimal,
    String,
    List,
    Structure,
}

/// The scalar type that was needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    String,
    Boolean,
    Integer,
    Long,
    Double,
    Timestamp,
    Blob,
    /// A structure, list or map.
    Container,
}

/// A request that cannot be read. Carries kinds and positions, never content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Malformed {
    /// Not JSON. Line and column count from 1; the column is in bytes.
    Json { line: usize, column: usize },
    /// JSON followed by something else.
    TrailingData { line: usize, column: usize },
    /// More than [`crate::document::DEPTH_MAX`] levels.
    TooDeep,
    /// More than [`crate::document::NODES_MAX`] values.
    TooManyValues,
    /// A member or map key that is there twice.
    DuplicateMember,
    /// A member that the shape at `path` does not have (docs/adr/0002). The path holds names of the model only.
    UnknownMember { path: String },
    /// A value of another type than the shape's.
    WrongType { found: Found, wanted: Wanted },
    /// Text that is not standard base64 with padding (RFC 4648 section 4).
    Base64,
    /// Percent-encoding that does not decode to UTF-8, or a form field without the form's syntax.
    Form,
    /// A path, query string or header that does not fit the operation's HTTP binding.
    HttpBinding,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { line, column } => {
                write!(f, "The request body is not valid JSON (line {line}, column {column}).")
            }
            Self::TrailingData { line, column } => {
                write!(f, "The request body goes on after its JSON value (line {line}, column {column}).")
            }
            Self::TooDeep => f.write_str("The request body is nested too deeply."),
            Self::TooManyValues => f.write_str("The request body has too many values."),
            Self::DuplicateMember => f.write_str("The request has the same member twice."),
            Self::UnknownMember { path } if path.is_empty() => {
                f.write_str("The request has a member that this operation does not have.")
            }
            Self::UnknownMember { path } => {
                write!(f, "The request has a member that the structure at '{path}' does not have.")
            }
            Self::WrongType { found: Found::List, .. } => {
                f.write_str("Start of list found where not expected")
            }
            Self::WrongType { found: Found::Structure, .. } => {
                f.write_str("Start of structure or map found where not expected.")
            }
            Self::WrongType { wanted: Wanted::Container, .. } => f.write_str("Unexpected field type"),
            Self::WrongType { found, wanted } => {
                write!(f, "{} can not be converted to {}", found.aws_name(), wanted.aws_name())
            }
            Self::Base64 => f.write_str("A blob is not valid base64."),
            Self::Form => f.write_str("The request's form fields can not be decoded."),
            Self::HttpBinding => f.write_str("The request's path, query string or headers can not be read."),
        }
    }
}

impl std::error::Error for Malformed {}

impl Found {
    const fn aws_name(self) -> &'static str {
        match self {
            Self::True => "TRUE_VALUE",
            Self::False => "FALSE_VALUE",
            Self::Number => "NUMBER_VALUE",
            Self::Decimal => "DECIMAL_VALUE",
            Self::String => "STRING_VALUE",
            Self::List => "LIST_VALUE",
            Self::Structure => "STRUCTURE_VALUE",
        }
    }
}

impl Wanted {
    const fn aws_name(self) -> &'static str {
        match self {
            Self::String => "a String",
            Self::Boolean => "a Boolean",
            Self::Integer => "an Integer",
            Self::Long => "a Long",
            Self::Double => "a Double",
            Self::Timestamp => "milliseconds since epoch",
            Self::Blob => "a Blob",
            Self::Container => "a structure",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, Malformed, Wanted};

    #[test]
    fn texts_are_those_of_aws() {
        let check = |found, wanted, text: &str| {
            assert_eq!(Malformed::WrongType { found, wanted }.to_string(), text);
        };
        check(Found::String, Wanted::Integer, "STRING_VALUE can not be converted to an Integer");
        check(Found::Number, Wanted::String, "NUMBER_VALUE can not be converted to a String");
        check(Found::True, Wanted::String, "TRUE_VALUE can not be converted to a String");
        check(Found::Number, Wanted::Boolean, "NUMBER_VALUE can not be converted to a Boolean");
        check(
            Found::String,
            Wanted::Timestamp,
            "STRING_VALUE can not be converted to milliseconds since epoch",
        );
        check(Found::Structure, Wanted::String, "Start of structure or map found where not expected.");
        check(Found::List, Wanted::Container, "Start of list found where not expected");
        check(Found::String, Wanted::Container, "Unexpected field type");
    }
}

//! Patterns with `*`, `?` and policy variables.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Resource" (wildcards) and "IAM policy elements: Variables and
//! tags" (variables, defaults, special characters, variables with no value).

use crate::error::quoted;
use crate::glob::{Case, Part, fits, prefix};
use crate::request::{ConditionValue, Context};
use std::borrow::Cow;

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Literal(String),
    /// `*`: any text, also none.
    AnyText,
    /// `*` that keeps within its part of an ARN.
    AnyWithinColons,
    /// `?`: any one character.
    AnyCharacter,
    /// `?` that keeps within its part of an ARN.
    AnyButColon,
    /// `${name}` or `${name, 'default'}`.
    Variable {
        name: String,
        default: Option<String>,
    },
}

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// As written.
    text: String,
    tokens: Vec<Token>,
    /// Whether a token is a variable: most patterns have none and are matched as they stand.
    varies: bool,
    /// The bytes that a text has at least, and which of ASCII they are: most texts are ruled out by them.
    bytes_min: usize,
    needs: Letters,
}

/// A set of ASCII characters, of letters either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Letters(u128);

impl Letters {
    fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let bytes = texts.flat_map(str::bytes).filter(u8::is_ascii);
        Self(bytes.fold(0, |set, byte| set | 1 << byte.to_ascii_lowercase()))
    }

    fn has(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }
}

/// From how many patterns on it pays to look first which characters a text has.
const MANY: usize = 8;

/// Whether the whole of `text` fits one of the patterns.
pub(crate) fn any_matches(patterns: &[Pattern], text: &str, case: Case, context: &dyn Context) -> bool {
    if patterns.len() < MANY {
        return patterns.iter().any(|pattern| pattern.matches(text, case, context));
    }
    let letters = Letters::of(std::iter::once(text));
    patterns.iter().any(|pattern| letters.has(pattern.needs) && pattern.matches(text, case, context))
}

/// What a policy's text may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syntax {
    pub(crate) wildcards: bool,
    /// Version 2012-10-17 only.
    pub(crate) variables: bool,
    /// Whether wildcards before the fifth colon keep within their part of an ARN. A star that ends its part reaches on
    /// (IAM User Guide, "Resource", "Using wildcards in resource ARNs").
    pub(crate) parts_of_arn: bool,
}

/// Colons before the part of an ARN that is the service's own, in which wildcards take any character.
const COLONS_BEFORE_NAME: usize = 5;

impl Pattern {
    /// # Errors
    /// A sentence on a variable that is not well-formed.
    pub(crate) fn parse(text: &str, syntax: Syntax) -> Result<Self, String> {
        let mut tokens = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        let mut colons = 0;
        while let Some(character) = rest.chars().next() {
            if syntax.variables && rest.starts_with("${") {
                let end = variable_end(rest)
                    .ok_or_else(|| format!("the variable in {} is not closed", quoted(text)))?;
                let inside = &rest[2..end];
                rest = &rest[end + 1..];
                match inside {
                    "*" | "?" | "$" => literal.push_str(inside),
                    _ => {
                        flush(&mut literal, &mut tokens);
                        tokens.push(variable(inside)?);
                    }
                }
                continue;
            }
            rest = &rest[character.len_utf8()..];
            match character {
                '*' if syntax.wildcards => {
                    flush(&mut literal, &mut tokens);
                    // Two stars are as good as one.
                    rest = rest.trim_start_matches('*');
                    let ends_part = rest.is_empty() || rest.starts_with(':');
                    let within = syntax.parts_of_arn && colons < COLONS_BEFORE_NAME && !ends_part;
                    tokens.push(if within { Token::AnyWithinColons } else { Token::AnyText });
                }
                '?' if syntax.wildcards => {
                    flush(&mut literal, &mut tokens);
                    let within = syntax.parts_of_arn && colons < COLONS_BEFORE_NAME;
                    tokens.push(if within { Token::AnyButColon } else { Token::AnyCharacter });
                }
                other => {
                    colons += usize::from(other == ':');
                    literal.push(other);
                }
            }
        }
        flush(&mut literal, &mut tokens);
        let varies = tokens.iter().any(|token| matches!(token, Token::Variable { .. }));
        let literals = || {
            tokens.iter().filter_map(|token| match token {
                Token::Literal(literal) => Some(literal.as_str()),
                _ => None,
            })
        };
        let single =
            tokens.iter().filter(|token| matches!(token, Token::AnyCharacter | Token::AnyButColon)).count();
        let (bytes_min, needs) = (literals().map(str::len).sum::<usize>() + single, Letters::of(literals()));
        Ok(Self { text: text.to_owned(), tokens, varies, bytes_min, needs })
    }

    /// The pattern as written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `text` fits. A variable without a value fits nothing, and what stands for a variable is
    /// text: a star in it is a star.
    pub(crate) fn matches(&self, text: &str, case: Case, context: &dyn Context) -> bool {
        // Nearly every pattern is one of these.
        match self.tokens.as_slice() {
            [Token::AnyText] => return true,
            [Token::Literal(literal)] => return prefix(text, literal, case) == Some(text.len()),
            [Token::Literal(literal), Token::AnyText] => return prefix(text, literal, case).is_some(),
            _ => {}
        }
        if text.len() < self.bytes_min {
            return false;
        }
        if !self.varies {
            return fits(|at| self.tokens.get(at).and_then(Token::part), text, case);
        }
        let mut values: Vec<Cow<'_, str>> = Vec::new();
        let mut bytes_min = self.bytes_min;
        for token in &self.tokens {
            if let Token::Variable { name, default } = token {
                let value = value_of(context, name).or(default.as_deref().map(Cow::Borrowed));
                let Some(value) = value else { return false };
                bytes_min += value.len();
                values.push(value);
            }
        }
        if text.len() < bytes_min {
            return false;
        }
        let mut values = values.iter();
        let parts: Vec<Part<'_>> = self
            .tokens
            .iter()
            .filter_map(|token| token.part().or_else(|| values.next().map(|value| Part::Literal(value))))
            .collect();
        fits(|at| parts.get(at).copied(), text, case)
    }
}

impl Token {
    /// None for a variable.
    fn part(&self) -> Option<Part<'_>> {
        match self {
            Self::Literal(literal) => Some(Part::Literal(literal)),
            Self::AnyText => Some(Part::AnyText),
            Self::AnyWithinColons => Some(Part::AnyWithinColons),
            Self::AnyCharacter => Some(Part::AnyCharacter),
            Self::AnyButColon => Some(Part::AnyButColon),
            Self::Variable { .. } => None,
        }
    }
}

fn value_of<'a>(context: &'a dyn Context, name: &str) -> Option<Cow<'a, str>> {
    match context.value(name) {
        ConditionValue::Single(value) => Some(value),
        ConditionValue::Number(number) => Some(number.to_string().into()),
        ConditionValue::Bool(value) => Some(if value { "true" } else { "false" }.into()),
        // A variable stands for one value; a key with many has none to put in its place.
        ConditionValue::Absent | ConditionValue::Multi(_) => None,
    }
}

/// Where the variable that `text` starts with is closed: its first brace outside the quotes of a default.
pub(crate) fn variable_end(text: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, character) in text.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            '}' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

fn variable(inside: &str) -> Result<Token, String> {
    let whole = || quoted(&format!("${{{inside}}}"));
    let (name, default) = match inside.split_once(',') {
        None => (inside, None),
        Some((name, default)) => {
            let text = default.trim().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            let text = text.ok_or_else(|| format!("the default in {} is not in single quotes", whole()))?;
            (name, Some(text.to_owned()))
        }
    };
    let name = name.trim();
    if !is_condition_key(name) {
        return Err(format!("{} does not name a condition key", whole()));
    }
    Ok(Token::Variable { name: name.to_ascii_lowercase(), default })
}

/// `aws:…` or the prefix of a service, a colon and a name.
pub(crate) fn is_condition_key(text: &str) -> bool {
    text.split_once(':').is_some_and(|(prefix, name)| {
        !prefix.is_empty()
            // A provider's keys begin with its host and path: `token.example/a:sub`.
            && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._/~".contains(&byte))
            && !name.is_empty()
    })
}

fn flush(literal: &mut String, tokens: &mut Vec<Token>) {
    if !literal.is_empty() {
        tokens.push(Token::Literal(std::mem::take(literal)));
    }
}

//! Patterns with `*`, `?` and policy variables.

use crate::request::{ConditionValue, Context};
use std::borrow::Cow;

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Literal(String),
    /// `*`: any text, also none.
    AnyText,
    /// `?`: any one character.
    AnyCharacter,
    /// `${name}` or `${name, 'default'}`.
    Variable {
        name: String,
        default: Option<String>,
    },
}

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    tokens: Vec<Token>,
}

/// How texts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Sensitive,
    Insensitive,
}

/// What a policy's text may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syntax {
    pub(crate) wildcards: bool,
    /// Version 2012-10-17 only.
    pub(crate) variables: bool,
}

impl Pattern {
    /// # Errors
    /// A sentence on a variable that is not well-formed.
    pub(crate) fn parse(text: &str, syntax: Syntax) -> Result<Self, String> {
        let mut tokens = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if syntax.variables && rest.starts_with("${") {
                let end = rest.find('}').ok_or_else(|| format!("the variable in {text:?} is not closed"))?;
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
                    if tokens.last() != Some(&Token::AnyText) {
                        tokens.push(Token::AnyText);
                    }
                }
                '?' if syntax.wildcards => {
                    flush(&mut literal, &mut tokens);
                    tokens.push(Token::AnyCharacter);
                }
                other => literal.push(other),
            }
        }
        flush(&mut literal, &mut tokens);
        Ok(Self { tokens })
    }

    /// Whether the whole of `text` fits. A variable without a value fits nothing.
    pub(crate) fn matches(&self, text: &str, case: Case, context: &dyn Context) -> bool {
        // Nearly every pattern is one of these, and they need no list.
        match self.tokens.as_slice() {
            [Token::AnyText] => return true,
            [Token::Literal(literal)] => return prefix(text, literal, case) == Some(text.len()),
            [Token::Literal(literal), Token::AnyText] => return prefix(text, literal, case).is_some(),
            _ => {}
        }
        let mut parts: Vec<Part<'_>> = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            parts.push(match token {
                Token::Literal(literal) => Part::Literal(Cow::Borrowed(literal)),
                Token::AnyText => Part::AnyText,
                Token::AnyCharacter => Part::AnyCharacter,
                Token::Variable { name, default } => match value_of(context, name) {
                    Some(value) => Part::Literal(Cow::Owned(value)),
                    None => match default {
                        Some(default) => Part::Literal(Cow::Borrowed(default)),
                        None => return false,
                    },
                },
            });
        }
        fits(&parts, text, case)
    }
}

enum Part<'a> {
    Literal(Cow<'a, str>),
    AnyText,
    AnyCharacter,
}

/// Goes through the text once for each run between two stars: a star remembers where it stood, and only the
/// last one is ever widened, so time is at most text times pattern.
fn fits(parts: &[Part<'_>], text: &str, case: Case) -> bool {
    let (mut at, mut part) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let taken = match parts.get(part) {
            Some(Part::AnyText) => {
                retry = Some((part + 1, at));
                part += 1;
                continue;
            }
            Some(Part::AnyCharacter) => text[at..].chars().next().map(char::len_utf8),
            Some(Part::Literal(literal)) => prefix(&text[at..], literal, case),
            None if at == text.len() => return true,
            None => None,
        };
        match taken {
            Some(bytes) => {
                at += bytes;
                part += 1;
            }
            None => {
                let Some((after_star, start)) = retry else { return false };
                let Some(character) = text[start..].chars().next() else { return false };
                let start = start + character.len_utf8();
                retry = Some((after_star, start));
                at = start;
                part = after_star;
            }
        }
    }
}

/// How many bytes of `text` the literal takes, if it stands there.
fn prefix(text: &str, literal: &str, case: Case) -> Option<usize> {
    let head = text.as_bytes().get(..literal.len())?;
    let equal = match case {
        Case::Sensitive => head == literal.as_bytes(),
        Case::Insensitive => head.eq_ignore_ascii_case(literal.as_bytes()),
    };
    equal.then_some(literal.len())
}

fn value_of(context: &dyn Context, name: &str) -> Option<String> {
    match context.value(name) {
        ConditionValue::Single(value) => Some(value.into_owned()),
        ConditionValue::Number(number) => Some(number.to_string()),
        ConditionValue::Bool(value) => Some(value.to_string()),
        // A variable stands for one value; a key with many has none to put in its place.
        ConditionValue::Absent | ConditionValue::Multi(_) => None,
    }
}

fn variable(inside: &str) -> Result<Token, String> {
    let (name, default) = match inside.split_once(',') {
        None => (inside, None),
        Some((name, default)) => {
            let default = default.trim();
            let quoted = default.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            let default =
                quoted.ok_or_else(|| format!("the default in ${{{inside}}} is not in single quotes"))?;
            (name, Some(default.to_owned()))
        }
    };
    let name = name.trim();
    if name.is_empty() || !name.contains(':') {
        return Err(format!("${{{inside}}} does not name a condition key"));
    }
    Ok(Token::Variable { name: name.to_ascii_lowercase(), default })
}

fn flush(literal: &mut String, tokens: &mut Vec<Token>) {
    if !literal.is_empty() {
        tokens.push(Token::Literal(std::mem::take(literal)));
    }
}

//! ARNs in conditions: six parts, each a pattern of its own.

use crate::pattern::{Case, Pattern, Syntax};
use crate::request::Context;

/// A pattern of `ArnLike` and its kin. A star does not reach over a colon, but in the last part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArnPattern {
    parts: Vec<Pattern>,
}

const PARTS: usize = 6;

impl ArnPattern {
    /// # Errors
    /// A sentence when the text has not the parts of an ARN.
    pub(crate) fn parse(text: &str, variables: bool) -> Result<Self, String> {
        let syntax = Syntax { wildcards: true, variables };
        let parts = split(text, variables);
        // `*` alone, and patterns that are cut by a star, are common and accepted.
        if parts.len() != PARTS && !parts.last().is_some_and(|last| last.ends_with('*')) {
            return Err(format!("{text:?} is not an ARN"));
        }
        let parts = parts.into_iter().map(|part| Pattern::parse(part, syntax)).collect::<Result<_, _>>()?;
        Ok(Self { parts })
    }

    pub(crate) fn matches(&self, arn: &str, context: &dyn Context) -> bool {
        let given: Vec<&str> = arn.splitn(self.parts.len(), ':').collect();
        arn.splitn(PARTS, ':').count() == PARTS
            && given.len() == self.parts.len()
            && self
                .parts
                .iter()
                .zip(given)
                .all(|(pattern, part)| pattern.matches(part, Case::Sensitive, context))
    }
}

/// Splits at the colons outside `${…}`, into six parts at the most.
fn split(text: &str, variables: bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut inside = false;
    for (at, character) in text.char_indices() {
        if parts.len() == PARTS - 1 {
            break;
        }
        match character {
            '$' if variables && text[at..].starts_with("${") => inside = true,
            '}' => inside = false,
            ':' if !inside => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

//! ARNs in conditions: six parts, each a pattern of its own.

use crate::error::quoted;
use crate::glob::Case;
use crate::pattern::{Pattern, Syntax, variable_end};
use crate::request::Context;

/// A pattern of `ArnLike` and its kin, which are one operator under four names (IAM User Guide, "Amazon Resource Name
/// (ARN) condition operators").
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ArnPattern {
    /// A star does not reach over a colon, but in the last part.
    Parts(Vec<Pattern>),
    /// A variable that stands for a whole ARN, such as `${aws:PrincipalArn}`: its colons are in its value.
    Whole(Pattern),
}

const PARTS: usize = 6;

impl ArnPattern {
    /// # Errors
    /// A sentence when the text has not the parts of an ARN.
    pub(crate) fn parse(text: &str, variables: bool) -> Result<Self, String> {
        let syntax = Syntax { wildcards: true, variables, parts_of_arn: false };
        let parts = split(text, variables);
        // `*` alone, and patterns that are cut by a star, are common and accepted.
        if parts.len() == PARTS || parts.last().is_some_and(|last| last.ends_with('*')) {
            let parts =
                parts.into_iter().map(|part| Pattern::parse(part, syntax)).collect::<Result<_, _>>()?;
            return Ok(Self::Parts(parts));
        }
        if variables && text.starts_with("${") {
            return Ok(Self::Whole(Pattern::parse(text, syntax)?));
        }
        Err(format!("{} is not an ARN", quoted(text)))
    }

    pub(crate) fn matches(&self, arn: &str, context: &dyn Context) -> bool {
        if arn.splitn(PARTS, ':').count() != PARTS {
            return false;
        }
        match self {
            Self::Whole(pattern) => pattern.matches(arn, Case::Sensitive, context),
            Self::Parts(patterns) => {
                let mut given = arn.splitn(patterns.len(), ':');
                patterns.iter().all(|pattern| {
                    given.next().is_some_and(|part| pattern.matches(part, Case::Sensitive, context))
                })
            }
        }
    }
}

/// Splits at the colons outside `${…}`, into six parts at the most.
fn split(text: &str, variables: bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    while parts.len() < PARTS - 1 {
        let rest = &text[at..];
        let Some(character) = rest.chars().next() else { break };
        if variables && rest.starts_with("${") {
            // One that is not closed is refused where the part is read.
            at += variable_end(rest).map_or(rest.len(), |end| end + 1);
            continue;
        }
        at += character.len_utf8();
        if character == ':' {
            parts.push(&text[start..at - 1]);
            start = at;
        }
    }
    parts.push(&text[start..]);
    parts
}

//! Policies that a simulation leaves out.
//!
//! Source: IAM API Reference, `PolicyIdentifier` and `InlinePolicyIdentifierType`.

use super::invalid_input;
use super::sources::{Origin, Source};
use crate::error::IamError;
use keywright_aws::iam::{AttachmentType, PolicyIdentifier, PolicyIdentifierPolicyType};

/// What is left out; nothing as default.
#[derive(Debug, Default)]
pub(crate) struct Exclusions(Vec<Exclusion>);

#[derive(Debug)]
enum Exclusion {
    Type(PolicyIdentifierPolicyType),
    /// The part of the ARN before the name, and the name as a pattern.
    Arn {
        before: String,
        name: String,
    },
    Inline {
        policy: String,
        kind: &'static str,
        entity: String,
    },
}

impl Exclusions {
    /// # Errors
    /// InvalidInput for an identifier that is not exactly one of the three, an ARN that is no policy's, or a wildcard
    /// where none may be.
    pub(crate) fn parse(given: Vec<PolicyIdentifier>) -> Result<Self, IamError> {
        given.into_iter().map(Exclusion::parse).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn cover(&self, source: &Source) -> bool {
        self.0.iter().any(|exclusion| exclusion.covers(&source.origin))
    }
}

impl Exclusion {
    fn parse(given: PolicyIdentifier) -> Result<Self, IamError> {
        match (given.policy_type, given.policy_arn, given.inline_policy_identifier) {
            (Some(kind), None, None) => Ok(Self::Type(kind)),
            (None, Some(arn), None) => {
                let (before, name) = arn
                    .rfind(['/', ':'])
                    .map(|at| arn.split_at(at + 1))
                    .filter(|(before, name)| {
                        before.starts_with("arn:aws:iam::")
                            && before.contains(":policy/")
                            && !before.contains(['*', '?'])
                            && is_pattern(name)
                    })
                    .ok_or_else(|| invalid_input(format!("Invalid policy identifier: {arn}.")))?;
                Ok(Self::Arn { before: before.to_owned(), name: name.to_owned() })
            }
            (None, None, Some(inline)) => {
                if !is_pattern(&inline.attachment_name) {
                    return Err(invalid_input(format!(
                        "Invalid attachment name: {}.",
                        inline.attachment_name
                    )));
                }
                let kind = match inline.attachment_type {
                    AttachmentType::User => ":user/",
                    AttachmentType::Group => ":group/",
                    AttachmentType::Role => ":role/",
                };
                Ok(Self::Inline { policy: inline.policy_name, kind, entity: inline.attachment_name })
            }
            _ => Err(invalid_input(
                "A policy identifier must have exactly one of PolicyType, PolicyArn and InlinePolicyIdentifier.",
            )),
        }
    }

    fn covers(&self, origin: &Origin) -> bool {
        match (self, origin) {
            (_, Origin::Input) => false,
            (Self::Type(kind), _) => match kind {
                PolicyIdentifierPolicyType::Inline => matches!(origin, Origin::Inline { .. }),
                PolicyIdentifierPolicyType::AwsManaged => {
                    matches!(origin, Origin::Managed { arn } if arn.contains(":iam::aws:"))
                }
                PolicyIdentifierPolicyType::UserManaged => {
                    matches!(origin, Origin::Managed { arn } if !arn.contains(":iam::aws:"))
                }
                PolicyIdentifierPolicyType::PermissionBoundary => matches!(origin, Origin::Boundary { .. }),
                // There are none.
                PolicyIdentifierPolicyType::Scp | PolicyIdentifierPolicyType::Rcp => false,
            },
            (Self::Arn { before, name }, Origin::Managed { arn }) => {
                arn.strip_prefix(before.as_str()).is_some_and(|rest| fits(name, rest))
            }
            (Self::Inline { policy, kind, entity }, Origin::Inline { name, entity: of }) => {
                name == policy
                    && of.contains(kind)
                    && of.rsplit('/').next().is_some_and(|name| fits(entity, name))
            }
            (Self::Arn { .. }, Origin::Inline { .. } | Origin::Boundary { .. })
            | (Self::Inline { .. }, Origin::Managed { .. } | Origin::Boundary { .. }) => false,
        }
    }
}

/// At most one star; any number of question marks.
fn is_pattern(text: &str) -> bool {
    !text.is_empty() && text.bytes().filter(|byte| *byte == b'*').count() <= 1
}

fn fits(pattern: &str, text: &str) -> bool {
    let alike = |pattern: &str, text: &str| {
        pattern.chars().count() == text.chars().count()
            && pattern.chars().zip(text.chars()).all(|(wanted, found)| wanted == '?' || wanted == found)
    };
    match pattern.split_once('*') {
        None => alike(pattern, text),
        Some((head, tail)) => {
            let characters: Vec<char> = text.chars().collect();
            let (first, last) = (head.chars().count(), tail.chars().count());
            first + last <= characters.len()
                && alike(head, &characters[..first].iter().collect::<String>())
                && alike(tail, &characters[characters.len() - last..].iter().collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn one_star_and_question_marks() {
        for (pattern, text, expected) in [
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "a", false),
            ("ab*bc", "abc", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("?", "é", true),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}

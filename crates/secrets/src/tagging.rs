//! The rules of a secret's tags.
//!
//! Invariant: no two tags of a secret are alike but for the case of their names, since conditions name tags without regard
//! to case: who may set the one could have it read in the other's place.
//!
//! Source: Secrets Manager API Reference, TagResource.

use crate::condition::of_secret;
use crate::error::SecretsError;
use crate::secret::Secret;
use keywright_auth::{RequestContext, keeps_right};
use keywright_aws::secretsmanager::Tag;
use keywright_policy::ConditionValue;
use keywright_types::Tags;

const TAGS_MAX: usize = 50;

/// Tags as a request gives them.
pub(crate) type Given = Vec<(String, String)>;

/// # Errors
/// InvalidParameterException for a tag without a key, a reserved key, or one that is given twice.
pub(crate) fn parse(tags: Option<Vec<Tag>>) -> Result<Given, SecretsError> {
    let mut given: Given = Vec::new();
    for tag in tags.unwrap_or_default() {
        let key = tag.key.ok_or_else(|| SecretsError::parameter("A tag must have a key."))?;
        if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
            return Err(SecretsError::parameter("Tag keys can't begin with the prefix aws:."));
        }
        if given.iter().any(|(known, _)| known.eq_ignore_ascii_case(&key)) {
            return Err(SecretsError::parameter(format!("The tag key {key} is given more than once.")));
        }
        given.push((key, tag.value.unwrap_or_default()));
    }
    Ok(given)
}

/// Adds tags to those that are there; a key that differs in case only takes the place of the other.
///
/// # Errors
/// InvalidParameterException for too many.
pub(crate) fn add(tags: &mut Tags, given: &[(String, String)]) -> Result<(), SecretsError> {
    for (key, value) in given {
        let alike = tags.iter().map(|(known, _)| known).find(|known| known.eq_ignore_ascii_case(key));
        if let Some(alike) = alike.map(str::to_owned) {
            tags.remove(&alike);
        }
        tags.insert(key.clone(), value.clone());
    }
    if tags.len() > TAGS_MAX {
        return Err(SecretsError::parameter(format!("A secret can have at most {TAGS_MAX} tags.")));
    }
    Ok(())
}

/// Tags can decide who may touch the secret: a change by which the caller would lose the right to undo it is refused.
///
/// # Errors
/// AccessDeniedException (API Reference, TagResource and UntagResource).
pub(crate) fn check_not_locked_out(
    action: &str,
    secret: &Secret,
    tags: &Tags,
    request: &RequestContext,
) -> Result<(), SecretsError> {
    let mut changed = secret.clone();
    changed.row.tags = tags.clone();
    let condition = |name: &str| match of_secret(Some(&changed), name) {
        // What is asked for later is not known.
        ConditionValue::Single(value) => ConditionValue::Single(value.into_owned().into()),
        _ => ConditionValue::Absent,
    };
    if keeps_right(action, &secret.arn, &secret.policy, request, &condition) {
        return Ok(());
    }
    Err(SecretsError::AccessDenied {
        message: "You can't change these tags because you would lose your permissions for the secret."
            .to_owned(),
    })
}

/// Tags as the API shows them.
pub(crate) fn shown(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: Some(key.to_owned()), value: Some(value.to_owned()) }).collect()
}

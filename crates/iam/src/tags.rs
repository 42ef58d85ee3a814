//! Tags of users, roles, policies and MFA devices.
//!
//! Source: IAM User Guide, "Tags for IAM resources": 50 at most, keys differ also in more than case, `aws:` reserved.

use crate::error::IamError;
use keywright_policy::ConditionValue;
use keywright_types::Tags;

const TAGS_MAX: usize = 50;

/// Adds tags to those that are there; a key that differs in case only takes the place of the other.
///
/// # Errors
/// InvalidInput for reserved or doubled keys, LimitExceeded for too many.
pub(crate) fn add(
    tags: &mut Tags,
    given: impl IntoIterator<Item = (String, String)>,
) -> Result<(), IamError> {
    let mut seen: Vec<String> = Vec::new();
    for (key, value) in given {
        let folded = key.to_lowercase();
        if folded.starts_with("aws:") {
            return Err(IamError::InvalidInput {
                message: "System tags cannot be added/updated by requester".to_owned(),
            });
        }
        if seen.contains(&folded) {
            return Err(IamError::InvalidInput {
                message: "Duplicate tag keys found. Please note that Tag keys are case insensitive."
                    .to_owned(),
            });
        }
        let old = tags
            .iter()
            .map(|(known, _)| known)
            .find(|known| known.to_lowercase() == folded)
            .map(str::to_owned);
        if let Some(old) = old {
            tags.remove(&old);
        }
        seen.push(folded);
        tags.insert(key, value);
    }
    if tags.len() > TAGS_MAX {
        return Err(IamError::LimitExceeded {
            message: format!("The number of tags has reached the maximum limit of {TAGS_MAX}."),
        });
    }
    Ok(())
}

/// Takes tags away; keys that are not there are no error.
pub(crate) fn remove(tags: &mut Tags, keys: &[String]) {
    for key in keys {
        let folded = key.to_lowercase();
        let known = tags
            .iter()
            .map(|(known, _)| known)
            .find(|known| known.to_lowercase() == folded)
            .map(str::to_owned);
        if let Some(known) = known {
            tags.remove(&known);
        }
    }
}

/// `aws:RequestTag/KEY` and `aws:TagKeys` of a request that gives these tags.
pub(crate) fn requested<'a>(given: &'a [(String, String)], name: &str) -> ConditionValue<'a> {
    if name == "aws:tagkeys" {
        return if given.is_empty() {
            ConditionValue::Absent
        } else {
            ConditionValue::Multi(given.iter().map(|(key, _)| key.as_str()).collect())
        };
    }
    name.strip_prefix("aws:requesttag/")
        .and_then(|tag| given.iter().find(|(key, _)| key.eq_ignore_ascii_case(tag)))
        .map_or(ConditionValue::Absent, |(_, value)| ConditionValue::Single(value.as_str().into()))
}

/// `aws:TagKeys` of a request that takes tags away.
pub(crate) fn requested_keys<'a>(keys: &'a [String], name: &str) -> ConditionValue<'a> {
    match name {
        "aws:tagkeys" => ConditionValue::Multi(keys.iter().map(String::as_str).collect()),
        _ => ConditionValue::Absent,
    }
}

/// `aws:ResourceTag/KEY` and `iam:ResourceTag/KEY` of a resource with these tags.
pub(crate) fn of_resource<'a>(tags: &'a Tags, name: &str) -> ConditionValue<'a> {
    name.strip_prefix("aws:resourcetag/")
        .or_else(|| name.strip_prefix("iam:resourcetag/"))
        .and_then(|tag| tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(tag)))
        .map_or(ConditionValue::Absent, |(_, value)| ConditionValue::Single(value.into()))
}

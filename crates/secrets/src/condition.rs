//! Secrets Manager's condition keys: what a policy's `Condition` may ask about a request.
//!
//! Names come in lower case. Source: Service Authorization Reference, "Condition keys for AWS Secrets Manager".

use crate::secret::Secret;
use keywright_policy::ConditionValue;

/// The keys that every operation on a secret has.
pub(crate) fn of_secret<'a>(secret: Option<&'a Secret>, name: &str) -> ConditionValue<'a> {
    let Some(secret) = secret else { return ConditionValue::Absent };
    match name {
        "secretsmanager:secretid" => ConditionValue::Single((&*secret.arn).into()),
        "secretsmanager:resource/type" => optional(secret.row.secret_type.as_deref()),
        "secretsmanager:secretprimaryregion" => ConditionValue::Single(
            secret.row.primary_region.as_ref().unwrap_or(&secret.row.region).as_str().into(),
        ),
        _ => match name
            .strip_prefix("aws:resourcetag/")
            .or_else(|| name.strip_prefix("secretsmanager:resourcetag/"))
        {
            // Condition keys ignore case, and so does the tag's name behind them.
            Some(tag) => optional(
                secret
                    .row
                    .tags
                    .iter()
                    .find(|(known, _)| known.eq_ignore_ascii_case(tag))
                    .map(|(_, value)| value),
            ),
            None => ConditionValue::Absent,
        },
    }
}

/// A member of the request that may be missing.
pub(crate) fn optional(text: Option<&str>) -> ConditionValue<'_> {
    text.map_or(ConditionValue::Absent, |text| ConditionValue::Single(text.into()))
}

/// The keys of a request that gives tags.
pub(crate) fn of_given_tags<'a>(given: &'a [(String, String)], name: &str) -> ConditionValue<'a> {
    if name == "aws:tagkeys" {
        return match given {
            [] => ConditionValue::Absent,
            given => ConditionValue::Multi(given.iter().map(|(key, _)| key.as_str()).collect()),
        };
    }
    name.strip_prefix("aws:requesttag/")
        .and_then(|tag| given.iter().find(|(key, _)| key.eq_ignore_ascii_case(tag)))
        .map_or(ConditionValue::Absent, |(_, value)| ConditionValue::Single(value.as_str().into()))
}

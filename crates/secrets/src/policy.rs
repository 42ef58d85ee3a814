//! Resource policies: their form, whom they name, whether they let strangers in.
//!
//! Source: Secrets Manager API Reference, PutResourcePolicy and ValidateResourcePolicy. What AWS proves with a solver is
//! decided here by form: a statement that allows everybody is public unless a condition ties it down.

use crate::error::SecretsError;
use keywright_auth::identities::{Pins, unique_id_of};
use keywright_auth::{AccountRow, ServiceError as _};
use keywright_policy::{Document, Kind, NamedKind};
use keywright_store::{Column as _, Store};
use keywright_types::{AccountId, root_arn};
use serde_json::Value;
use std::sync::Arc;

/// AWS's quota, in characters.
const POLICY_CHARS_MAX: usize = 20_480;

/// # Errors
/// MalformedPolicyDocumentException for its form or its length.
pub(crate) fn parse(text: &str) -> Result<Arc<Document>, SecretsError> {
    if text.chars().count() > POLICY_CHARS_MAX {
        return Err(SecretsError::UnusablePolicy {
            message: format!("The resource policy is longer than {POLICY_CHARS_MAX} characters.").into(),
        });
    }
    Document::parse(text, Kind::Resource).map(Arc::new).map_err(SecretsError::MalformedPolicy)
}

/// The unique ids of those whom a policy names; none if somebody is not there.
///
/// # Errors
/// The store's.
pub(crate) async fn find_pins(store: &Store, policy: &Document) -> Result<Option<Pins>, SecretsError> {
    let mut pins = Pins::new();
    for principal in policy.principals() {
        if principal.kind != NamedKind::Aws || principal.name == "*" {
            continue;
        }
        let number = principal.name.split(':').nth(4).unwrap_or(&principal.name);
        let account = AccountId::parse(number)
            .ok()
            .filter(|account| principal.name == number || principal.name == root_arn(*account));
        if let Some(account) = account {
            let found = store.find::<AccountRow>(&[account.to_value()]).await;
            if found.map_err(SecretsError::from_store)?.is_none() {
                return Ok(None);
            }
            continue;
        }
        match unique_id_of(store, &principal.name).await.map_err(SecretsError::from_store)? {
            Some(id) => pins.insert(principal.name, id.to_string()),
            None => return Ok(None),
        };
    }
    Ok(Some(pins))
}

/// The condition keys that tie a statement to somebody known.
const TIES: &[&str] = &[
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:userid",
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpcsourceip",
    "aws:sourceip",
    "kms:calleraccount",
];

/// Whether a statement allows everybody, without a condition that names somebody.
#[must_use]
pub(crate) fn is_public(policy: &Document) -> bool {
    let Ok(Value::Object(policy)) = serde_json::from_str(policy.text()) else { return true };
    match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().any(is_broad),
        Some(statement) => is_broad(statement),
        None => false,
    }
}

fn is_broad(statement: &Value) -> bool {
    if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
        return false;
    }
    let names_everybody = match statement.get("Principal") {
        Some(Value::String(name)) => name == "*",
        Some(Value::Object(kinds)) => kinds.iter().any(|(kind, names)| {
            kind == "AWS"
                && match names {
                    Value::String(name) => name == "*",
                    Value::Array(names) => names.iter().any(|name| name.as_str() == Some("*")),
                    _ => false,
                }
        }),
        // NotPrincipal goes with Deny alone.
        _ => false,
    };
    names_everybody && !statement.get("Condition").is_some_and(is_tied)
}

/// Whether a condition with a positive operator holds a key that names somebody to values that are not everybody.
fn is_tied(condition: &Value) -> bool {
    let Value::Object(operators) = condition else { return false };
    operators.iter().any(|(operator, pairs)| {
        let positive =
            ["StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress"];
        if !positive.iter().any(|known| operator.eq_ignore_ascii_case(known)) {
            return false;
        }
        let Value::Object(pairs) = pairs else { return false };
        pairs.iter().any(|(key, values)| {
            let broad = |value: &Value| {
                value.as_str().is_none_or(|text| {
                    let bare = text.trim_matches(|letter| matches!(letter, '*' | '?' | ':'));
                    bare.is_empty() || text == "0.0.0.0/0" || text == "::/0"
                })
            };
            let values_are_narrow = match values {
                Value::Array(values) => !values.is_empty() && !values.iter().any(broad),
                value => !broad(value),
            };
            TIES.iter().any(|tie| key.eq_ignore_ascii_case(tie)) && values_are_narrow
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{is_public, parse};

    #[test]
    fn who_lets_everybody_in() {
        let check = |principal: &str, condition: &str, public: bool| {
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{principal},"Action":"secretsmanager:GetSecretValue","Resource":"*"{condition}}}]}}"#
            );
            assert_eq!(is_public(&parse(&text).expect("a policy")), public, "{text}");
        };
        let everybody = r#""Principal":"*""#;
        check(everybody, "", true);
        check(r#""Principal":{"AWS":"*"}"#, "", true);
        check(r#""Principal":{"AWS":["111122223333","*"]}"#, "", true);
        check(r#""Principal":{"AWS":"111122223333"}"#, "", false);
        let of = |text: &str| format!(r#","Condition":{text}"#);
        check(everybody, &of(r#"{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}"#), false);
        check(everybody, &of(r#"{"StringEquals":{"aws:PrincipalOrgID":"o-abc"}}"#), false);
        check(everybody, &of(r#"{"ArnLike":{"aws:PrincipalArn":"*"}}"#), true);
        check(everybody, &of(r#"{"StringNotEquals":{"aws:PrincipalAccount":"111122223333"}}"#), true);
        check(everybody, &of(r#"{"StringEqualsIfExists":{"aws:PrincipalAccount":"111122223333"}}"#), true);
        check(everybody, &of(r#"{"Bool":{"aws:SecureTransport":"true"}}"#), true);
        check(everybody, &of(r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#), true);
        check(everybody, &of(r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8"]}}"#), false);
    }
}

//! Trust policies: who may assume a role, and what becomes of the policy once somebody whom it names is gone.
//!
//! What: a trust policy is read strictly, whoever it names must be there, and it is pinned to their unique ids. A
//! namesake that is made later is not trusted; answers then show the unique id in place of the ARN, as AWS does.
//!
//! Source: IAM User Guide, "AWS JSON policy elements: Principal", on deleted users and roles.

use crate::error::{IamError, PolicyFault};
use crate::policy_text;
use crate::service::Iam;
use keywright_auth::identities::{Json, Pins, RoleRow, names_now, unique_id_of};
use keywright_auth::{AccountRow, Cause, ServiceError as _, View};
use keywright_policy::{Document, Kind};
use keywright_store::Column as _;
use keywright_types::{AccountId, PARTITION};
use serde_json::Value;

/// Characters of a trust policy, white space aside (IAM User Guide, "IAM and AWS STS quotas").
const SIZE_MAX: usize = 2_048;

/// A trust policy as given.
pub(crate) struct TrustPolicy {
    pub(crate) text: String,
    /// The principals under `AWS`.
    named: Vec<String>,
}

/// What was found of those whom a trust policy names.
#[derive(Debug)]
pub(crate) enum Principals {
    /// All are there.
    Known(Pins),
    /// The first that is not.
    Unknown(String),
}

impl TrustPolicy {
    /// # Errors
    /// MalformedPolicyDocument, LimitExceeded.
    pub(crate) fn parse(text: String) -> Result<Self, IamError> {
        let document = Document::parse(&text, Kind::Resource)?;
        let is_sts =
            |action: &str| action.get(..4).is_some_and(|service| service.eq_ignore_ascii_case("sts:"));
        if !document.actions().all(is_sts) {
            return Err(policy_text::rule("AssumeRole policy may only specify STS AssumeRole actions."));
        }
        let mut named = Vec::new();
        // The policy parser is as strict as this one; should they ever differ, the stricter wins.
        let parsed: Value =
            serde_json::from_str(&text).map_err(|_| policy_text::rule("Syntax errors in policy."))?;
        for statement in statements(&parsed) {
            if statement.get("Resource").is_some() || statement.get("NotResource").is_some() {
                return Err(policy_text::rule("Has prohibited field Resource"));
            }
            if statement.get("Action").is_none() && statement.get("NotAction").is_none() {
                return Err(policy_text::rule("Missing required field Action"));
            }
            for key in ["Principal", "NotPrincipal"] {
                match statement.get(key).and_then(|principal| principal.get("AWS")) {
                    Some(Value::Array(items)) => {
                        named.extend(items.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    Some(Value::String(one)) => named.push(one.clone()),
                    _ => {}
                }
            }
        }
        if policy_text::counted(&text) > SIZE_MAX {
            return Err(IamError::quota("ACLSizePerRole", SIZE_MAX));
        }
        Ok(Self { text, named })
    }

    /// # Errors
    /// The store's.
    pub(crate) async fn principals(&self, view: View<'_, Iam>) -> Result<Principals, IamError> {
        let mut pins = Pins::new();
        for named in &self.named {
            if named == "*" {
                continue;
            }
            if let Some(account) = account_of(named) {
                let found = view.store.find::<AccountRow>(&[account.to_value()]).await;
                if found.map_err(IamError::from_store)?.is_none() {
                    return Ok(Principals::Unknown(named.clone()));
                }
                continue;
            }
            match unique_id_of(view.store, named).await.map_err(IamError::from_store)? {
                Some(id) => {
                    pins.insert(named.clone(), id.to_string());
                }
                None => return Ok(Principals::Unknown(named.clone())),
            }
        }
        Ok(Principals::Known(pins))
    }
}

impl Principals {
    /// What the role is pinned to.
    ///
    /// # Errors
    /// MalformedPolicyDocument with AWS's text.
    pub(crate) fn pins(&self) -> Result<Json<Pins>, IamError> {
        match self {
            Self::Known(pins) => Ok(Json(pins.clone())),
            Self::Unknown(principal) => Err(IamError::MalformedPolicy(PolicyFault::Rule(
                format!("Invalid principal in policy: \"AWS\":\"{principal}\"").into(),
            ))),
        }
    }
}

/// The account that a principal stands for, by its number or its root user.
fn account_of(principal: &str) -> Option<AccountId> {
    let number = principal
        .strip_prefix("arn:")
        .and_then(|rest| rest.strip_prefix(PARTITION))
        .and_then(|rest| rest.strip_prefix(":iam::"))
        .and_then(|rest| rest.strip_suffix(":root"))
        .unwrap_or(principal);
    AccountId::parse(number).ok()
}

/// The trust policy of a role as answers show it: percent-encoded, those who are gone by their unique ids.
///
/// # Errors
/// The store's.
pub(crate) async fn shown(view: View<'_, Iam>, role: &RoleRow) -> Result<String, IamError> {
    let renamed = names_now(view.store, &role.trust_pins.0).await.map_err(IamError::from_store)?;
    if renamed.is_empty() {
        return Ok(policy_text::encoded(&role.trust_policy));
    }
    let policy = Document::parse(&role.trust_policy, Kind::Trust)
        .map_err(|_| IamError::internal(Cause::new("a stored trust policy is none")))?;
    Ok(policy_text::encoded(&policy.shown(&renamed)))
}

fn statements(policy: &Value) -> &[Value] {
    match policy.get("Statement") {
        Some(Value::Array(list)) => list,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::{TrustPolicy, account_of};
    use keywright_auth::ServiceError as _;
    use keywright_policy::{Document, Kind};
    use std::collections::BTreeMap;

    fn policy(statement: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{statement}}}]}}"#)
    }

    #[test]
    fn principals_under_aws_are_found_wherever_they_stand() {
        for (principal, named) in [
            (r#""*""#, &[][..]),
            (r#"{"AWS":"*"}"#, &["*"]),
            (r#"{"AWS":"111122223333"}"#, &["111122223333"]),
            (
                r#"{"AWS":["arn:aws:iam::111122223333:user/a","arn:aws:iam::111122223333:root"],"Service":"lambda.amazonaws.com"}"#,
                &["arn:aws:iam::111122223333:user/a", "arn:aws:iam::111122223333:root"],
            ),
        ] {
            let text = policy(&format!(r#""Principal":{principal},"Action":"sts:AssumeRole""#));
            assert_eq!(TrustPolicy::parse(text).expect(principal).named, named, "{principal}");
        }
    }

    #[test]
    fn what_is_no_trust_policy_is_refused() {
        for (statement, text) in [
            (
                r#""Principal":"*","Action":"s3:GetObject""#,
                "AssumeRole policy may only specify STS AssumeRole actions.",
            ),
            (r#""Principal":"*","Action":"*""#, "AssumeRole policy may only specify STS AssumeRole actions."),
            (r#""Principal":"*","Action":"sts:AssumeRole","Resource":"*""#, "Has prohibited field Resource"),
            (r#""Principal":"*""#, "Missing required field Action"),
            (r#""Action":"sts:AssumeRole""#, "Syntax errors in policy."),
        ] {
            let Err(refused) = TrustPolicy::parse(policy(statement)) else {
                panic!("{statement} was accepted")
            };
            let wire = refused.wire();
            assert_eq!(wire.code, "MalformedPolicyDocument", "{statement}");
            assert!(wire.message.expect("a text").starts_with(text), "{statement}");
        }
    }

    #[test]
    fn white_space_does_not_count() {
        let spaced = |spaces: usize| {
            policy(&format!(r#""Principal":"*","Action":"sts:AssumeRole"{}"#, " ".repeat(spaces)))
        };
        TrustPolicy::parse(spaced(3_000)).map(|_| ()).expect("white space is free");
        let long =
            policy(&format!(r#""Sid":"{}","Principal":"*","Action":"sts:AssumeRole""#, "s".repeat(2_048)));
        let refused = TrustPolicy::parse(long).map(|_| ()).expect_err("too long");
        assert_eq!(refused.wire().message.as_deref(), Some("Cannot exceed quota for ACLSizePerRole: 2048"));
    }

    #[test]
    fn accounts_are_told_from_users() {
        for account in ["111122223333", "arn:aws:iam::111122223333:root"] {
            assert_eq!(account_of(account).map(|id| id.to_string()).as_deref(), Some("111122223333"));
        }
        for other in ["*", "arn:aws:iam::111122223333:user/root", "AIDAEXAMPLE"] {
            assert_eq!(account_of(other), None, "{other}");
        }
    }

    #[test]
    fn whoever_is_gone_is_shown_by_its_id_as_a_principal_only() {
        let arn = "arn:aws:iam::111122223333:user/gone";
        let text = policy(&format!(
            r#""Principal":{{"AWS":["{arn}","arn:aws:iam::111122223333:user/here"]}},"Action":"sts:AssumeRole","Condition":{{"ArnEquals":{{"aws:PrincipalArn":"{arn}"}}}}"#
        ));
        let policy = Document::parse(&text, Kind::Trust).expect("a policy");
        let shown = policy.shown(&BTreeMap::from([(arn.to_owned(), "AIDAGONE".to_owned())]));
        assert!(shown.contains(r#""AWS":["AIDAGONE","arn:aws:iam::111122223333:user/here"]"#), "{shown}");
        assert!(shown.contains(&format!(r#""aws:PrincipalArn":"{arn}""#)), "{shown}");
        assert_eq!(policy.shown(&BTreeMap::new()), text);
    }
}

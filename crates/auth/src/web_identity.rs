//! What a provider of identities says of somebody, once its signature was checked.
//!
//! Source: IAM User Guide, "Available keys for AWS OIDC federation"; STS API Reference, AssumeRoleWithWebIdentity.

use keywright_policy::ConditionValue;
use keywright_types::{AccountId, PARTITION, Tags};
use std::collections::BTreeMap;

/// One claim, as far as policies can ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    Text(String),
    Texts(Vec<String>),
    Number(i64),
    Bool(bool),
}

/// A token of a provider, verified. Only the verifier of tokens (iam::oidc) makes one for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebIdentity {
    /// The provider's ARN in the account of the role that is asked for.
    pub provider: String,
    /// `iss` as the token has it.
    pub issuer: String,
    pub subject: String,
    /// The audience that the server's configuration knows.
    pub audience: String,
    /// By name in lower case, as condition keys are compared.
    pub claims: BTreeMap<String, Claim>,
    /// What the provider gives the session, by the claims that AWS has for it.
    pub tags: Tags,
    pub transitive: Vec<String>,
    pub source_identity: Option<String>,
}

impl WebIdentity {
    /// `provider:audience:subject`, as CloudTrail names the caller.
    #[must_use]
    pub fn caller_id(&self) -> String {
        format!("{}:{}:{}", self.provider, self.audience, self.subject)
    }

    /// The value of `HOST/PATH:claim`; none for keys that are not this provider's.
    pub(crate) fn condition(&self, name: &str) -> Option<ConditionValue<'_>> {
        let claim = claim_name(&self.provider, name)?;
        Some(match self.claims.get(claim) {
            None => ConditionValue::Absent,
            Some(Claim::Text(text)) => ConditionValue::Single(text.as_str().into()),
            Some(Claim::Texts(texts)) => ConditionValue::Multi(texts.iter().map(String::as_str).collect()),
            Some(Claim::Number(number)) => ConditionValue::Number(*number),
            Some(Claim::Bool(value)) => ConditionValue::Bool(*value),
        })
    }
}

const RESOURCE: &str = ":oidc-provider/";

/// `arn:aws:iam::ACCOUNT:oidc-provider/HOST/PATH` of an issuer's address without its scheme.
#[must_use]
pub fn provider_arn(account: AccountId, place: &str) -> String {
    format!("arn:{PARTITION}:iam::{account}{RESOURCE}{place}")
}

/// The claim that a condition key of this provider asks for.
pub(crate) fn claim_name<'a>(provider: &str, key: &'a str) -> Option<&'a str> {
    let (_, place) = provider.split_once(RESOURCE)?;
    let (before, claim) = key.split_at_checked(place.len())?;
    before.eq_ignore_ascii_case(place).then(|| claim.strip_prefix(':')).flatten()
}

#[cfg(test)]
mod tests {
    use super::{claim_name, provider_arn};
    use keywright_types::AccountId;

    #[test]
    fn keys_belong_to_one_provider() {
        let account = AccountId::parse("111122223333").expect("an account");
        let provider = provider_arn(account, "sso.example:8443/realms/A");
        assert_eq!(provider, "arn:aws:iam::111122223333:oidc-provider/sso.example:8443/realms/A");
        assert_eq!(claim_name(&provider, "sso.example:8443/realms/a:sub"), Some("sub"));
        // A claim's own name may have colons.
        assert_eq!(claim_name(&provider, "sso.example:8443/realms/a:urn:x"), Some("urn:x"));
        for other in [
            "sso.example:8443/realms/ab:sub",
            "sso.example:8443/realms:sub",
            "sso.example:8443/realms/a",
            "aws:sourceip",
        ] {
            assert_eq!(claim_name(&provider, other), None, "{other}");
        }
    }
}

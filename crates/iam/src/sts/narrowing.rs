//! Session policies: what the maker of a session takes from what the role may do.
//!
//! Source: STS API Reference, AssumeRole: one policy text and ten managed policies at the most, 2,048 characters of
//! text; policies and tags together are packed, and the packed size is limited. How AWS packs is not documented; here
//! it counts the characters that mean something, against 4,096.

use super::credentials::percent;
use crate::error::IamError;
use crate::policy_text;
use crate::service::Iam;
use keywright_auth::identities::{EntityKind, find_policy, find_service_policy, parse_entity_arn};
use keywright_auth::{ServiceError as _, View};
use keywright_aws::sts::PolicyDescriptorType;
use keywright_types::{AccountId, Tags};

const POLICY_ARNS_MAX: usize = 10;
const TEXT_CHARACTERS_MAX: usize = 2048;
const PACKED_MAX: usize = 4096;

/// The session policies of a request.
#[derive(Debug, Default)]
pub(crate) struct Narrowing {
    pub(crate) policy: Option<String>,
    pub(crate) policy_arns: Vec<String>,
}

impl Narrowing {
    /// # Errors
    /// ValidationError, MalformedPolicyDocument.
    pub(crate) fn parse(
        policy: Option<String>,
        policy_arns: Option<Vec<PolicyDescriptorType>>,
    ) -> Result<Self, IamError> {
        if let Some(text) = &policy {
            if text.chars().count() > TEXT_CHARACTERS_MAX {
                return Err(IamError::validation(format!(
                    "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have \
                     length less than or equal to {TEXT_CHARACTERS_MAX}"
                )));
            }
            policy_text::check_identity(text)?;
        }
        let mut arns: Vec<String> = Vec::new();
        for descriptor in policy_arns.unwrap_or_default() {
            let arn = descriptor.arn.ok_or_else(|| IamError::validation("A policy is named by its arn."))?;
            if parse_entity_arn(&arn, EntityKind::Policy).is_none() {
                return Err(IamError::validation(format!("{arn} is invalid")));
            }
            if !arns.contains(&arn) {
                arns.push(arn);
            }
        }
        if arns.len() > POLICY_ARNS_MAX {
            return Err(IamError::validation(format!(
                "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have \
                 length less than or equal to {POLICY_ARNS_MAX}"
            )));
        }
        Ok(Self { policy, policy_arns: arns })
    }

    /// The first managed policy that is neither the service's nor the role's account's.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn missing(
        &self,
        view: View<'_, Iam>,
        account: AccountId,
    ) -> Result<Option<String>, IamError> {
        for arn in &self.policy_arns {
            if find_service_policy(arn).is_some() {
                continue;
            }
            let found = find_policy(view.store, arn).await.map_err(IamError::from_store)?;
            if found.is_none_or(|found| found.row.account != account) {
                return Ok(Some(arn.clone()));
            }
        }
        Ok(None)
    }

    /// How much of what a session may carry is used, in percent; none if it carries nothing.
    ///
    /// # Errors
    /// PackedPolicyTooLarge.
    pub(crate) fn packed(&self, tags: &Tags) -> Result<Option<i32>, IamError> {
        let of_policies = self.policy.as_deref().map_or(0, policy_text::counted)
            + self.policy_arns.iter().map(String::len).sum::<usize>();
        let of_tags: usize = tags.iter().map(|(key, value)| key.len() + value.len()).sum();
        let used = of_policies + of_tags;
        if used > PACKED_MAX {
            let what = if of_policies == 0 { "session tags" } else { "policy" };
            return Err(IamError::PackedPolicyTooLarge { what, percent: percent(used, PACKED_MAX) });
        }
        Ok((used > 0).then(|| percent(used, PACKED_MAX)))
    }
}

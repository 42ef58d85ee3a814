//! Key policies: the text's form, the lockout check, the default ones.

use crate::error::{KmsError, Limit, PolicyFault};
use keywright_auth::RequestContext;
use keywright_policy::{Document, Kind};
use keywright_types::{AccountId, KeyArn};
use std::sync::Arc;

/// AWS's quota for a key policy, in bytes.
const POLICY_BYTES_MAX: usize = 32 * 1024;

/// Compiles a policy that a caller gives.
///
/// # Errors
/// MalformedPolicyDocumentException for its form, LimitExceededException for its size.
pub(crate) fn parse(text: &str) -> Result<Arc<Document>, KmsError> {
    if text.len() > POLICY_BYTES_MAX {
        return Err(KmsError::Limit(Limit::PolicySize));
    }
    Document::parse(text, Kind::Resource)
        .map(Arc::new)
        .map_err(|fault| KmsError::MalformedPolicy(PolicyFault::Form(fault)))
}

/// The policy of a key made without one: the account, and through it its IAM policies, may do everything.
#[must_use]
pub(crate) fn default_policy(account: AccountId) -> Arc<Document> {
    compile_own(&keywright_policy::default_key_policy(account))
}

/// The policy of a service-managed key: used only through the service, looked at by the account.
#[must_use]
pub(crate) fn service_managed_policy(arn: &KeyArn, service: &str) -> Arc<Document> {
    compile_own(&keywright_policy::service_managed_key_policy(arn.account, &arn.region, service))
}

fn compile_own(text: &str) -> Arc<Document> {
    Arc::new(Document::parse(text, Kind::Resource).expect("our own policy texts are well-formed"))
}

/// # Errors
/// MalformedPolicyDocumentException when the caller could not change the policy any more.
pub(crate) fn check_lockout(
    policy: &Document,
    arn: &KeyArn,
    request: &RequestContext,
) -> Result<(), KmsError> {
    if keywright_auth::keeps_control(policy, request, &arn.to_string()) {
        Ok(())
    } else {
        Err(KmsError::MalformedPolicy(PolicyFault::Lockout))
    }
}

//! Would the author of a key policy lock itself out?
//!
//! Source: KMS API Reference, PutKeyPolicy and CreateKey, `BypassPolicyLockoutSafetyCheck`: the caller must be able to
//! make a later PutKeyPolicy request.

use crate::decide::{Grant, Identity, decide_kms};
use crate::document::Document;
use crate::request::{Context, PrincipalFacts, Request};

/// Whether the principal could still change the policy of the key if `new_policy` were its policy: because that names
/// it, or because that names its account and its own policies allow. No grant can give this right.
///
/// `context` holds the condition keys of the request under way; a later one may differ, as in AWS.
#[must_use]
pub fn keeps_control(
    new_policy: &Document,
    principal: PrincipalFacts<'_>,
    identity: &Identity<'_>,
    key_arn: &str,
    key_account: &str,
    context: &dyn Context,
) -> bool {
    let request = Request { principal, action: "kms:PutKeyPolicy", resource: key_arn, context };
    decide_kms(&request, Some(new_policy), key_account, identity, Grant::None).is_ok()
}

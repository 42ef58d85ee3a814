//! Key policies: the text's form, the lockout check, the default ones.

use crate::error::{KmsError, Limit, PolicyFault};
use keywright_auth::identities::{Pins, unique_id_of};
use keywright_auth::{AccountRow, RequestContext, ServiceError as _};
use keywright_policy::{Document, Kind, NamedKind};
use keywright_store::{Column as _, Store};
use keywright_types::{AccountId, KeyArn, root_arn};
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

/// Whom a policy names, as far as they are on this server.
#[derive(Debug)]
pub enum Principals {
    /// All are: the unique ids of users and roles.
    Known(Pins),
    Unknown,
}

impl Principals {
    /// # Errors
    /// The store's.
    pub(crate) async fn find(store: &Store, policy: &Document) -> Result<Self, KmsError> {
        let mut pins = Pins::new();
        for principal in policy.principals() {
            if principal.kind != NamedKind::Aws || principal.name == "*" {
                continue;
            }
            if let Some(account) = account_of(&principal.name) {
                let found = store.find::<AccountRow>(&[account.to_value()]).await;
                if found.map_err(KmsError::from_store)?.is_none() {
                    return Ok(Self::Unknown);
                }
                continue;
            }
            match unique_id_of(store, &principal.name).await.map_err(KmsError::from_store)? {
                Some(id) => pins.insert(principal.name, id.to_string()),
                None => return Ok(Self::Unknown),
            };
        }
        Ok(Self::Known(pins))
    }

    /// The policy tied to them, and their ids.
    ///
    /// # Errors
    /// MalformedPolicyDocumentException when somebody is not there.
    pub(crate) fn pin(&self, policy: &Document) -> Result<(Arc<Document>, Pins), KmsError> {
        let Self::Known(pins) = self else { return Err(KmsError::MalformedPolicy(PolicyFault::Principal)) };
        let mut policy = policy.clone();
        policy.pin(pins);
        Ok((Arc::new(policy), pins.clone()))
    }
}

/// The account that a principal stands for, by its number or its root user.
fn account_of(principal: &str) -> Option<AccountId> {
    let number = principal.split(':').nth(4).unwrap_or(principal);
    AccountId::parse(number).ok().filter(|account| principal == number || principal == root_arn(*account))
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

//! Managed policies and whom they are attached to.

use crate::changes;
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::{LinkKind, PolicyRow, find_policy, find_service_policy};
use keywright_auth::{RequestContext, ServiceError as _, View};
use keywright_store::{Versioned, WriteSet};
use keywright_types::{AccountId, UniqueId};

/// Managed policies that one user, group or role may have (IAM User Guide, "IAM and AWS STS quotas").
const ATTACHED_MAX: usize = 10;

/// A managed policy that is to be attached: one of the account's, or one that comes with the service.
#[derive(Debug, Clone)]
pub struct Attachable {
    arn: String,
    found: Option<Kind>,
}

#[derive(Debug, Clone)]
enum Kind {
    Own(Box<Versioned<PolicyRow>>),
    Service,
}

impl Attachable {
    /// # Errors
    /// The store's.
    pub(crate) async fn find(
        view: View<'_, Iam>,
        request: &RequestContext,
        arn: &str,
    ) -> Result<Self, IamError> {
        let found = if find_service_policy(arn).is_some() {
            Some(Kind::Service)
        } else {
            let own = find_policy(view.store, arn).await.map_err(IamError::from_store)?;
            own.filter(|own| own.row.account == request.caller.account).map(|own| Kind::Own(Box::new(own)))
        };
        Ok(Self { arn: arn.to_owned(), found })
    }

    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    /// # Errors
    /// NoSuchEntity with AWS's text.
    pub(crate) fn get(&self) -> Result<(), IamError> {
        match self.found {
            Some(_) => Ok(()),
            None => Err(IamError::NoSuchEntity {
                message: format!("Policy {} does not exist or is not attachable.", self.arn),
            }),
        }
    }

    /// Keeps the policy from being deleted meanwhile.
    pub(crate) fn rely_on(&self, writes: &mut WriteSet) {
        match &self.found {
            Some(Kind::Own(own)) => changes::touch(writes, own),
            Some(Kind::Service) | None => {}
        }
    }
}

/// Adds a policy to those that are attached; false if it is there already, which is no error.
///
/// # Errors
/// LimitExceeded. `quota` is its name in AWS's text.
pub(crate) fn add(attached: &mut Vec<String>, arn: &str, quota: &str) -> Result<bool, IamError> {
    if attached.iter().any(|known| known == arn) {
        return Ok(false);
    }
    if attached.len() >= ATTACHED_MAX {
        return Err(IamError::quota(quota, ATTACHED_MAX));
    }
    attached.push(arn.to_owned());
    Ok(true)
}

/// Lists an entity with the policy.
pub(crate) fn link(
    writes: &mut WriteSet,
    account: AccountId,
    kind: LinkKind,
    policy: &Attachable,
    entity: &UniqueId,
) {
    changes::link(writes, account, kind, &policy.arn, entity);
}

//! Managed policies as operations find them: the account's own, and those that come with the service.

use crate::changes;
use crate::error::IamError;
use crate::service::Iam;
use crate::tags;
use keywright_auth::identities::{
    EntityKind, PolicyRow, ServicePolicy, find_policy, find_service_policy, parse_entity_arn,
};
use keywright_auth::{Check, Protected, RequestContext, ServiceError as _, View};
use keywright_policy::ConditionValue;
use keywright_store::{Versioned, WriteSet};

/// What an operation found under a policy's ARN.
#[derive(Debug, Clone)]
pub struct ManagedPolicy {
    /// As the caller gave it.
    arn: String,
    found: Option<Managed>,
}

/// A managed policy that is there.
#[derive(Debug, Clone)]
pub(crate) enum Managed {
    Own(Box<Versioned<PolicyRow>>),
    Service(&'static ServicePolicy),
}

/// Refuses what is no ARN of a policy.
///
/// # Errors
/// InvalidInput with AWS's text.
pub(crate) fn check_arn(arn: &str) -> Result<(), IamError> {
    match parse_entity_arn(arn, EntityKind::Policy) {
        Some(_) => Ok(()),
        None => Err(IamError::InvalidInput { message: format!("ARN {arn} is not valid.") }),
    }
}

impl ManagedPolicy {
    /// The service's own policy of that ARN, or the account's; one of another account is none.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn find(
        view: View<'_, Iam>,
        request: &RequestContext,
        arn: &str,
    ) -> Result<Self, IamError> {
        let found = if let Some(policy) = find_service_policy(arn) {
            Some(Managed::Service(policy))
        } else {
            let own = find_policy(view.store, arn).await.map_err(IamError::from_store)?;
            own.filter(|own| own.row.account == request.caller.account).map(|own| Managed::Own(Box::new(own)))
        };
        Ok(Self { arn: arn.to_owned(), found })
    }

    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    /// May the caller do `action` to it?
    pub(crate) fn check(&self, action: &'static str) -> Check {
        Check { action, protected: Protected::ByIdentity { arn: self.arn.clone() } }
    }

    /// The condition keys of a policy that is acted upon: its tags.
    pub(crate) fn condition<'a>(&'a self, name: &str) -> ConditionValue<'a> {
        match &self.found {
            Some(Managed::Own(own)) => tags::of_resource(&own.row.tags, name),
            Some(Managed::Service(_)) | None => ConditionValue::Absent,
        }
    }

    /// The policy, once the caller may know of it.
    ///
    /// # Errors
    /// NoSuchEntity with AWS's text.
    pub(crate) fn get(&self) -> Result<&Managed, IamError> {
        self.found.as_ref().ok_or_else(|| self.not_found())
    }

    pub(crate) fn not_found(&self) -> IamError {
        IamError::NoSuchEntity { message: format!("Policy {} was not found.", self.arn) }
    }

    /// The policy to change.
    ///
    /// # Errors
    /// NoSuchEntity; AccessDenied for a policy of the service, whatever the caller's rights.
    pub(crate) fn get_own(
        &self,
        action: &str,
        request: &RequestContext,
    ) -> Result<&Versioned<PolicyRow>, IamError> {
        match self.get()? {
            Managed::Own(own) => Ok(own),
            Managed::Service(_) => Err(IamError::AccessDenied {
                message: format!(
                    "User: {} is not authorized to perform: {action} on resource: policy {}",
                    request.caller.arn, self.arn
                ),
            }),
        }
    }

    /// Whether it can be attached.
    ///
    /// # Errors
    /// NoSuchEntity with AWS's text.
    pub(crate) fn check_attachable(&self) -> Result<(), IamError> {
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
            Some(Managed::Own(own)) => changes::touch(writes, own),
            Some(Managed::Service(_)) | None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check_arn;

    #[test]
    fn only_arns_of_policies_are_arns_of_policies() {
        for arn in ["arn:aws:iam::111122223333:policy/p", "arn:aws:iam::aws:policy/service-role/P"] {
            check_arn(arn).expect(arn);
        }
        for other in
            ["arn:aws:iam::111122223333:role/some-role", "policy/some-long-policy", "arn:aws:iam::1:policy/"]
        {
            check_arn(other).expect_err(other);
        }
    }
}

//! Permissions boundaries: managed policies that bound what a user or role may be allowed.

use crate::attachments::Attachable;
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::{RequestContext, View};
use keywright_store::WriteSet;

/// A managed policy that is to bound somebody.
#[derive(Debug, Clone)]
pub struct Boundary(Attachable);

impl Boundary {
    /// # Errors
    /// The store's.
    pub(crate) async fn find(
        view: View<'_, Iam>,
        request: &RequestContext,
        arn: Option<&str>,
    ) -> Result<Option<Self>, IamError> {
        match arn {
            Some(arn) => Ok(Some(Self(Attachable::find(view, request, arn).await?))),
            None => Ok(None),
        }
    }

    pub(crate) fn arn(&self) -> &str {
        self.0.arn()
    }

    /// Keeps the policy from being deleted meanwhile.
    ///
    /// # Errors
    /// NoSuchEntity when there is no such policy.
    pub(crate) fn rely_on(&self, writes: &mut WriteSet) -> Result<(), IamError> {
        self.0.get().map_err(|_| IamError::NoSuchEntity {
            message: format!("Scope ARN: {} does not exist or is not attachable.", self.arn()),
        })?;
        self.0.rely_on(writes);
        Ok(())
    }
}

//! The secret that an operation is about: found or not, and who may touch it.

use crate::arn::SecretRef;
use crate::condition;
use crate::error::{MARKED_FOR_DELETION, REPLICA, SecretsError};
use crate::secret::Secret;
use crate::service::{Secrets, store_fault};
use keywright_auth::{Check, Protected, RequestContext, Rule, View};
use keywright_policy::ConditionValue;
use std::sync::Arc;

/// What a caller's SecretId came to.
pub struct Target {
    secret: Option<Arc<Secret>>,
    absent_arn: String,
}

impl Target {
    /// # Errors
    /// The store's. Absence is a fact, not an error.
    pub(crate) async fn find(
        view: View<'_, Secrets>,
        reference: &SecretRef,
        request: &RequestContext,
    ) -> Result<Self, SecretsError> {
        let key = reference.key(request);
        // A Region's secrets are served there.
        let secret = match key.region == request.region {
            true => view.service.find(view, &key).await.map_err(store_fault)?,
            false => None,
        };
        Ok(Self {
            secret: secret.filter(|secret| reference.fits(&secret.row.suffix)),
            absent_arn: reference.absent_arn(request),
        })
    }

    pub(crate) fn check(&self, action: &'static str) -> Check {
        let protected = match &self.secret {
            Some(secret) => Protected::ByPolicy {
                arn: Arc::clone(&secret.arn),
                policy: Arc::clone(&secret.policy),
                rule: Rule::Union,
            },
            None => Protected::Absent { arn: self.absent_arn.clone() },
        };
        Check { action, protected }
    }

    pub(crate) fn condition(&self, name: &str) -> ConditionValue<'_> {
        condition::of_secret(self.secret.as_deref(), name)
    }

    /// The secret, whether or not it is on its way out.
    ///
    /// # Errors
    /// ResourceNotFoundException.
    pub(crate) fn get(&self) -> Result<&Arc<Secret>, SecretsError> {
        self.secret.as_ref().ok_or(SecretsError::NotFound)
    }

    /// The secret, unless it is marked for deletion.
    ///
    /// # Errors
    /// InvalidRequestException, with AWS's text.
    pub(crate) fn live(&self) -> Result<&Arc<Secret>, SecretsError> {
        let secret = self.get()?;
        match secret.row.deleted_at {
            None => Ok(secret),
            Some(_) => Err(SecretsError::request(MARKED_FOR_DELETION)),
        }
    }

    /// The secret, if it may be changed here.
    ///
    /// # Errors
    /// As [`Target::live`]; InvalidRequestException for a replica, which follows its primary secret.
    pub(crate) fn writable(&self) -> Result<&Arc<Secret>, SecretsError> {
        let secret = self.live()?;
        match secret.is_replica() {
            false => Ok(secret),
            true => Err(SecretsError::request(REPLICA)),
        }
    }

    pub(crate) fn find_secret(&self) -> Option<&Arc<Secret>> {
        self.secret.as_ref()
    }
}

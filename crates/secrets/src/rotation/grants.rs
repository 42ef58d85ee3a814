//! The grants on KMS keys by which the service rotates a secret without its owner.
//!
//! Who switches rotation on gives the service, in its own name and with its own right to give grants, what a rotation takes:
//! data keys of that secret, and of the administrator's, made and opened. The service has nothing else.

use super::KeyGrant;
use crate::error::SecretsError;
use crate::sealing::DEFAULT_KEY;
use crate::service::Secrets;
use crate::{PRINCIPAL, SERVICE};
use keywright_auth::{Env, InnerCall, RequestContext, View};
use keywright_kms::ops::create_grant::CreateGrant;
use keywright_kms::ops::retire_grant::RetireGrant;
use keywright_kms::{grant_to_service, retire_grant};
use keywright_store::WriteSet;
use std::collections::BTreeMap;

/// Grants to be made.
#[derive(Default)]
pub(crate) struct Grants {
    calls: Vec<(String, Result<InnerCall<CreateGrant>, SecretsError>)>,
}

impl Grants {
    /// One for each key that the secret's values are or will be sealed under. `keys` are names or ARNs.
    pub(crate) async fn prepare(
        &mut self,
        view: View<'_, Secrets>,
        arn: &str,
        keys: &[&str],
        request: &RequestContext,
    ) -> Result<(), SecretsError> {
        // A secret's keys are in its Region, which may be a replica's.
        let region = arn.split(':').nth(3).and_then(|name| view.service.regions.find(name));
        let inner = request.through(SERVICE);
        let inner = region.map_or_else(|| inner.clone(), |region| inner.in_region(&region));
        let kms = view.of(&*view.service.kms);
        let mut known: Vec<String> = Vec::new();
        for key in keys {
            let found =
                kms.service.key_for_service(kms, key, &inner).await.map_err(SecretsError::encrypting)?;
            // Its own key is the service's to use; it is made when it is first needed.
            if *key == DEFAULT_KEY || found.as_ref().is_some_and(|(_, key)| key.is_managed) {
                continue;
            }
            let key_arn = found.map_or_else(|| (*key).to_owned(), |(arn, _)| arn.to_string());
            if known.contains(&key_arn) {
                continue;
            }
            let context = BTreeMap::from([("SecretARN".to_owned(), arn.to_owned())]);
            let call = grant_to_service(&key_arn, PRINCIPAL, context, kms, &inner).await;
            self.calls.push((key_arn.clone(), call.map_err(SecretsError::encrypting)));
            known.push(key_arn);
        }
        Ok(())
    }

    /// What keeps the caller from giving them.
    pub(crate) fn denied(&self) -> Vec<&str> {
        let denied = |call: &Result<InnerCall<CreateGrant>, SecretsError>| match call {
            Ok(call) => !call.is_allowed(),
            Err(_) => true,
        };
        self.calls.iter().filter(|(_, call)| denied(call)).map(|(key, _)| key.as_str()).collect()
    }

    /// # Errors
    /// What KMS refuses.
    pub(crate) fn give(
        &self,
        env: &Env<'_, Secrets>,
        writes: &mut WriteSet,
    ) -> Result<Vec<KeyGrant>, SecretsError> {
        let mut given = Vec::with_capacity(self.calls.len());
        for (key, call) in &self.calls {
            let call = call.as_ref().map_err(SecretsError::again)?;
            let answer = call.decide(env.of(&*env.service.kms)).map_err(SecretsError::encrypting)?;
            writes.merge(answer.writes);
            given.push(KeyGrant { key: key.clone(), grant: answer.output.grant_id.unwrap_or_default() });
        }
        Ok(given)
    }
}

/// Grants that are not needed any more.
pub(crate) struct Retirements(Vec<InnerCall<RetireGrant>>);

impl Retirements {
    /// `request` is the service's own.
    pub(crate) async fn prepare(
        view: View<'_, Secrets>,
        grants: &[KeyGrant],
        request: &RequestContext,
    ) -> Result<Self, SecretsError> {
        let kms = view.of(&*view.service.kms);
        let mut calls = Vec::new();
        for KeyGrant { key, grant } in grants {
            match retire_grant(key, grant, kms, request).await.map_err(SecretsError::encrypting) {
                Ok(call) => calls.push(call),
                Err(fault @ (SecretsError::Internal(_) | SecretsError::Unavailable(_))) => return Err(fault),
                // The key is gone, and the grant with it.
                Err(_) => {}
            }
        }
        Ok(Self(calls))
    }

    /// Ends them; one that somebody revoked is gone already.
    pub(crate) fn end(&self, env: &Env<'_, Secrets>, writes: &mut WriteSet) {
        for call in &self.0 {
            if let Ok(answer) = call.decide(env.of(&*env.service.kms)) {
                writes.merge(answer.writes);
            }
        }
    }
}

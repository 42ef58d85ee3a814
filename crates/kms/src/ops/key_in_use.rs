//! A key that a cryptographic operation uses, and whether it may be.

use crate::error::KmsError;
use crate::key::Key;
use crate::key_spec::{KeySpec, KeyUsage};
use crate::key_state::KeyUse;
use crate::material::Material;
use crate::service::{Kms, Resolved};
use keywright_auth::{Decided, Decision, Env, Operation, ServiceError as _, View};
use std::sync::Arc;

/// A key with its current backing key.
pub struct KeyInUse {
    pub(crate) resolved: Resolved,
    pub(crate) current: Option<Arc<Material>>,
}

impl KeyInUse {
    /// Reads the current backing key of a resolved key; a key that may not be used needs none.
    pub(crate) async fn find(view: View<'_, Kms>, resolved: Resolved) -> Result<Self, KmsError> {
        let current = match &resolved {
            Resolved::Key(key) => view
                .service
                .find_material(view, key, key.current_material.tag())
                .await
                .map_err(KmsError::from_store)?,
            Resolved::NoKey(_) | Resolved::NoAlias(_) => None,
        };
        Ok(Self { resolved, current })
    }

    /// The key and its current backing key, once the key may be used.
    ///
    /// # Errors
    /// NotFoundException, the state's error, or an internal one if the store lost the backing key.
    pub(crate) fn usable(&self) -> Result<(&Arc<Key>, &Arc<Material>), KmsError> {
        let key = self.resolved.get()?;
        usable(key)?;
        let material = self.current.as_ref().ok_or_else(|| missing_material(key))?;
        Ok((key, material))
    }
}

/// # Errors
/// The error that AWS answers for a cryptographic use in the key's state.
pub(crate) fn usable(key: &Arc<Key>) -> Result<(), KmsError> {
    key.state.allows(KeyUse::Cryptographic).map_err(|fault| KmsError::state(&key.arn_text, fault))
}

/// A key whose current backing key is not in the store: an integrity fault of ours.
pub(crate) fn missing_material(key: &Key) -> KmsError {
    KmsError::internal(keywright_auth::Cause::new(format!(
        "backing key {} of {} is missing from the store",
        key.current_material, key.arn_text
    )))
}

/// # Errors
/// InvalidKeyUsageException, with AWS's text, if the key is for something else.
pub(crate) fn check_usage(key: &Arc<Key>, usage: KeyUsage, operation: &'static str) -> Result<(), KmsError> {
    if key.usage == usage {
        return Ok(());
    }
    Err(KmsError::WrongUsage { key: Arc::clone(&key.arn_text), usage: key.usage.as_str(), operation })
}

/// Work with a key of that spec: done now where it is quick, else off the threads that serve requests.
pub(crate) fn work<Op: Operation<Service = Kms, Error = KmsError>>(
    spec: KeySpec,
    env: Env<'_, Kms>,
    work: impl FnOnce(&Env<'_, Kms>) -> Result<Op::Output, KmsError> + Send + 'static,
) -> Decided<Op> {
    if spec.is_slow() {
        return Ok(Decision::answer_after(move |env| work(&env)));
    }
    work(&env).map(Decision::answer)
}

//! The line of a key: those before and after it under the same aliases.

use crate::condition;
use crate::error::KmsError;
use crate::grant::Asked;
use crate::key::Key;
use crate::service::{Kms, Resolved};
use keywright_auth::{Check, RequestContext, ServiceError as _, View};
use keywright_policy::{ConditionValue, Grant};
use keywright_types::{KeyArn, KeyRef};
use std::sync::Arc;

/// What whoever asks must be allowed, on the key that is named.
const ACTION: &str = "kms:DescribeKey";
/// Keys told of in each direction, at most; further ones are asked for by the last of these.
const EACH_WAY_MAX: usize = 500;

/// A key and its line.
pub struct KeyLine {
    resolved: Resolved,
    key_ref: KeyRef,
    /// Oldest first, the named key among them.
    keys: Vec<Arc<Key>>,
    /// There are more than these.
    pub truncated: bool,
}

impl KeyLine {
    /// Reads the line of the key that is named.
    ///
    /// # Errors
    /// The store's, or a name of another Region. An absent key is a fact.
    pub async fn find(view: View<'_, Kms>, key: &str, request: &RequestContext) -> Result<Self, KmsError> {
        let key_ref = KeyRef::parse(key, &view.service.regions)?;
        let resolved = view.service.resolve(view, &key_ref, request).await?;
        let mut line = Self { resolved, key_ref, keys: Vec::new(), truncated: false };
        let Resolved::Key(named) = &line.resolved else { return Ok(line) };
        let named = Arc::clone(named);
        let before = line.walk(view, &named, |key| key.lineage.predecessor).await?;
        let after = line.walk(view, &named, |key| key.lineage.successor).await?;
        line.keys.extend(before.into_iter().rev());
        line.keys.push(named);
        line.keys.extend(after);
        Ok(line)
    }

    async fn walk(
        &mut self,
        view: View<'_, Kms>,
        from: &Arc<Key>,
        next: impl Fn(&Key) -> Option<keywright_types::KeyId>,
    ) -> Result<Vec<Arc<Key>>, KmsError> {
        let (mut found, mut at) = (Vec::new(), next(from));
        while let Some(key_id) = at {
            if found.len() == EACH_WAY_MAX {
                self.truncated = true;
                break;
            }
            let arn = KeyArn { key_id, ..from.arn.clone() };
            let key = view.service.find_key(view, &arn).await.map_err(KmsError::from_store)?;
            // One that was destroyed ends the line.
            let Some(key) = key else { break };
            at = next(&key);
            found.push(key);
        }
        Ok(found)
    }

    /// The ARN that the caller's name came to, whether or not there is such a key.
    #[must_use]
    pub fn named_arn(&self) -> String {
        match &self.resolved {
            Resolved::Key(key) => key.arn_text.to_string(),
            Resolved::NoKey(arn) => arn.to_string(),
            Resolved::NoAlias(alias) => alias.to_string(),
        }
    }

    /// The question whether the caller may know of the key.
    #[must_use]
    pub fn check(&self, request: &RequestContext) -> Check {
        self.resolved.check_named(ACTION, &self.key_ref, request)
    }

    /// Whether a grant lets the caller look at the key.
    ///
    /// # Errors
    /// The store's.
    pub async fn granted(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Grant, KmsError> {
        view.service.granted(view, Some(&self.resolved), Asked::Look, request).await
    }

    /// KMS's own condition keys; `name` is in lower case.
    #[must_use]
    pub fn condition<'a>(&'a self, name: &str) -> ConditionValue<'a> {
        condition::of_key(&self.resolved, Some(&self.key_ref), name)
    }

    /// The line, oldest first, once the caller may know of the key.
    ///
    /// # Errors
    /// NotFoundException.
    pub fn keys(&self) -> Result<&[Arc<Key>], KmsError> {
        self.resolved.get()?;
        Ok(&self.keys)
    }
}

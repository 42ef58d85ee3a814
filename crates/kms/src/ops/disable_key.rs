//! DisableKey: no cryptographic use and no rotation until it is enabled again.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::key::Key;
use crate::key_state::{KeyState, KeyUse};
use crate::service::{Kms, Resolved};
use keywright_auth::{Authorised, Check, Checks, Decided, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{DisableKeyRequest, operations};
use keywright_policy::ConditionValue;
use keywright_types::KeyRef;

pub struct DisableKey {
    key: KeyRef,
}

impl Operation for DisableKey {
    type Service = Kms;
    type Input = DisableKeyRequest;
    type Output = ();
    type Facts = Resolved;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::DISABLE_KEY;
    const READ_ONLY: bool = false;

    fn parse(input: DisableKeyRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self { key: parse::key_without_alias(&input.key_id, service)? })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Resolved, KmsError> {
        view.service.resolve(view, &self.key, request).await
    }

    fn checks(&self, facts: &Resolved, _request: &RequestContext) -> Checks {
        [facts.check("kms:DisableKey")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Resolved, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        condition::of_key(facts, Some(&self.key), name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &Resolved,
        _env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.get()?;
        key.state.allows(KeyUse::Switch).map_err(|fault| KmsError::state(&key.arn_text, fault))?;
        let mut changed = Key::clone(key);
        changed.state = KeyState::Disabled;
        Ok(key.change(&changed, ()))
    }
}

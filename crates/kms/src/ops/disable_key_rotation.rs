//! DisableKeyRotation: no automatic rotation any more; the schedule is forgotten, the material stays.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::key::Key;
use crate::key_state::KeyUse;
use crate::service::{Kms, Resolved};
use keywright_auth::{Authorised, Check, Checks, Decided, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{DisableKeyRotationRequest, operations};
use keywright_policy::ConditionValue;
use keywright_types::KeyRef;

pub struct DisableKeyRotation {
    key: KeyRef,
}

impl Operation for DisableKeyRotation {
    type Service = Kms;
    type Input = DisableKeyRotationRequest;
    type Output = ();
    type Facts = Resolved;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::DISABLE_KEY_ROTATION;
    const READ_ONLY: bool = false;

    fn parse(input: DisableKeyRotationRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self { key: parse::key_without_alias(&input.key_id, service)? })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Resolved, KmsError> {
        view.service.resolve(view, &self.key, request).await
    }

    fn checks(&self, facts: &Resolved, _request: &RequestContext) -> Checks {
        [facts.check("kms:DisableKeyRotation")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Resolved, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        condition::of_key(facts, Some(&self.key), name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &Resolved,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.get()?;
        key.check_rotates()?;
        key.state.allows(KeyUse::ConfigureRotation).map_err(|fault| KmsError::state(&key.arn_text, fault))?;
        if key.rotation.tag_period_days.is_some() {
            return Err(KmsError::RotationSetByTag { key: std::sync::Arc::clone(&key.arn_text) });
        }
        let mut changed = Key::clone(key);
        changed.rotation.set_period(None, env.now);
        Ok(key.change(&changed, ()))
    }
}

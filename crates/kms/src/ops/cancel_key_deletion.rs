//! CancelKeyDeletion: a key pending deletion comes back, disabled.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::key::Key;
use crate::service::{Kms, Resolved};
use keywright_auth::{Authorised, Check, Checks, Decided, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{CancelKeyDeletionRequest, CancelKeyDeletionResponse, operations};
use keywright_policy::ConditionValue;
use keywright_types::KeyRef;

pub struct CancelKeyDeletion {
    key: KeyRef,
}

impl Operation for CancelKeyDeletion {
    type Service = Kms;
    type Input = CancelKeyDeletionRequest;
    type Output = CancelKeyDeletionResponse;
    type Facts = Resolved;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::CANCEL_KEY_DELETION;
    const READ_ONLY: bool = false;

    fn parse(input: CancelKeyDeletionRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self { key: parse::key_without_alias(&input.key_id, service)? })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Resolved, KmsError> {
        view.service.resolve(view, &self.key, request).await
    }

    fn checks(&self, facts: &Resolved, _request: &RequestContext) -> Checks {
        [facts.check("kms:CancelKeyDeletion")].into_iter().collect()
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
        let mut changed = Key::clone(key);
        changed.state = key.state.cancel_deletion().map_err(|fault| KmsError::state(&key.arn_text, fault))?;
        let output = CancelKeyDeletionResponse { key_id: Some(key.arn_text.to_string()) };
        Ok(key.change(&changed, output))
    }
}

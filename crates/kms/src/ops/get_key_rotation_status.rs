//! GetKeyRotationStatus: whether, how often and when next.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::key_state::KeyState;
use crate::service::{Kms, Resolved};
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{GetKeyRotationStatusRequest, GetKeyRotationStatusResponse, operations};
use keywright_policy::ConditionValue;
use keywright_types::KeyRef;

pub struct GetKeyRotationStatus {
    key: KeyRef,
}

impl Operation for GetKeyRotationStatus {
    type Service = Kms;
    type Input = GetKeyRotationStatusRequest;
    type Output = GetKeyRotationStatusResponse;
    type Facts = Resolved;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::GET_KEY_ROTATION_STATUS;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: GetKeyRotationStatusRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self { key: parse::key_without_alias(&input.key_id, service)? })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Resolved, KmsError> {
        view.service.resolve(view, &self.key, request).await
    }

    fn checks(&self, facts: &Resolved, _request: &RequestContext) -> Checks {
        [facts.check("kms:GetKeyRotationStatus")].into_iter().collect()
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
        key.check_rotates()?;
        // A key pending deletion shows rotation off; the setting comes back when the deletion is cancelled.
        let period = match key.state {
            KeyState::Enabled | KeyState::Disabled => key.rotation.period(),
            KeyState::PendingDeletion { .. } => None,
        };
        Ok(Decision::answer(GetKeyRotationStatusResponse {
            key_rotation_enabled: Some(period.is_some()),
            key_id: Some(key.arn_text.to_string()),
            rotation_period_in_days: period.and_then(|(days, _)| i32::try_from(days).ok()),
            next_rotation_date: period.and(key.rotation.next_at),
            // A rotation on demand is complete when it is answered.
            on_demand_rotation_start_date: None,
        }))
    }
}

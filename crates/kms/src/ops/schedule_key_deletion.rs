//! ScheduleKeyDeletion: the key waits 7 to 30 days, then it and all it protects are gone.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::key::Key;
use crate::key_state::KeyState;
use crate::multi_region::Family;
use crate::service::Kms;
use keywright_auth::{Authorised, Check, Checks, Decided, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::KeyState as WireKeyState;
use keywright_aws::kms::{ScheduleKeyDeletionRequest, ScheduleKeyDeletionResponse, operations};
use keywright_policy::ConditionValue;
use keywright_types::KeyRef;

/// The waiting period in days: at least, and at most as well as when none is named.
const WINDOW_DAYS_MIN: u32 = 7;
const WINDOW_DAYS_DEFAULT: u32 = 30;

pub struct ScheduleKeyDeletion {
    key: KeyRef,
    window_days: u32,
}

impl Operation for ScheduleKeyDeletion {
    type Service = Kms;
    type Input = ScheduleKeyDeletionRequest;
    type Output = ScheduleKeyDeletionResponse;
    type Facts = Family;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::SCHEDULE_KEY_DELETION;
    const READ_ONLY: bool = false;

    fn parse(input: ScheduleKeyDeletionRequest, service: &Kms) -> Result<Self, KmsError> {
        let window_days = match input.pending_window_in_days {
            None => WINDOW_DAYS_DEFAULT,
            Some(days) => u32::try_from(days)
                .ok()
                .filter(|days| (WINDOW_DAYS_MIN..=WINDOW_DAYS_DEFAULT).contains(days))
                .ok_or_else(|| {
                    KmsError::validation("PendingWindowInDays must be between 7 and 30, inclusive.")
                })?,
        };
        Ok(Self { key: parse::key_without_alias(&input.key_id, service)?, window_days })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Family, KmsError> {
        Family::find(view, view.service.resolve(view, &self.key, request).await?).await
    }

    fn checks(&self, facts: &Family, _request: &RequestContext) -> Checks {
        [facts.resolved.check("kms:ScheduleKeyDeletion")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Family, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match name {
            "kms:schedulekeydeletionpendingwindowindays" => {
                ConditionValue::Number(i64::from(self.window_days))
            }
            _ => condition::of_key(&facts.resolved, Some(&self.key), name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Family,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.get()?;
        let mut changed = Key::clone(key);
        changed.state = key
            .state
            .schedule_deletion(env.now, op.window_days, !key.is_replica() && !facts.related.is_empty())
            .map_err(|fault| KmsError::state(&key.arn_text, fault))?;
        let output = ScheduleKeyDeletionResponse {
            key_id: Some(key.arn_text.to_string()),
            deletion_date: match changed.state {
                KeyState::PendingDeletion { delete_at, .. } => Some(delete_at),
                KeyState::PendingReplicaDeletion { .. }
                | KeyState::PendingImport
                | KeyState::Enabled
                | KeyState::Disabled => None,
            },
            key_state: WireKeyState::parse(changed.state.as_str()),
            pending_window_in_days: i32::try_from(op.window_days).ok(),
        };
        Ok(facts.change(key, &changed, output))
    }
}

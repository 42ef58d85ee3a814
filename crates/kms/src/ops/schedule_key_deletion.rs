//! ScheduleKeyDeletion: the key waits 7 to 30 days, then it and all it protects are gone.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::key::Key;
use crate::service::{Kms, Resolved};
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
    type Facts = Resolved;
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

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Resolved, KmsError> {
        view.service.resolve(view, &self.key, request).await
    }

    fn checks(&self, facts: &Resolved, _request: &RequestContext) -> Checks {
        [facts.check("kms:ScheduleKeyDeletion")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Resolved, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match name {
            "kms:schedulekeydeletionpendingwindowindays" => {
                ConditionValue::Number(i64::from(self.window_days))
            }
            _ => condition::of_key(facts, Some(&self.key), name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Resolved,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.get()?;
        let mut changed = Key::clone(key);
        changed.state = key
            .state
            .schedule_deletion(env.now, op.window_days)
            .map_err(|fault| KmsError::state(&key.arn_text, fault))?;
        let output = ScheduleKeyDeletionResponse {
            key_id: Some(key.arn_text.to_string()),
            deletion_date: Some(env.now.plus_days(op.window_days)),
            key_state: Some(WireKeyState::PendingDeletion),
            pending_window_in_days: i32::try_from(op.window_days).ok(),
        };
        Ok(key.change(&changed, output))
    }
}

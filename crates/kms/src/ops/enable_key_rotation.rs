//! EnableKeyRotation: a new backing key every so many days, from now on.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::key::Key;
use crate::key_state::KeyUse;
use crate::rotation::{DEFAULT_PERIOD_DAYS, PERIOD_DAYS_MAX};
use crate::service::{Kms, Resolved};
use keywright_auth::{Authorised, Check, Checks, Decided, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{EnableKeyRotationRequest, operations};
use keywright_policy::ConditionValue;
use keywright_types::KeyRef;

pub struct EnableKeyRotation {
    key: KeyRef,
    period_days: u32,
}

/// The period, within the operator's floor (AWS's is 90) and AWS's ceiling.
///
/// # Errors
/// ValidationException outside of them.
fn period_days(asked: i32, floor: u32) -> Result<u32, KmsError> {
    let bound = |says: &str, limit: u32| {
        KmsError::validation(format!(
            "1 validation error detected: Value '{asked}' at 'rotationPeriodInDays' failed to satisfy constraint: \
             Member must have value {says} than or equal to {limit}"
        ))
    };
    match u32::try_from(asked) {
        Ok(days) if days > PERIOD_DAYS_MAX => Err(bound("less", PERIOD_DAYS_MAX)),
        Ok(days) if days >= floor => Ok(days),
        Ok(_) | Err(_) => Err(bound("greater", floor)),
    }
}

impl Operation for EnableKeyRotation {
    type Service = Kms;
    type Input = EnableKeyRotationRequest;
    type Output = ();
    type Facts = Resolved;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::ENABLE_KEY_ROTATION;
    const READ_ONLY: bool = false;

    fn parse(input: EnableKeyRotationRequest, service: &Kms) -> Result<Self, KmsError> {
        let period_days = match input.rotation_period_in_days {
            None => DEFAULT_PERIOD_DAYS,
            Some(days) => period_days(days, service.settings.rotation_days_min)?,
        };
        Ok(Self { key: parse::key_without_alias(&input.key_id, service)?, period_days })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Resolved, KmsError> {
        view.service.resolve(view, &self.key, request).await
    }

    fn checks(&self, facts: &Resolved, _request: &RequestContext) -> Checks {
        [facts.check("kms:EnableKeyRotation")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Resolved, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match name {
            "kms:rotationperiodindays" => ConditionValue::Number(i64::from(self.period_days)),
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
        key.check_rotates()?;
        key.state.allows(KeyUse::ConfigureRotation).map_err(|fault| KmsError::state(&key.arn_text, fault))?;
        let mut changed = Key::clone(key);
        changed.rotation.set_period(Some(op.period_days), env.now);
        Ok(key.change(&changed, ()))
    }
}

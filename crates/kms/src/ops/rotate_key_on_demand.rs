//! RotateKeyOnDemand: a new backing key now; the automatic schedule stays as it is.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::error::Limit;
use crate::key_state::KeyUse;
use crate::rotation::{RotationType, rotate};
use crate::service::{Kms, Resolved};
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{RotateKeyOnDemandRequest, RotateKeyOnDemandResponse, operations};
use keywright_policy::ConditionValue;
use keywright_types::KeyRef;
use std::sync::Arc;
use std::time::Duration;

/// An automatic rotation this near goes first (KMS API Reference, RotateKeyOnDemand, ConflictException).
const AUTOMATIC_SOON: Duration = Duration::from_secs(20 * 60);

pub struct RotateKeyOnDemand {
    key: KeyRef,
}

impl Operation for RotateKeyOnDemand {
    type Service = Kms;
    type Input = RotateKeyOnDemandRequest;
    type Output = RotateKeyOnDemandResponse;
    type Facts = Resolved;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::ROTATE_KEY_ON_DEMAND;
    const READ_ONLY: bool = false;

    fn parse(input: RotateKeyOnDemandRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self { key: parse::key_without_alias(&input.key_id, service)? })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Resolved, KmsError> {
        view.service.resolve(view, &self.key, request).await
    }

    fn checks(&self, facts: &Resolved, _request: &RequestContext) -> Checks {
        [facts.check("kms:RotateKeyOnDemand")].into_iter().collect()
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
        key.state.allows(KeyUse::Rotate).map_err(|fault| KmsError::state(&key.arn_text, fault))?;
        if env.service.settings.on_demand_rotations_max.is_some_and(|max| key.rotation.on_demand_count >= max)
        {
            return Err(KmsError::Limit(Limit::OnDemandRotations { key: Arc::clone(&key.arn_text) }));
        }
        if key.rotation.is_due_within(env.now, AUTOMATIC_SOON) {
            return Err(KmsError::RotationConflict { key: Arc::clone(&key.arn_text) });
        }
        let output = RotateKeyOnDemandResponse { key_id: Some(key.arn_text.to_string()) };
        Ok(Decision::write(output, rotate(key, RotationType::OnDemand, &env)))
    }
}

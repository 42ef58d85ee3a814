//! GetSecretRotation: how a secret's rotation stands, step by step, and what happened to those before.

use crate::Inventory;
use crate::error::InventoryError;
use keywright_auth::{
    Authorised, Checks, Decided, Decision, Env, Operation, RequestContext, ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::keywright::{
    GetSecretRotationRequest, GetSecretRotationResponse, RotationLogEntry, RotationRun, SecretConsumer,
    operations,
};
use keywright_secrets::rotation::{LogRow, OperatedSecret, find_log};
use keywright_secrets::{CURRENT, ConsumerRow};

/// The newest entries of the log that are shown.
const ENTRIES_MAX: i64 = 100;

pub struct GetSecretRotation {
    secret_id: String,
}

/// The secret, and the log of its rotations.
pub struct SecretRotation {
    secret: OperatedSecret,
    log: Vec<LogRow>,
    consumers: Vec<ConsumerRow>,
}

fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

impl Operation for GetSecretRotation {
    type Service = Inventory;
    type Input = GetSecretRotationRequest;
    type Output = GetSecretRotationResponse;
    type Facts = SecretRotation;
    type Error = InventoryError;
    const MODEL: &'static OperationModel = &operations::GET_SECRET_ROTATION;
    const READ_ONLY: bool = true;

    fn parse(input: GetSecretRotationRequest, _service: &Inventory) -> Result<Self, InventoryError> {
        Ok(Self { secret_id: input.secret_id })
    }

    async fn facts(
        &self,
        view: View<'_, Inventory>,
        request: &RequestContext,
    ) -> Result<SecretRotation, InventoryError> {
        let secret = OperatedSecret::find(Inventory::of_secrets(view), &self.secret_id, request).await?;
        let log = match secret.get() {
            Ok(found) => {
                find_log(view.store, &found.row, ENTRIES_MAX).await.map_err(InventoryError::from_store)?
            }
            Err(_) => Vec::new(),
        };
        let consumers = match secret.get() {
            Ok(found) => {
                let consumers = &view.service.secrets.consumers;
                consumers.find(view.store, found, view.now).await.map_err(InventoryError::from_store)?
            }
            Err(_) => Vec::new(),
        };
        Ok(SecretRotation { secret, log, consumers })
    }

    fn checks(&self, facts: &SecretRotation, _request: &RequestContext) -> Checks {
        [facts.secret.check("keywright:GetSecretRotation")].into_iter().collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &SecretRotation,
        _env: Env<'_, Inventory>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.secret.get()?;
        let row = &secret.row;
        let rotation = row.rotation.as_ref().map(|rotation| &rotation.0);
        let run = row.run.as_ref().map(|run| &run.0).map(|run| RotationRun {
            version_id: run.token.clone(),
            step: run.step.as_str().to_owned(),
            attempt: count(run.attempt),
            started_date: run.started_at(),
            next_attempt_date: run.not_before(),
            test: run.test_only,
            cause: run.cause.clone(),
        });
        let log = facts.log.iter().map(|entry| RotationLogEntry {
            date: entry.at,
            version_id: entry.version_id.clone(),
            attempt: count(entry.attempt),
            step: entry.step.clone(),
            outcome: entry.outcome.clone(),
            cause: entry.cause.clone(),
        });
        let current = secret.versions().holder(CURRENT);
        let consumers = facts.consumers.iter().map(|consumer| SecretConsumer {
            consumer: consumer.consumer.clone(),
            version_id: consumer.version_id.clone(),
            current: current == Some(consumer.version_id.as_str()),
            seen_date: consumer.seen_at,
        });
        Ok(Decision::answer(GetSecretRotationResponse {
            secret_arn: secret.arn.to_string(),
            rotation_enabled: rotation.is_some_and(|rotation| rotation.enabled),
            rotator: rotation.map(|rotation| rotation.rotator.function_name()),
            last_rotated_date: row.last_rotated_at,
            next_rotation_date: row.next_rotation_at,
            run,
            log: log.collect(),
            held: row.held.clone(),
            consumers: consumers.collect(),
        }))
    }
}

//! Carries the rotations of secrets on: reads what a step takes, asks the rotator, writes what came of it.
//!
//! A rotation is a row; this is only what moves it. Whatever happens to this process between two steps, another one, or this
//! one after its next start, does the step again.

use crate::app::App;
use crate::pipeline;
use keywright_auth::ServiceError as _;
use keywright_rotators::{Step, StepError};
use keywright_secrets::rotation::{
    BeginRotation, EndStep, ReadStep, RotationStep, StepOutcome, StepToDo, Unreadable, due_secrets,
};
use keywright_secrets::{SecretKey, SecretValue, SecretsError};
use keywright_store::Lease;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Secrets looked for at once.
const BATCH: i64 = 256;
/// Rotations under way at once: each holds a connection to a database or two.
const CONCURRENT: usize = 32;
/// More than a rotation has; a row that asks for more is left to the next round.
const STEPS_MAX: usize = 8;

/// The rotations that this process is at.
#[derive(Debug)]
pub(crate) struct UnderWay {
    secrets: Mutex<HashSet<SecretKey>>,
    permits: Arc<Semaphore>,
}

impl Default for UnderWay {
    fn default() -> Self {
        Self { secrets: Mutex::default(), permits: Arc::new(Semaphore::new(CONCURRENT)) }
    }
}

/// Sets about what is due of this node's share. It does not wait for the end: a database that does not answer holds up its
/// own secrets and no others.
pub(crate) async fn rotate_due(app: Arc<App>) {
    let parts = app.shares.rotation();
    let digits: Vec<char> = parts.iter().map(|(digit, _)| *digit).collect();
    let due = match due_secrets(&app.store, app.now(), &digits, BATCH).await {
        Ok(due) => due,
        Err(fault) => {
            tracing::warn!(%fault, "secrets due for rotation could not be looked up");
            return;
        }
    };
    for (secret, part) in due {
        let Some((_, lease)) = parts.iter().find(|(known, _)| *known == part) else { continue };
        if app.rotations.secrets.lock().contains(&secret) {
            continue;
        }
        // Whoever ends wakes the next.
        let Ok(permit) = Arc::clone(&app.rotations.permits).try_acquire_owned() else { return };
        app.rotations.secrets.lock().insert(secret.clone());
        let (app, lease) = (Arc::clone(&app), lease.clone());
        tokio::spawn(async move {
            let moved = rotate_one(Arc::clone(&app), secret.clone(), lease).await;
            app.rotations.secrets.lock().remove(&secret);
            drop(permit);
            if moved {
                app.secrets.wake.notify_one();
            }
        });
    }
}

/// Carries one secret's rotation on, as far as it goes. Whether anything was written.
async fn rotate_one(app: Arc<App>, secret: SecretKey, lease: Lease) -> bool {
    let mut moved = false;
    let begun = pipeline::work(&app, &BeginRotation { secret: secret.clone() }, &lease).await;
    moved |= told(&secret, begun);
    for _ in 0..STEPS_MAX {
        let (request_id, event_id) = app.request_ids();
        let read = pipeline::errand(&app, &ReadStep { secret: secret.clone(), request_id, event_id }).await;
        let to_do = match read {
            Ok(None) => return moved,
            Ok(Some(read)) => read,
            Err(fault) => {
                told(&secret, Err(fault));
                return moved;
            }
        };
        let end = done(&app, &secret, to_do).await;
        let (step, failed) = (end.step, matches!(end.outcome, StepOutcome::Failed(_)));
        let written = told(&secret, pipeline::work(&app, &end, &lease).await);
        moved |= written;
        if !written {
            return moved;
        }
        if failed {
            app.metrics.secret_rotated("failed");
            return moved;
        }
        if step == RotationStep::FinishSecret {
            app.metrics.secret_rotated("succeeded");
            tracing::info!(account = %secret.account, region = %secret.region, name = secret.name, "a secret was rotated");
            return moved;
        }
    }
    moved
}

/// Has the step done. What cannot even be read fails as the step that it was for.
async fn done(app: &App, secret: &SecretKey, to_do: Result<StepToDo, Unreadable>) -> EndStep {
    let (request_id, event_id) = app.request_ids();
    let to_do = match to_do {
        Ok(to_do) => to_do,
        Err(Unreadable { step, token, attempt, cause }) => {
            let outcome = StepOutcome::Failed(cause);
            return EndStep { secret: secret.clone(), token, step, attempt, outcome, request_id, event_id };
        }
    };
    let outcome = match ask(app, &to_do).await {
        Ok(outcome) => outcome,
        Err(fault) => {
            let step = to_do.step.as_str();
            tracing::warn!(name = secret.name, step, attempt = to_do.attempt, %fault, "a step of a secret's rotation failed; it is tried again");
            StepOutcome::Failed(fault.to_string())
        }
    };
    let StepToDo { step, token, attempt, .. } = to_do;
    EndStep { secret: secret.clone(), token, step, attempt, outcome, request_id, event_id }
}

async fn ask(app: &App, to_do: &StepToDo) -> Result<StepOutcome, StepError> {
    let rotators = &app.secrets.rotators;
    let keywright_secrets::rotation::Rotator { kind, strategy, .. } = to_do.rotator;
    let lost = || StepError::Lost;
    match to_do.step {
        // Made before, and not to be made otherwise: the database may know it.
        RotationStep::CreateSecret if to_do.pending.is_some() => Ok(StepOutcome::Done),
        RotationStep::CreateSecret => {
            let value = rotators.create(kind, strategy, &to_do.current, &*app.rng)?;
            Ok(StepOutcome::Created(SecretValue::Text(value)))
        }
        RotationStep::SetSecret => {
            let step = Step {
                kind,
                strategy,
                current: &to_do.current,
                previous: to_do.previous.as_ref(),
                admin: to_do.admin.as_ref(),
            };
            rotators.set(step, to_do.pending.as_ref().ok_or_else(lost)?).await?;
            Ok(StepOutcome::Done)
        }
        RotationStep::TestSecret => {
            let tested = match to_do.test_only {
                true => &to_do.current,
                false => to_do.pending.as_ref().ok_or_else(lost)?,
            };
            rotators.test(kind, tested).await?;
            Ok(StepOutcome::Done)
        }
        RotationStep::FinishSecret => to_do.pending.as_ref().map(|_| StepOutcome::Done).ok_or_else(lost),
    }
}

fn told(secret: &SecretKey, outcome: Result<bool, SecretsError>) -> bool {
    match outcome {
        Ok(written) => written,
        Err(fault) => {
            let cause = fault.cause().map(keywright_auth::Cause::chain);
            let code = fault.wire().code;
            tracing::error!(
                name = secret.name,
                code,
                cause,
                "a secret's rotation could not be carried on; it is tried again"
            );
            false
        }
    }
}

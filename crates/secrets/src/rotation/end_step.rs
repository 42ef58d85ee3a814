//! What a step came to, written: the rotation goes on, ends, or is put off.

use super::log::{LogEntry, note};
use super::outcome::RotationEvent;
use super::read_step::own_request;
use super::{RotationStep, Run, next_window, wake};
use crate::error::SecretsError;
use crate::labels::{CURRENT, PENDING};
use crate::sealing::{KeyToUse, Sealing};
use crate::secret::{Secret, SecretKey};
use crate::service::{Secrets, find_version, store_fault};
use crate::value::SecretValue;
use keywright_auth::{Env, View, Work};
use keywright_kms::NewServiceKey;
use keywright_store::WriteSet;
use keywright_types::{EventId, RequestId};
use std::sync::Arc;

/// Writes what a step came to, if it is still the step that the rotation waits for.
pub struct EndStep {
    pub secret: SecretKey,
    pub token: String,
    pub step: RotationStep,
    pub attempt: u32,
    pub outcome: StepOutcome,
    pub request_id: RequestId,
    pub event_id: EventId,
}

/// What a step came to.
pub enum StepOutcome {
    /// createSecret made a value.
    Created(SecretValue),
    Done,
    Failed(String),
}

/// The secret, and what is needed to seal a new value.
pub struct EndFacts {
    secret: Arc<Secret>,
    sealing: Option<Sealing>,
    /// The pending version has its value already.
    has_value: bool,
}

impl EndStep {
    /// The rotation, if it still waits for this.
    fn run<'a>(&self, secret: &'a Secret) -> Option<&'a Run> {
        let run = &secret.row.run.as_ref()?.0;
        let same = run.token == self.token && run.step == self.step && run.attempt == self.attempt;
        (same && secret.row.deleted_at.is_none()).then_some(run)
    }
}

impl Work for EndStep {
    type Service = Secrets;
    type Facts = Option<EndFacts>;
    type Error = SecretsError;

    async fn facts(&self, view: View<'_, Secrets>) -> Result<Option<EndFacts>, SecretsError> {
        let view = View { fresh: true, ..view };
        let Some(secret) = view.service.find(view, &self.secret).await.map_err(store_fault)? else {
            return Ok(None);
        };
        if self.run(&secret).is_none() {
            return Ok(None);
        }
        let mut facts = EndFacts { secret: Arc::clone(&secret), sealing: None, has_value: false };
        if let StepOutcome::Created(_) = &self.outcome {
            facts.has_value =
                find_version(view.store, &self.secret, &self.token).await.map_err(store_fault)?.is_some();
            if !facts.has_value {
                let request = own_request(&self.secret, view.now, (self.request_id, self.event_id));
                let new = NewServiceKey::default();
                let key = KeyToUse { named: secret.row.kms_key.as_deref(), new: &new };
                facts.sealing = Some(
                    Sealing::prepare(view, &self.secret, &secret.arn, &self.token, key, &request).await?,
                );
            }
        }
        Ok(Some(facts))
    }

    fn decide(
        &self,
        facts: &Option<EndFacts>,
        env: Env<'_, Secrets>,
    ) -> Result<Option<WriteSet>, SecretsError> {
        let Some(facts) = facts else { return Ok(None) };
        let secret = &facts.secret;
        let Some(run) = self.run(secret) else { return Ok(None) };
        let (mut row, mut run, mut writes) = (secret.row.clone(), run.clone(), WriteSet::default());
        let mut failure = match &self.outcome {
            StepOutcome::Failed(cause) => Some(cause.clone()),
            StepOutcome::Created(_) | StepOutcome::Done => None,
        };
        if let (StepOutcome::Created(value), false) = (&self.outcome, facts.has_value) {
            match facts.sealing.as_ref().map(|sealing| sealing.seal(value, &env)) {
                Some(Ok((version, of_key))) => {
                    writes.merge(of_key);
                    writes.insert(&version);
                    row.versions.0.attach(PENDING, &self.token, false, env.now);
                    row.versions.0.sealed(&self.token);
                }
                Some(Err(fault @ (SecretsError::Internal(_) | SecretsError::Unavailable(_)))) => {
                    return Err(fault);
                }
                Some(Err(_)) | None => {
                    failure = Some(
                        "the new value could not be encrypted: the secret's KMS key is not enabled, or the service's \
                         grant on it is gone; rotate once more by RotateSecret to give it anew"
                            .to_owned(),
                    );
                }
            }
        }
        if let Some(cause) = failure {
            RotationEvent::Failed { step: run.step, cause: &cause }.tell(&mut writes, &row, &run, &env);
            run.cause = Some(cause);
            let next = next_window(&row, env.now).map(|window| window.start).filter(|start| *start > env.now);
            run.put_off(env.now, next);
            row.run = Some(keywright_auth::identities::Json(run));
            wake(&mut row, env.now);
            writes.update(&row, secret.version);
            return Ok(Some(writes));
        }
        let step = run.step.as_str();
        note(
            &mut writes,
            &row,
            &run,
            &LogEntry { step, outcome: "done", cause: None },
            env.now,
            env.rng.array(),
        );
        match (run.step, run.test_only) {
            (RotationStep::CreateSecret, _) => run.step = RotationStep::SetSecret,
            (RotationStep::SetSecret, _) => run.step = RotationStep::TestSecret,
            (RotationStep::TestSecret, false) => run.step = RotationStep::FinishSecret,
            (RotationStep::TestSecret, true) => {
                row.run = None;
                RotationEvent::Succeeded.tell(&mut writes, &row, &run, &env);
                wake(&mut row, env.now);
                writes.update(&row, secret.version);
                return Ok(Some(writes));
            }
            (RotationStep::FinishSecret, _) => {
                let versions = &mut row.versions.0;
                versions.attach(CURRENT, &run.token, true, env.now);
                versions.detach(PENDING);
                row.run = None;
                row.changed_at = env.now;
                row.last_rotated_at = Some(env.now);
                if let Some(rotation) = &mut row.rotation {
                    rotation.0.anchor = env.now.as_millis();
                }
                RotationEvent::Succeeded.tell(&mut writes, &row, &run, &env);
                wake(&mut row, env.now);
                writes.update(&row, secret.version);
                return Ok(Some(writes));
            }
        }
        run.cause = None;
        row.run = Some(keywright_auth::identities::Json(run));
        wake(&mut row, env.now);
        writes.update(&row, secret.version);
        Ok(Some(writes))
    }
}

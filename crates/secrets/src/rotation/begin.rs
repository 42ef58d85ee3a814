//! The start of a rotation: the token is registered as an empty pending version before anybody else is asked anything.

use super::log::note_held;
use super::outcome::RotationEvent;
use super::{Rotation, RotationStep, Run, next_window, wake};
use crate::error::SecretsError;
use crate::labels::{CURRENT, PENDING};
use crate::secret::{Secret, SecretKey, SecretRow};
use crate::service::{Secrets, store_fault};
use keywright_auth::identities::Json;
use keywright_auth::{Env, View, Work};
use keywright_rotators::Strategy;
use keywright_store::WriteSet;
use keywright_types::{EventId, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// How a rotation starts.
pub(crate) struct Beginning {
    pub(crate) token: String,
    pub(crate) window_end: Option<Timestamp>,
    pub(crate) test_only: bool,
}

/// Puts a rotation under way.
pub(crate) fn begin<S>(writes: &mut WriteSet, row: &mut SecretRow, how: Beginning, env: &Env<'_, S>) {
    let Beginning { token, window_end, test_only } = how;
    if !test_only {
        row.versions.0.attach(PENDING, &token, false, env.now);
    }
    let run = Run {
        token,
        step: if test_only { RotationStep::TestSecret } else { RotationStep::CreateSecret },
        attempt: 1,
        started_at: env.now.as_millis(),
        not_before: env.now.as_millis(),
        window_end: window_end.map(Timestamp::as_millis),
        test_only,
        cause: None,
    };
    RotationEvent::Started.tell(writes, row, &run, env);
    row.held = None;
    row.run = Some(Json(run));
    wake(row, env.now);
}

/// A secret that may be due, and the consumers that have not moved to what is current.
pub struct ToBegin {
    secret: Arc<Secret>,
    behind: Vec<String>,
}

/// How often it is looked whether those who are behind have moved.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// With alternating users a rotation ends the credential before the current one. Puts it off while somebody still has that,
/// within the time that its owner allows.
fn hold<S>(row: &mut SecretRow, behind: &[String], env: &Env<'_, S>) -> Option<WriteSet> {
    let rotation = &row.rotation.as_ref()?.0;
    let hours = rotation.hold_hours.filter(|_| rotation.rotator.strategy == Strategy::AlternatingUsers)?;
    let limit = row.next_rotation_at?.plus(Duration::from_secs(u64::from(hours) * 3600));
    if behind.is_empty() || env.now >= limit {
        return None;
    }
    let mut writes = WriteSet::default();
    let was_held = row.held.is_some();
    let cause = format!("held until {}: {} did not move yet", limit.rfc3339(), behind.join(", "));
    if row.held.as_deref() != Some(cause.as_str()) {
        if !was_held {
            tracing::info!(name = row.name, cause, "a rotation is held");
        }
        note_held(&mut writes, row, &cause, env.now, env.rng.array());
    }
    row.held = Some(cause);
    row.rotation_at = Some(env.now.plus(LOOK_AGAIN_AFTER));
    Some(writes)
}

/// Starts the rotation of one secret whose window is open, if none is under way.
#[derive(Debug)]
pub struct BeginRotation {
    pub secret: SecretKey,
}

impl Work for BeginRotation {
    type Service = Secrets;
    type Facts = Option<ToBegin>;
    type Error = SecretsError;

    async fn facts(&self, view: View<'_, Secrets>) -> Result<Option<ToBegin>, SecretsError> {
        let found =
            view.service.find(View { fresh: true, ..view }, &self.secret).await.map_err(store_fault)?;
        let Some(secret) = found else { return Ok(None) };
        let holds = secret.row.rotation.as_ref().is_some_and(|rotation| rotation.0.hold_hours.is_some());
        let behind = match (holds, secret.versions().holder(CURRENT)) {
            (true, Some(current)) => {
                let consumers = view.service.consumers.find(view.store, &secret, view.now).await;
                let behind =
                    consumers.map_err(store_fault)?.into_iter().filter(|row| row.version_id != current);
                behind.map(|row| row.consumer).collect()
            }
            _ => Vec::new(),
        };
        Ok(Some(ToBegin { secret, behind }))
    }

    fn decide(
        &self,
        to_begin: &Option<ToBegin>,
        env: Env<'_, Secrets>,
    ) -> Result<Option<WriteSet>, SecretsError> {
        let Some(ToBegin { secret, behind }) = to_begin else { return Ok(None) };
        if secret.row.run.is_some() || secret.row.rotation_at.is_none_or(|at| at > env.now) {
            return Ok(None);
        }
        let mut row = secret.row.clone();
        let Some(Rotation { enabled: true, .. }) = row.rotation.as_ref().map(|rotation| &rotation.0) else {
            return Ok(None);
        };
        let mut writes = WriteSet::default();
        if let Some(held) = hold(&mut row, behind, &env) {
            writes.merge(held);
            writes.update(&row, secret.version);
            return Ok(Some(writes));
        }
        let versions = &mut row.versions.0;
        // A pending version that somebody left is not this rotation's; what it is for is not known here.
        if versions.holder(PENDING).is_some() && versions.holder(PENDING) != versions.holder(CURRENT) {
            versions.detach(PENDING);
        }
        let window_end = next_window(&row, env.now).map(|window| window.end);
        let token = EventId::from_random(env.rng.array()).to_string();
        begin(&mut writes, &mut row, Beginning { token, window_end, test_only: false }, &env);
        writes.update(&row, secret.version);
        Ok(Some(writes))
    }
}

//! The start of a rotation: the token is registered as an empty pending version before anybody else is asked anything.

use super::outcome::RotationEvent;
use super::{Rotation, RotationStep, Run, next_window, wake};
use crate::error::SecretsError;
use crate::labels::{CURRENT, PENDING};
use crate::secret::{Secret, SecretKey, SecretRow};
use crate::service::{Secrets, store_fault};
use keywright_auth::identities::Json;
use keywright_auth::{Env, View, Work};
use keywright_store::WriteSet;
use keywright_types::{EventId, Timestamp};
use std::sync::Arc;

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
    row.run = Some(Json(run));
    wake(row, env.now);
}

/// Starts the rotation of one secret whose window is open, if none is under way.
#[derive(Debug)]
pub struct BeginRotation {
    pub secret: SecretKey,
}

impl Work for BeginRotation {
    type Service = Secrets;
    type Facts = Option<Arc<Secret>>;
    type Error = SecretsError;

    async fn facts(&self, view: View<'_, Secrets>) -> Result<Option<Arc<Secret>>, SecretsError> {
        view.service.find(View { fresh: true, ..view }, &self.secret).await.map_err(store_fault)
    }

    fn decide(
        &self,
        secret: &Option<Arc<Secret>>,
        env: Env<'_, Secrets>,
    ) -> Result<Option<WriteSet>, SecretsError> {
        let Some(secret) = secret else { return Ok(None) };
        if secret.row.run.is_some() || secret.row.rotation_at.is_none_or(|at| at > env.now) {
            return Ok(None);
        }
        let mut row = secret.row.clone();
        let Some(Rotation { enabled: true, .. }) = row.rotation.as_ref().map(|rotation| &rotation.0) else {
            return Ok(None);
        };
        let mut writes = WriteSet::default();
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

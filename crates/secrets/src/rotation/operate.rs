//! What an operator asks and does about a secret's rotation, beside AWS's operations.

use super::outcome::abandon;
use super::wake;
use crate::arn::SecretRef;
use crate::error::SecretsError;
use crate::rotation::{Rotator, rules};
use crate::secret::Secret;
use crate::service::Secrets;
use crate::setup::{Problem, Setup, Wanted};
use crate::target::Target;
use keywright_auth::identities::Json;
use keywright_auth::{Check, Env, RequestContext, View};
use keywright_rotators::{RotatorKind, Strategy};
use keywright_store::WriteSet;
use std::sync::Arc;

/// The secret that an operator names, found or not.
pub struct OperatedSecret(Target);

impl OperatedSecret {
    /// # Errors
    /// A SecretId that is none, and the store's faults.
    pub async fn find(
        view: View<'_, Secrets>,
        secret_id: &str,
        request: &RequestContext,
    ) -> Result<Self, SecretsError> {
        let reference = SecretRef::parse(secret_id, &view.service.regions)?;
        Target::find(view, &reference, request).await.map(Self)
    }

    #[must_use]
    pub fn check(&self, action: &'static str) -> Check {
        self.0.check(action)
    }

    /// # Errors
    /// ResourceNotFoundException.
    pub fn get(&self) -> Result<&Arc<Secret>, SecretsError> {
        self.0.get()
    }
}

/// Has a rotation that waits for its next attempt go on now.
///
/// # Errors
/// InvalidRequestException if none is under way.
pub fn retry<S>(secret: &Secret, env: &Env<'_, S>) -> Result<(String, WriteSet), SecretsError> {
    let mut row = secret.row.clone();
    let Some(run) = &mut row.run else { return Err(none_under_way()) };
    run.0.not_before = env.now.as_millis();
    let token = run.0.token.clone();
    wake(&mut row, env.now);
    let mut writes = WriteSet::default();
    writes.update(&row, secret.version);
    Ok((token, writes))
}

/// Gives a rotation up. The current value stays what it is; the pending one loses its label. The schedule goes on.
///
/// # Errors
/// InvalidRequestException if none is under way.
pub fn give_up<S>(secret: &Secret, env: &Env<'_, S>) -> Result<(String, WriteSet), SecretsError> {
    let mut row = secret.row.clone();
    let Some(Json(run)) = &row.run else { return Err(none_under_way()) };
    let token = run.token.clone();
    let mut writes = WriteSet::default();
    if let Some(rotation) = &mut row.rotation {
        rotation.0.anchor = env.now.as_millis();
    }
    abandon(&mut writes, &mut row, env);
    row.changed_at = env.now;
    writes.update(&row, secret.version);
    Ok((token, writes))
}

fn none_under_way() -> SecretsError {
    SecretsError::request("No rotation of this secret is under way.")
}

/// What would keep the secret's rotation from succeeding, and the records of having looked. The rotator is the given one,
/// the one that is set up, or that of the secret's type.
///
/// # Errors
/// InvalidRequestException if there is none; the store's faults.
pub async fn preflight(
    view: View<'_, Secrets>,
    secret: &Secret,
    kind: Option<RotatorKind>,
    strategy: Option<Strategy>,
    request: &RequestContext,
) -> Result<(Vec<Problem>, WriteSet), SecretsError> {
    let stored = secret.row.rotation.as_ref().map(|rotation| rotation.0.rotator);
    let typed = secret.row.secret_type.as_deref().and_then(RotatorKind::parse_type);
    let kind = kind.or(stored.map(|rotator| rotator.kind)).or(typed).ok_or_else(|| {
        SecretsError::request(
            "No rotator is associated with this secret: name one, such as keywright:postgres, or give the secret that type.",
        )
    })?;
    let strategy = strategy.or(stored.map(|rotator| rotator.strategy)).unwrap_or(Strategy::SingleUser);
    let rotator = Rotator { kind, strategy, by_arn: false };
    let setup = Setup::prepare(view, secret, Wanted { rotator }, request).await?;
    Ok((setup.problems().to_vec(), setup.records()))
}

/// The days between two rotations of the secret, if it has a schedule.
#[must_use]
pub fn period_days(secret: &Secret, now: keywright_types::Timestamp) -> Option<u32> {
    secret.row.rotation.as_ref()?.0.rules.as_ref().and_then(|given| rules::shown_days(given, now))
}

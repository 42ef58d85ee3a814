//! What a step is to be done with: the values, opened as the service.

use super::{Rotation, RotationStep, Rotator, Run};
use crate::arn::SecretRef;
use crate::error::SecretsError;
use crate::labels::{CURRENT, PENDING, PREVIOUS};
use crate::sealing::Opening;
use crate::secret::{Secret, SecretKey};
use crate::service::{Secrets, store_fault};
use crate::value::SecretValue;
use crate::{PRINCIPAL, SERVICE};
use keywright_auth::{Env, Errand, Of, RequestContext, View};
use keywright_store::WriteSet;
use keywright_types::{EventId, RequestId, SecretText};
use std::sync::Arc;

/// Reads what the next step of a secret's rotation takes.
#[derive(Debug)]
pub struct ReadStep {
    pub secret: SecretKey,
    pub request_id: RequestId,
    pub event_id: EventId,
}

/// A step, and what it is to be done with.
pub struct StepToDo {
    pub rotator: Rotator,
    pub step: RotationStep,
    pub token: String,
    pub attempt: u32,
    /// Only the current value is to be tested.
    pub test_only: bool,
    pub current: SecretText,
    pub previous: Option<SecretText>,
    pub pending: Option<SecretText>,
    pub admin: Option<SecretText>,
}

/// A step that cannot be done, because what it takes cannot be read.
pub struct Unreadable {
    pub step: RotationStep,
    pub token: String,
    pub attempt: u32,
    pub cause: String,
}

/// The secret and its values, sealed.
pub struct StepFacts {
    secret: Option<Arc<Secret>>,
    current: Option<Opening>,
    previous: Option<Opening>,
    pending: Option<Opening>,
    /// None if the rotation names none; the inner none if it is not there.
    admin: Option<Option<Opening>>,
}

/// The service's own request about a secret.
pub(crate) fn own_request(
    secret: &SecretKey,
    at: keywright_types::Timestamp,
    (request_id, event_id): (RequestId, EventId),
) -> RequestContext {
    let of = Of { account: secret.account, region: &secret.region, at, request_id, event_id };
    RequestContext::of_service(SERVICE, PRINCIPAL, of)
}

async fn open_labelled(
    view: View<'_, Secrets>,
    secret: &Secret,
    label: &str,
    request: &RequestContext,
) -> Result<Option<Opening>, SecretsError> {
    let Some(id) = secret.versions().holder(label) else { return Ok(None) };
    let Some(row) = view.service.find_value(view, secret, id).await.map_err(store_fault)? else {
        return Ok(None);
    };
    Opening::prepare(view, secret, &row, request).await.map(Some)
}

/// The current value of the secret that `arn` names, in the request's Region.
pub(crate) async fn open_admin(
    view: View<'_, Secrets>,
    arn: &str,
    request: &RequestContext,
) -> Result<Option<Opening>, SecretsError> {
    let Ok(reference) = SecretRef::parse(arn, &view.service.regions) else { return Ok(None) };
    let key = reference.key(request);
    // Another account's secret is not the service's to read.
    if key.account != request.caller.account || key.region != request.region {
        return Ok(None);
    }
    let found = view.service.find(view, &key).await.map_err(store_fault)?;
    match found.filter(|secret| reference.fits(&secret.row.suffix) && secret.row.deleted_at.is_none()) {
        Some(secret) => open_labelled(view, &secret, CURRENT, request).await,
        None => Ok(None),
    }
}

impl Errand for ReadStep {
    type Service = Secrets;
    type Facts = StepFacts;
    type Output = Option<Result<StepToDo, Unreadable>>;
    type Error = SecretsError;

    async fn facts(&self, view: View<'_, Secrets>) -> Result<StepFacts, SecretsError> {
        let view = View { fresh: true, ..view };
        let secret = view.service.find(view, &self.secret).await.map_err(store_fault)?;
        let mut facts = StepFacts { secret, current: None, previous: None, pending: None, admin: None };
        let Some(secret) = facts.secret.clone() else { return Ok(facts) };
        let (Some(run), Some(rotation)) = (&secret.row.run, &secret.row.rotation) else { return Ok(facts) };
        let request = own_request(&self.secret, view.now, (self.request_id, self.event_id));
        facts.current = open_labelled(view, &secret, CURRENT, &request).await?;
        facts.previous = open_labelled(view, &secret, PREVIOUS, &request).await?;
        if !run.0.test_only && secret.versions().holder(PENDING) == Some(run.0.token.as_str()) {
            facts.pending = open_labelled(view, &secret, PENDING, &request).await?;
        }
        if let Some(arn) = &rotation.0.admin {
            facts.admin = Some(open_admin(view, arn, &request).await?);
        }
        Ok(facts)
    }

    fn decide(
        &self,
        facts: &StepFacts,
        env: Env<'_, Secrets>,
    ) -> Result<(Self::Output, WriteSet), SecretsError> {
        let mut records = WriteSet::default();
        let Some(secret) = &facts.secret else { return Ok((None, records)) };
        let (Some(run), Some(rotation)) = (&secret.row.run, &secret.row.rotation) else {
            return Ok((None, records));
        };
        let (Run { token, step, attempt, .. }, Rotation { rotator, .. }) = (&run.0, &rotation.0);
        if run.0.not_before() > env.now || secret.row.deleted_at.is_some() {
            return Ok((None, records));
        }
        let mut open = |opening: Option<&Opening>, which: &str| match opening {
            None => Ok(None),
            Some(opening) => match opening.open(&env) {
                Ok((SecretValue::Text(text), of_value)) => {
                    records.merge(of_value);
                    Ok(Some(text))
                }
                Ok((SecretValue::Binary(_), _)) => Err(format!("the {which} value is not text")),
                Err(fault @ (SecretsError::Internal(_) | SecretsError::Unavailable(_))) => {
                    let _ = fault;
                    Err(format!("the {which} value could not be opened; the server's log says why"))
                }
                Err(_) => Err(format!(
                    "the {which} value could not be opened: its KMS key is not enabled, or the service's grant on it is \
                     gone; rotate once more by RotateSecret to give it anew"
                )),
            },
        };
        let mut read = || -> Result<StepToDo, String> {
            let current = open(facts.current.as_ref(), "current")?
                .ok_or_else(|| "the secret has no current value; write one first".to_owned())?;
            let admin = match &facts.admin {
                None => None,
                Some(None) => return Err("the administrator's secret is not there".to_owned()),
                Some(Some(opening)) => open(Some(opening), "administrator's")?,
            };
            Ok(StepToDo {
                rotator: *rotator,
                step: *step,
                token: token.clone(),
                attempt: *attempt,
                test_only: run.0.test_only,
                current,
                // An old value that does not open is of no use, and no obstacle.
                previous: open(facts.previous.as_ref(), "previous").unwrap_or_default(),
                pending: open(facts.pending.as_ref(), "pending")?,
                admin,
            })
        };
        let read = read().map_err(|cause| Unreadable {
            step: *step,
            token: token.clone(),
            attempt: *attempt,
            cause,
        });
        Ok((Some(read), records))
    }
}

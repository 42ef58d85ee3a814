//! CancelRotateSecret: no more rotations. What one that was under way did stays as it is, labels and all.

use crate::arn::SecretRef;
use crate::error::SecretsError;
use crate::rotation::{Retirements, own_request, wake};
use crate::service::Secrets;
use crate::target::Target;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{CancelRotateSecretRequest, CancelRotateSecretResponse, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;
use keywright_types::RequestId;

pub struct CancelRotateSecret {
    secret: SecretRef,
}

/// The secret, and the grants that its rotation took.
pub struct CancelFacts {
    target: Target,
    retirements: Option<Retirements>,
}

impl Operation for CancelRotateSecret {
    type Service = Secrets;
    type Input = CancelRotateSecretRequest;
    type Output = CancelRotateSecretResponse;
    type Facts = CancelFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::CANCEL_ROTATE_SECRET;
    const READ_ONLY: bool = false;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: CancelRotateSecretRequest, service: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self { secret: SecretRef::parse(&input.secret_id, &service.regions)? })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<CancelFacts, SecretsError> {
        let target = Target::find(view, &self.secret, request).await?;
        let mut retirements = None;
        if let Some(secret) = target.find_secret()
            && let Some(rotation) = &secret.row.rotation
        {
            let ids = (RequestId::from_random(*request.event_id.as_bytes()), request.event_id);
            let own = own_request(&secret.row.secret_key(), view.now, ids);
            retirements = Some(Retirements::prepare(view, &rotation.0.grants, &own).await?);
        }
        Ok(CancelFacts { target, retirements })
    }

    fn checks(&self, facts: &CancelFacts, _request: &RequestContext) -> Checks {
        [facts.target.check("secretsmanager:CancelRotateSecret")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a CancelFacts, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        facts.target.condition(name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &CancelFacts,
        env: Env<'_, Secrets>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.target.writable()?;
        let mut row = secret.row.clone();
        let unfinished = row.run.take().map(|run| run.0.token);
        let answer = CancelRotateSecretResponse {
            arn: Some(secret.arn.to_string()),
            name: Some(secret.row.name.clone()),
            version_id: unfinished,
        };
        let Some(rotation) = &mut row.rotation else { return Ok(Decision::answer(answer)) };
        rotation.0.enabled = false;
        rotation.0.grants.clear();
        let mut writes = WriteSet::default();
        if let Some(retirements) = &facts.retirements {
            retirements.end(&env, &mut writes);
        }
        row.changed_at = env.now;
        wake(&mut row, env.now);
        writes.update(&row, secret.version);
        Ok(Decision::write(answer, writes))
    }
}

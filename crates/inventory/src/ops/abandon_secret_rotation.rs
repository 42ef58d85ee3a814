//! AbandonSecretRotation: gives up a rotation that is under way; the secret stays as it is, its schedule goes on.

use crate::Inventory;
use crate::error::InventoryError;
use keywright_auth::{Authorised, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::keywright::{AbandonSecretRotationRequest, AbandonSecretRotationResponse, operations};
use keywright_secrets::rotation::{OperatedSecret, give_up};

pub struct AbandonSecretRotation {
    secret_id: String,
}

impl Operation for AbandonSecretRotation {
    type Service = Inventory;
    type Input = AbandonSecretRotationRequest;
    type Output = AbandonSecretRotationResponse;
    type Facts = OperatedSecret;
    type Error = InventoryError;
    const MODEL: &'static OperationModel = &operations::ABANDON_SECRET_ROTATION;
    const READ_ONLY: bool = false;

    fn parse(input: AbandonSecretRotationRequest, _service: &Inventory) -> Result<Self, InventoryError> {
        Ok(Self { secret_id: input.secret_id })
    }

    async fn facts(
        &self,
        view: View<'_, Inventory>,
        request: &RequestContext,
    ) -> Result<OperatedSecret, InventoryError> {
        Ok(OperatedSecret::find(Inventory::of_secrets(view), &self.secret_id, request).await?)
    }

    fn checks(&self, facts: &OperatedSecret, _request: &RequestContext) -> Checks {
        [facts.check("keywright:AbandonSecretRotation")].into_iter().collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &OperatedSecret,
        env: Env<'_, Inventory>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.get()?;
        let (token, writes) = give_up(secret, &env)?;
        let answer =
            AbandonSecretRotationResponse { secret_arn: secret.arn.to_string(), version_id: Some(token) };
        Ok(Decision::write(answer, writes))
    }
}

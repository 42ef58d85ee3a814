//! RetrySecretRotation: has a rotation that waits for its next attempt go on at once.

use crate::Inventory;
use crate::error::InventoryError;
use keywright_auth::{Authorised, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::keywright::{RetrySecretRotationRequest, RetrySecretRotationResponse, operations};
use keywright_secrets::rotation::{OperatedSecret, retry};

pub struct RetrySecretRotation {
    secret_id: String,
}

impl Operation for RetrySecretRotation {
    type Service = Inventory;
    type Input = RetrySecretRotationRequest;
    type Output = RetrySecretRotationResponse;
    type Facts = OperatedSecret;
    type Error = InventoryError;
    const MODEL: &'static OperationModel = &operations::RETRY_SECRET_ROTATION;
    const READ_ONLY: bool = false;

    fn parse(input: RetrySecretRotationRequest, _service: &Inventory) -> Result<Self, InventoryError> {
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
        [facts.check("keywright:RetrySecretRotation")].into_iter().collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &OperatedSecret,
        env: Env<'_, Inventory>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.get()?;
        let (token, writes) = retry(secret, &env)?;
        let answer =
            RetrySecretRotationResponse { secret_arn: secret.arn.to_string(), version_id: Some(token) };
        Ok(Decision::write(answer, writes))
    }
    fn done(&self, _facts: &OperatedSecret, service: &Inventory, _request: &RequestContext) {
        service.secrets.wake.notify_one();
    }
}

//! ReportSecretUse: an agent tells which version of a secret the service beside it has.

use crate::Inventory;
use crate::error::InventoryError;
use keywright_auth::{Authorised, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::keywright::{ReportSecretUseRequest, ReportSecretUseResponse, operations};
use keywright_secrets::rotation::OperatedSecret;

pub struct ReportSecretUse {
    secret_id: String,
    version_id: String,
    consumer: String,
}

impl Operation for ReportSecretUse {
    type Service = Inventory;
    type Input = ReportSecretUseRequest;
    type Output = ReportSecretUseResponse;
    type Facts = OperatedSecret;
    type Error = InventoryError;
    const MODEL: &'static OperationModel = &operations::REPORT_SECRET_USE;
    const READ_ONLY: bool = true;

    fn parse(input: ReportSecretUseRequest, _service: &Inventory) -> Result<Self, InventoryError> {
        Ok(Self { secret_id: input.secret_id, version_id: input.version_id, consumer: input.consumer })
    }

    async fn facts(
        &self,
        view: View<'_, Inventory>,
        request: &RequestContext,
    ) -> Result<OperatedSecret, InventoryError> {
        Ok(OperatedSecret::find(Inventory::of_secrets(view), &self.secret_id, request).await?)
    }

    fn checks(&self, facts: &OperatedSecret, _request: &RequestContext) -> Checks {
        [facts.check("keywright:ReportSecretUse")].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &OperatedSecret,
        _env: Env<'_, Inventory>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.get()?;
        if secret.versions().find(&op.version_id).is_none() {
            return Err(InventoryError::parameter("The secret has no version with this id and a label."));
        }
        Ok(Decision::answer(ReportSecretUseResponse { secret_arn: secret.arn.to_string() }))
    }

    fn done(&self, facts: &OperatedSecret, service: &Inventory, request: &RequestContext) {
        if let Ok(secret) = facts.get() {
            // Under the name of who reports: nobody speaks for another one.
            let consumer = format!("{} {}", request.caller.arn, self.consumer);
            service.secrets.consumers.note(secret, &consumer, &self.version_id, request.received_at);
        }
    }
}

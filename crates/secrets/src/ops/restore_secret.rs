//! RestoreSecret: takes the mark for deletion off.

use crate::PRINCIPAL;
use crate::arn::SecretRef;
use crate::error::{REPLICA, SecretsError};
use crate::rotation;
use crate::service::Secrets;
use crate::target::Target;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, ServiceEvent, View,
};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{RestoreSecretRequest, RestoreSecretResponse, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;
use serde_json::json;

pub struct RestoreSecret {
    secret: SecretRef,
}

impl Operation for RestoreSecret {
    type Service = Secrets;
    type Input = RestoreSecretRequest;
    type Output = RestoreSecretResponse;
    type Facts = Target;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::RESTORE_SECRET;
    const READ_ONLY: bool = false;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: RestoreSecretRequest, service: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self { secret: SecretRef::parse(&input.secret_id, &service.regions)? })
    }

    async fn facts(&self, view: View<'_, Secrets>, request: &RequestContext) -> Result<Target, SecretsError> {
        Target::find(view, &self.secret, request).await
    }

    fn checks(&self, facts: &Target, _request: &RequestContext) -> Checks {
        [facts.check("secretsmanager:RestoreSecret")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Target, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        facts.condition(name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &Target,
        env: Env<'_, Secrets>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.get()?;
        if secret.is_replica() {
            return Err(SecretsError::request(REPLICA));
        }
        let answer =
            RestoreSecretResponse { arn: Some(secret.arn.to_string()), name: Some(secret.row.name.clone()) };
        if secret.row.deleted_at.is_none() {
            return Ok(Decision::answer(answer));
        }
        let mut row = secret.row.clone();
        row.deleted_at = None;
        row.delete_at = None;
        row.changed_at = env.now;
        rotation::wake(&mut row, env.now);
        let mut writes = WriteSet::default();
        for (id, _) in secret.versions().iter() {
            writes.audit(
                ServiceEvent {
                    event_source: PRINCIPAL,
                    event_name: "CancelSecretVersionDelete",
                    account: row.account,
                    region: &row.region,
                    resource_type: "AWS::SecretsManager::Secret",
                    resource_arn: &secret.arn,
                    response_elements: None,
                    details: Some(json!({ "SecretId": &*secret.arn, "SecretVersionId": id })),
                }
                .row(&env),
            );
        }
        writes.update(&row, secret.version);
        Ok(Decision::write(answer, writes))
    }
}

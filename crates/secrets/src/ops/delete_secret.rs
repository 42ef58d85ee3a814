//! DeleteSecret: marks a secret for deletion, or deletes it at once.

use crate::PRINCIPAL;
use crate::arn::SecretRef;
use crate::deletion::removal;
use crate::error::{MARKED_FOR_DELETION, REPLICA, SecretsError};
use crate::replication::Replicas;
use crate::rotation;
use crate::service::Secrets;
use crate::target::Target;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, ServiceEvent, View,
};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{DeleteSecretRequest, DeleteSecretResponse, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;
use serde_json::json;

/// The recovery window in days, unless the caller says otherwise.
const WINDOW_DAYS: u32 = 30;

pub struct DeleteSecret {
    secret: SecretRef,
    window_days: Option<u32>,
    at_once: bool,
}

/// The secret, and whether it has replicas.
pub struct DeleteFacts {
    target: Target,
    has_replicas: bool,
}

impl Operation for DeleteSecret {
    type Service = Secrets;
    type Input = DeleteSecretRequest;
    type Output = DeleteSecretResponse;
    type Facts = DeleteFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::DELETE_SECRET;
    const READ_ONLY: bool = false;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: DeleteSecretRequest, service: &Secrets) -> Result<Self, SecretsError> {
        let at_once = input.force_delete_without_recovery.unwrap_or(false);
        let window_days = match input.recovery_window_in_days {
            None => None,
            Some(_) if at_once => {
                return Err(SecretsError::parameter(
                    "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
                ));
            }
            Some(days) => match u32::try_from(days) {
                Ok(days @ 7..=30) => Some(days),
                Ok(_) | Err(_) => {
                    return Err(SecretsError::parameter(
                        "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
                    ));
                }
            },
        };
        Ok(Self { secret: SecretRef::parse(&input.secret_id, &service.regions)?, window_days, at_once })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<DeleteFacts, SecretsError> {
        let target = Target::find(view, &self.secret, request).await?;
        let has_replicas = match target.find_secret() {
            Some(secret) if !secret.is_replica() => !Replicas::find(view, secret).await?.is_empty(),
            Some(_) | None => false,
        };
        Ok(DeleteFacts { target, has_replicas })
    }

    fn checks(&self, facts: &DeleteFacts, _request: &RequestContext) -> Checks {
        [facts.target.check("secretsmanager:DeleteSecret")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a DeleteFacts, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match name {
            "secretsmanager:forcedeletewithoutrecovery" => ConditionValue::Bool(self.at_once),
            "secretsmanager:recoverywindowindays" => match (self.at_once, self.window_days) {
                (true, _) => ConditionValue::Absent,
                (false, days) => ConditionValue::Number(i64::from(days.unwrap_or(WINDOW_DAYS))),
            },
            _ => facts.target.condition(name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &DeleteFacts,
        env: Env<'_, Secrets>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let Some(secret) = facts.target.find_secret() else {
            // What is to be gone is gone (API Reference, ForceDeleteWithoutRecovery).
            if op.at_once {
                return Ok(Decision::answer(DeleteSecretResponse {
                    arn: Some(op.secret.absent_arn(request)),
                    name: Some(op.secret.key(request).name),
                    deletion_date: Some(env.now),
                }));
            }
            return Err(SecretsError::NotFound);
        };
        if secret.is_replica() {
            return Err(SecretsError::request(REPLICA));
        }
        if facts.has_replicas {
            return Err(SecretsError::request(format!(
                "You can't delete secret {} that still has replica regions; remove them first.",
                secret.row.name
            )));
        }
        let answer = |deletion_date| DeleteSecretResponse {
            arn: Some(secret.arn.to_string()),
            name: Some(secret.row.name.clone()),
            deletion_date: Some(deletion_date),
        };
        if op.at_once {
            return Ok(Decision::write(answer(env.now), removal(secret)));
        }
        if secret.row.deleted_at.is_some() {
            return Err(SecretsError::request(MARKED_FOR_DELETION));
        }
        let mut row = secret.row.clone();
        let delete_at = env.now.plus_days(op.window_days.unwrap_or(WINDOW_DAYS));
        row.deleted_at = Some(env.now);
        row.delete_at = Some(delete_at);
        row.changed_at = env.now;
        rotation::wake(&mut row, env.now);
        let mut writes = WriteSet::default();
        for (id, _) in secret.versions().iter() {
            writes.audit(
                ServiceEvent {
                    event_source: PRINCIPAL,
                    event_name: "StartSecretVersionDelete",
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
        Ok(Decision::write(answer(delete_at), writes))
    }
}

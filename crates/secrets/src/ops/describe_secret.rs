//! DescribeSecret: everything about a secret but its values.

use super::rotate_secret::shown_metadata;
use crate::arn::SecretRef;
use crate::error::SecretsError;
use crate::replication::{Replicas, shown};
use crate::rotation::Rotation;
use crate::secret::SecretRow;
use crate::service::{Secrets, store_fault};
use crate::tagging;
use crate::target::Target;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{DescribeSecretRequest, DescribeSecretResponse, operations};
use keywright_policy::ConditionValue;
use keywright_types::Timestamp;

/// The function that rotates a secret, if its owner named one.
pub(crate) fn shown_function(row: &SecretRow, rotation: &Rotation) -> Option<String> {
    rotation.rotator.by_arn.then(|| rotation.rotator.function_arn(&row.account, &row.region))
}

pub struct DescribeSecret {
    secret: SecretRef,
}

/// The secret, and when it was last read.
pub struct DescribeSecretFacts {
    target: Target,
    accessed_on: Option<Timestamp>,
    replicas: Option<Replicas>,
}

impl Operation for DescribeSecret {
    type Service = Secrets;
    type Input = DescribeSecretRequest;
    type Output = DescribeSecretResponse;
    type Facts = DescribeSecretFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::DESCRIBE_SECRET;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: DescribeSecretRequest, service: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self { secret: SecretRef::parse(&input.secret_id, &service.regions)? })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<DescribeSecretFacts, SecretsError> {
        let target = Target::find(view, &self.secret, request).await?;
        let accessed_on = match target.find_secret() {
            Some(secret) => view.service.access.last(view.store, secret, "").await.map_err(store_fault)?,
            None => None,
        };
        let replicas = match target.find_secret() {
            Some(secret) if secret.row.replication.is_some() => Some(Replicas::find(view, secret).await?),
            Some(_) | None => None,
        };
        Ok(DescribeSecretFacts { target, accessed_on, replicas })
    }

    fn checks(&self, facts: &DescribeSecretFacts, _request: &RequestContext) -> Checks {
        [facts.target.check("secretsmanager:DescribeSecret")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a DescribeSecretFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.target.condition(name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &DescribeSecretFacts,
        env: Env<'_, Secrets>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.target.get()?;
        let row = &secret.row;
        let rotation = row.rotation.as_ref().map(|rotation| &rotation.0);
        let stages = secret.versions().iter().map(|(id, _)| (id.to_owned(), secret.versions().labels_of(id)));
        Ok(Decision::answer(DescribeSecretResponse {
            arn: Some(secret.arn.to_string()),
            name: Some(row.name.clone()),
            r#type: row.secret_type.clone(),
            description: row.description.clone(),
            kms_key_id: row.kms_key.clone(),
            rotation_enabled: rotation.map(|rotation| rotation.enabled),
            rotation_lambda_arn: rotation.and_then(|rotation| shown_function(row, rotation)),
            rotation_rules: rotation
                .and_then(|rotation| rotation.rules.as_ref())
                .map(|rules| rules.shown(env.now)),
            external_secret_rotation_metadata: rotation.and_then(shown_metadata),
            external_secret_rotation_role_arn: None,
            last_rotated_date: row.last_rotated_at,
            last_changed_date: Some(row.changed_at),
            last_accessed_date: facts.accessed_on,
            deleted_date: row.delete_at,
            next_rotation_date: row.next_rotation_at,
            tags: (!row.tags.is_empty()).then(|| tagging::shown(&row.tags)),
            version_ids_to_stages: (!secret.versions().is_empty()).then(|| stages.collect()),
            owning_service: None,
            created_date: Some(row.created_at),
            primary_region: facts
                .replicas
                .as_ref()
                .map(|_| row.primary_region.as_ref().unwrap_or(&row.region).to_string()),
            replication_status: facts.replicas.as_ref().and_then(|replicas| shown(secret, replicas)),
            cross_account_primary: None,
            cross_account_replicas: None,
        }))
    }
}

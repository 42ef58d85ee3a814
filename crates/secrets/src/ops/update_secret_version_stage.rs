//! UpdateSecretVersionStage: moves a staging label, puts it on, or takes it off.

use crate::arn::SecretRef;
use crate::condition::optional;
use crate::error::SecretsError;
use crate::labels::{CURRENT, LABELS_PER_VERSION_MAX};
use crate::rotation;
use crate::service::{Secrets, find_version, store_fault};
use crate::target::Target;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{
    UpdateSecretVersionStageRequest, UpdateSecretVersionStageResponse, operations,
};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;
use keywright_types::Timestamp;

pub struct UpdateSecretVersionStage {
    secret: SecretRef,
    label: String,
    from: Option<String>,
    to: Option<String>,
}

/// The secret, and when the version to be labelled was made, if it has no label yet.
pub struct StageFacts {
    target: Target,
    unlabelled: Option<Timestamp>,
}

impl Operation for UpdateSecretVersionStage {
    type Service = Secrets;
    type Input = UpdateSecretVersionStageRequest;
    type Output = UpdateSecretVersionStageResponse;
    type Facts = StageFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::UPDATE_SECRET_VERSION_STAGE;
    const READ_ONLY: bool = false;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: UpdateSecretVersionStageRequest, service: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self {
            secret: SecretRef::parse(&input.secret_id, &service.regions)?,
            label: input.version_stage,
            from: input.remove_from_version_id,
            to: input.move_to_version_id,
        })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<StageFacts, SecretsError> {
        let target = Target::find(view, &self.secret, request).await?;
        let mut unlabelled = None;
        if let (Some(secret), Some(to)) = (target.find_secret(), &self.to)
            && secret.versions().find(to).is_none()
        {
            let found = find_version(view.store, &secret.row.secret_key(), to).await.map_err(store_fault)?;
            unlabelled = found.map(|row| row.created_at);
        }
        Ok(StageFacts { target, unlabelled })
    }

    fn checks(&self, facts: &StageFacts, _request: &RequestContext) -> Checks {
        [facts.target.check("secretsmanager:UpdateSecretVersionStage")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a StageFacts, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match name {
            "secretsmanager:versionstage" => ConditionValue::Single(self.label.as_str().into()),
            "secretsmanager:versionid" => optional(self.to.as_deref()),
            _ => facts.target.condition(name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &StageFacts,
        env: Env<'_, Secrets>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.target.writable()?;
        let label = &op.label;
        let mut row = secret.row.clone();
        let versions = &mut row.versions.0;
        let holder = versions.holder(label).map(str::to_owned);
        if let Some(from) = &op.from
            && holder.as_ref() != Some(from)
        {
            return Err(SecretsError::parameter(format!(
                "The parameter RemoveFromVersionId can't be used: the staging label {label} is not attached to version \
                 {from}."
            )));
        }
        let answer = UpdateSecretVersionStageResponse {
            arn: Some(secret.arn.to_string()),
            name: Some(secret.row.name.clone()),
        };
        match (&op.to, &op.from) {
            (None, None) => {
                return Err(SecretsError::parameter(
                    "You must provide MoveToVersionId, RemoveFromVersionId, or both.",
                ));
            }
            (None, Some(_)) if label == CURRENT => {
                return Err(SecretsError::parameter(
                    "You can't remove the staging label AWSCURRENT: move it to another version.",
                ));
            }
            (None, Some(_)) => versions.detach(label),
            (Some(to), from) => {
                let known = versions.find(to).map(|version| (version.created_at(), version.has_value()));
                let Some((created_at, has_value)) = known.or(facts.unlabelled.map(|at| (at, true))) else {
                    return Err(SecretsError::NoVersionWithId { id: to.clone() });
                };
                if holder.as_ref() == Some(to) {
                    return Ok(Decision::answer(answer));
                }
                if let (Some(holder), None) = (&holder, from) {
                    return Err(SecretsError::parameter(format!(
                        "The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached \
                         to version {holder}, so you must explicitly reference that version in RemoveFromVersionId."
                    )));
                }
                if label == CURRENT && !has_value {
                    return Err(SecretsError::request(
                        "You can't move the staging label AWSCURRENT to a version that has no value.",
                    ));
                }
                versions.attach(label, to, has_value, created_at);
                if versions.labels_of(to).len() > LABELS_PER_VERSION_MAX {
                    return Err(SecretsError::Limit {
                        message: format!(
                            "A version can have at most {LABELS_PER_VERSION_MAX} staging labels."
                        )
                        .into(),
                    });
                }
            }
        }
        row.changed_at = env.now;
        let mut writes = WriteSet::default();
        rotation::written(&mut writes, &mut row, secret, &env);
        writes.update(&row, secret.version);
        Ok(Decision::write(answer, writes))
    }
}

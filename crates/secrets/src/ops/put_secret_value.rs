//! PutSecretValue: a new version, or labels on one that the same token made before.

use super::parse;
use super::write_value::{ValueToWrite, Written, label};
use crate::arn::SecretRef;
use crate::error::SecretsError;
use crate::labels::{CURRENT, LABELS_PER_VERSION_MAX};
use crate::rotation;
use crate::sealing::KeyToUse;
use crate::service::Secrets;
use crate::target::Target;
use crate::value::SecretValue;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{PutSecretValueRequest, PutSecretValueResponse, operations};
use keywright_kms::NewServiceKey;
use keywright_policy::ConditionValue;

pub struct PutSecretValue {
    secret: SecretRef,
    token: String,
    value: SecretValue,
    /// None moves AWSCURRENT.
    labels: Option<Vec<String>>,
}

/// The secret and what its key and its versions say.
pub struct PutSecretValueFacts {
    target: Target,
    value: Option<ValueToWrite>,
}

impl Operation for PutSecretValue {
    type Service = Secrets;
    type Input = PutSecretValueRequest;
    type Output = PutSecretValueResponse;
    type Facts = PutSecretValueFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::PUT_SECRET_VALUE;
    const READ_ONLY: bool = false;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: PutSecretValueRequest, service: &Secrets) -> Result<Self, SecretsError> {
        let secret = SecretRef::parse(&input.secret_id, &service.regions)?;
        let token = parse::token(input.client_request_token)?;
        let value = SecretValue::parse(input.secret_string, input.secret_binary)?
            .ok_or_else(|| SecretsError::request("You must provide either SecretString or SecretBinary."))?;
        if input.rotation_token.is_some() {
            return Err(SecretsError::parameter("The RotationToken is not of a rotation that is under way."));
        }
        Ok(Self { secret, token, value, labels: input.version_stages })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<PutSecretValueFacts, SecretsError> {
        let target = Target::find(view, &self.secret, request).await?;
        let value = match target.writable() {
            Ok(secret) => {
                let new = NewServiceKey::default();
                let kms_key = KeyToUse { named: secret.row.kms_key.as_deref(), new: &new };
                Some(ValueToWrite::prepare(view, secret, &self.token, kms_key, request).await?)
            }
            Err(_) => None,
        };
        Ok(PutSecretValueFacts { target, value })
    }

    fn checks(&self, facts: &PutSecretValueFacts, _request: &RequestContext) -> Checks {
        [facts.target.check("secretsmanager:PutSecretValue")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a PutSecretValueFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match (name, &self.labels) {
            ("secretsmanager:versionstage", Some(labels)) => {
                ConditionValue::Multi(labels.iter().map(String::as_str).collect())
            }
            ("secretsmanager:versionstage", None) => ConditionValue::Multi(vec![CURRENT]),
            ("secretsmanager:versionid", _) => ConditionValue::Single(self.token.as_str().into()),
            _ => facts.target.condition(name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &PutSecretValueFacts,
        env: Env<'_, Secrets>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.target.writable()?;
        let Some(value) = &facts.value else { return Err(SecretsError::NotFound) };
        let answer = |labels: Vec<String>| PutSecretValueResponse {
            arn: Some(secret.arn.to_string()),
            name: Some(secret.row.name.clone()),
            version_id: Some(op.token.clone()),
            version_stages: Some(labels),
        };
        let mut writes = match value.write(&op.value, secret, &op.token, &env)? {
            Written::Before(records) => {
                let held = secret.versions().labels_of(&op.token);
                return Ok(Decision::write(answer(held), records));
            }
            Written::Now(writes) => writes,
        };
        let mut labels = op.labels.clone().unwrap_or_else(|| vec![CURRENT.to_owned()]);
        // A secret that has a value has a current one.
        if secret.versions().holder(CURRENT).is_none() && !labels.iter().any(|label| label == CURRENT) {
            labels.push(CURRENT.to_owned());
        }
        let mut row = secret.row.clone();
        label(&mut row, &labels, &op.token, env.now);
        if row.versions.0.labels_of(&op.token).len() > LABELS_PER_VERSION_MAX {
            return Err(SecretsError::Limit {
                message: format!("A version can have at most {LABELS_PER_VERSION_MAX} staging labels.")
                    .into(),
            });
        }
        let held = row.versions.0.labels_of(&op.token);
        rotation::written(&mut writes, &mut row, secret, &env);
        writes.update(&row, secret.version);
        Ok(Decision::write(answer(held), writes))
    }

    fn done(&self, facts: &PutSecretValueFacts, service: &Secrets, _request: &RequestContext) {
        if let Some(value) = &facts.value {
            value.done(service);
        }
    }
}

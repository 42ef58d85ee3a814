//! UpdateSecret: description, type, key, and, if a value is given, a new current version.
//!
//! Source: Secrets Manager API Reference, UpdateSecret: with a new key the versions labelled AWSCURRENT, AWSPENDING and
//! AWSPREVIOUS are encrypted anew if the caller may; a token that was used before is an error.

use super::parse;
use super::write_value::{ValueToWrite, Written, label};
use crate::arn::SecretRef;
use crate::condition::optional;
use crate::error::{SecretsError, TOKEN_NEEDED};
use crate::labels::{CURRENT, PENDING, PREVIOUS};
use crate::rotation;
use crate::sealing::{DEFAULT_KEY, KeyTest, KeyToUse, Opening, Sealing};
use crate::secret::Secret;
use crate::service::{Secrets, store_fault};
use crate::target::Target;
use crate::value::SecretValue;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{UpdateSecretRequest, UpdateSecretResponse, operations};
use keywright_kms::NewServiceKey;
use keywright_policy::ConditionValue;
use keywright_store::{Column as _, Versioned, WriteSet};
use std::sync::Arc;

pub struct UpdateSecret {
    secret: SecretRef,
    token: Option<String>,
    description: Option<String>,
    secret_type: Option<String>,
    /// The key as given; the inner none is the service's own.
    kms_key: Option<Option<String>>,
    value: Option<SecretValue>,
}

/// The secret, its key to be, its versions.
pub struct UpdateSecretFacts {
    target: Target,
    value: Option<ValueToWrite>,
    new_key: Option<NewKey>,
}

/// A key that takes the place of another.
struct NewKey {
    test: KeyTest,
    versions: Vec<Reseal>,
}

/// A version that is to be encrypted anew.
struct Reseal {
    stored: Versioned<crate::version::VersionRow>,
    opening: Opening,
    sealing: Sealing,
}

impl UpdateSecret {
    async fn new_key(
        &self,
        view: View<'_, Secrets>,
        secret: &Arc<Secret>,
        kms_key: KeyToUse<'_>,
        request: &RequestContext,
    ) -> Result<NewKey, SecretsError> {
        let key = secret.row.secret_key();
        let test = KeyTest::prepare(view, &key, &secret.arn, kms_key, request).await?;
        let mut versions = Vec::new();
        for (id, version) in secret.versions().iter() {
            let kept = [CURRENT, PENDING, PREVIOUS].iter().any(|label| version.labels.contains(*label));
            if !kept || !version.has_value() {
                continue;
            }
            let [account, region, name] = key.values();
            let of_version = [account, region, name, id.to_owned().to_value()];
            let Some(stored) = view.store.find(&of_version).await.map_err(store_fault)? else { continue };
            versions.push(Reseal {
                opening: Opening::prepare(view, secret, &stored.row, request).await?,
                sealing: Sealing::prepare(view, &key, &secret.arn, id, kms_key, request).await?,
                stored,
            });
        }
        Ok(NewKey { test, versions })
    }
}

impl Operation for UpdateSecret {
    type Service = Secrets;
    type Input = UpdateSecretRequest;
    type Output = UpdateSecretResponse;
    type Facts = UpdateSecretFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::UPDATE_SECRET;
    const READ_ONLY: bool = false;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: UpdateSecretRequest, service: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self {
            secret: SecretRef::parse(&input.secret_id, &service.regions)?,
            token: input.client_request_token,
            description: parse::text(input.description)?,
            secret_type: parse::text(input.r#type)?,
            kms_key: input.kms_key_id.map(|key| parse::kms_key(Some(key))),
            value: SecretValue::parse(input.secret_string, input.secret_binary)?,
        })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<UpdateSecretFacts, SecretsError> {
        let target = Target::find(view, &self.secret, request).await?;
        let (mut value, mut new_key) = (None, None);
        if let Ok(secret) = target.writable() {
            let named = match &self.kms_key {
                Some(key) => key.as_deref(),
                None => secret.row.kms_key.as_deref(),
            };
            let new = NewServiceKey::default();
            let kms_key = KeyToUse { named, new: &new };
            if self.kms_key.is_some() && named != secret.row.kms_key.as_deref() {
                new_key = Some(self.new_key(view, secret, kms_key, request).await?);
            }
            if let (Some(_), Some(token)) = (&self.value, &self.token) {
                value = Some(ValueToWrite::prepare(view, secret, token, kms_key, request).await?);
            }
        }
        Ok(UpdateSecretFacts { target, value, new_key })
    }

    fn checks(&self, facts: &UpdateSecretFacts, _request: &RequestContext) -> Checks {
        [facts.target.check("secretsmanager:UpdateSecret")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a UpdateSecretFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match name {
            "secretsmanager:description" => optional(self.description.as_deref()),
            "secretsmanager:kmskeyid" => match &self.kms_key {
                Some(key) => ConditionValue::Single(key.as_deref().unwrap_or(DEFAULT_KEY).into()),
                None => ConditionValue::Absent,
            },
            _ => facts.target.condition(name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &UpdateSecretFacts,
        env: Env<'_, Secrets>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.target.writable()?;
        let mut row = secret.row.clone();
        let mut writes = WriteSet::default();
        if let Some(description) = &op.description {
            row.description = Some(description.clone()).filter(|text| !text.is_empty());
        }
        if let Some(secret_type) = &op.secret_type {
            row.secret_type = Some(secret_type.clone());
        }
        if let (Some(kms_key), Some(new_key)) = (&op.kms_key, &facts.new_key) {
            new_key.test.check(&env)?;
            row.kms_key = kms_key.clone();
            for version in &new_key.versions {
                let (value, records) = version.opening.open(&env)?;
                let (mut sealed, of_key) = version.sealing.seal(&value, &env)?;
                sealed.created_at = version.stored.row.created_at;
                writes.merge(records);
                writes.merge(of_key);
                writes.update(&sealed, version.stored.version);
                row.versions.0.sealed(&sealed.version_id);
            }
        }
        let mut version_id = None;
        if let Some(value) = &op.value {
            let (Some(token), Some(to_write)) = (&op.token, &facts.value) else {
                return Err(SecretsError::parameter(TOKEN_NEEDED));
            };
            let exists =
                || SecretsError::TokenInUse { token: token.clone(), secret: Arc::clone(&secret.arn) };
            if to_write.is_known() {
                return Err(exists());
            }
            match to_write.write(value, secret, token, &env)? {
                Written::Before(_) => return Err(exists()),
                Written::Now(of_value) => writes.merge(of_value),
            }
            label(&mut row, &[CURRENT.to_owned()], token, env.now);
            version_id = Some(token.clone());
        }
        row.changed_at = env.now;
        rotation::written(&mut writes, &mut row, secret, &env);
        writes.update(&row, secret.version);
        let answer = UpdateSecretResponse {
            arn: Some(secret.arn.to_string()),
            name: Some(secret.row.name.clone()),
            version_id,
        };
        Ok(Decision::write(answer, writes))
    }

    fn done(&self, facts: &UpdateSecretFacts, service: &Secrets, _request: &RequestContext) {
        if let Some(value) = &facts.value {
            value.done(service);
        }
    }
}

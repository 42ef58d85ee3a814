//! CreateSecret: a secret, with a first value or without.

use super::parse;
use crate::arn::{SecretRef, check_name, suffix_of};
use crate::condition::{of_given_tags, optional};
use crate::error::SecretsError;
use crate::labels::{CURRENT, Versions};
use crate::replication::{Adding, NewReplica, Replicas, ReplicasToAdd, shown};
use crate::sealing::{DEFAULT_KEY, KeyTest, KeyToUse, Opening, Sealing};
use crate::secret::{Secret, SecretKey, SecretRow};
use crate::service::{Secrets, find_version, store_fault};
use crate::tagging::{self, Given};
use crate::value::SecretValue;
use keywright_auth::identities::Json;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{CreateSecretRequest, CreateSecretResponse, operations};
use keywright_kms::NewServiceKey;
use keywright_policy::ConditionValue;
use keywright_store::{RowVersion, Versioned, WriteSet};
use keywright_types::Tags;
use std::sync::Arc;

pub struct CreateSecret {
    name: String,
    token: String,
    description: Option<String>,
    kms_key: Option<String>,
    value: Option<SecretValue>,
    tags: Given,
    secret_type: Option<String>,
    replicas: Vec<NewReplica>,
    overwrite: bool,
}

/// The name, free or taken, and the keys.
pub struct CreateSecretFacts {
    arn: String,
    suffix: String,
    taken: Option<Arc<Secret>>,
    /// Of a name that is taken: the value that the same token wrote before.
    before: Option<Opening>,
    test: Option<KeyTest>,
    sealing: Option<Sealing>,
    to_add: Option<Result<ReplicasToAdd, SecretsError>>,
}

impl CreateSecret {
    fn adding(&self) -> Adding<'_> {
        Adding { replicas: &self.replicas, overwrite: self.overwrite }
    }

    fn key(&self, request: &RequestContext) -> SecretKey {
        SecretKey { account: request.caller.account, region: request.region.clone(), name: self.name.clone() }
    }

    /// A name that is taken by what the very same request made before is no fault.
    fn made_before(&self, taken: &Secret, before: Option<&Opening>, env: &Env<'_, Secrets>) -> Decided<Self> {
        if taken.row.deleted_at.is_some() {
            return Err(SecretsError::request(
                "You can't create this secret because a secret with this name is already scheduled for deletion.",
            ));
        }
        let exists = || SecretsError::SecretExists { name: self.name.clone() };
        let (Some(before), Some(value)) = (before, &self.value) else { return Err(exists()) };
        let (known, records) = before.open(env)?;
        if known != *value {
            return Err(SecretsError::TokenInUse { token: self.token.clone(), secret: taken.arn.clone() });
        }
        Ok(Decision::write(answer(&taken.arn, &self.name, Some(&self.token)), records))
    }
}

fn answer(arn: &str, name: &str, version_id: Option<&str>) -> CreateSecretResponse {
    CreateSecretResponse {
        arn: Some(arn.to_owned()),
        name: Some(name.to_owned()),
        version_id: version_id.map(str::to_owned),
        replication_status: None,
    }
}

impl Operation for CreateSecret {
    type Service = Secrets;
    type Input = CreateSecretRequest;
    type Output = CreateSecretResponse;
    type Facts = CreateSecretFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::CREATE_SECRET;
    const READ_ONLY: bool = false;

    fn parse(input: CreateSecretRequest, service: &Secrets) -> Result<Self, SecretsError> {
        check_name(&input.name)?;
        // A name is never taken for an ARN later.
        SecretRef::parse(&input.name, &service.regions)?;
        if input.cross_account_primary_arn.is_some() {
            return Err(SecretsError::parameter(
                "Replica secrets in other accounts are not supported by this release.",
            ));
        }
        Ok(Self {
            name: input.name,
            token: parse::token(input.client_request_token)?,
            description: parse::text(input.description)?,
            kms_key: parse::kms_key(input.kms_key_id),
            value: SecretValue::parse(input.secret_string, input.secret_binary)?,
            tags: tagging::parse(input.tags)?,
            secret_type: parse::text(input.r#type)?,
            replicas: NewReplica::parse_all(input.add_replica_regions, &service.regions)?,
            overwrite: input.force_overwrite_replica_secret.unwrap_or(false),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<CreateSecretFacts, SecretsError> {
        let key = self.key(request);
        let suffix = suffix_of(request);
        let arn = key.arn(&suffix);
        let taken = view.service.find(view, &key).await.map_err(store_fault)?;
        if let Some(taken) = taken {
            let row = find_version(view.store, &key, &self.token).await.map_err(store_fault)?;
            let before = match row {
                Some(row) => Some(Opening::prepare(view, &taken, &row, request).await?),
                None => None,
            };
            return Ok(CreateSecretFacts {
                arn,
                suffix,
                taken: Some(taken),
                before,
                test: None,
                sealing: None,
                to_add: None,
            });
        }
        let new = NewServiceKey::default();
        let kms_key = KeyToUse { named: self.kms_key.as_deref(), new: &new };
        let test = match kms_key.named {
            Some(_) => Some(KeyTest::prepare(view, &key, &arn, kms_key, request).await?),
            None => None,
        };
        let sealing = match &self.value {
            Some(_) => Some(Sealing::prepare(view, &key, &arn, &self.token, kms_key, request).await?),
            None => None,
        };
        let mut to_add = None;
        if !self.replicas.is_empty() {
            let keys = [kms_key.named.unwrap_or(DEFAULT_KEY)];
            let found = ReplicasToAdd::find(view, (&key, &arn), self.adding(), &keys, request).await;
            to_add = Some(match found {
                Err(fault @ (SecretsError::Internal(_) | SecretsError::Unavailable(_))) => return Err(fault),
                found => found,
            });
        }
        Ok(CreateSecretFacts { arn, suffix, taken: None, before: None, test, sealing, to_add })
    }

    fn checks(&self, facts: &CreateSecretFacts, _request: &RequestContext) -> Checks {
        let arn = match &facts.taken {
            Some(taken) => taken.arn.to_string(),
            None => facts.arn.clone(),
        };
        let check = |action| Check { action, protected: Protected::ByIdentity { arn: arn.clone() } };
        let mut checks: Checks = [check("secretsmanager:CreateSecret")].into_iter().collect();
        if !self.tags.is_empty() {
            checks.push(check("secretsmanager:TagResource"));
        }
        if !self.replicas.is_empty() {
            checks.push(check("secretsmanager:ReplicateSecretToRegions"));
        }
        checks
    }

    fn condition<'a>(
        &'a self,
        _facts: &'a CreateSecretFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match name {
            "secretsmanager:name" => ConditionValue::Single(self.name.as_str().into()),
            "secretsmanager:description" => optional(self.description.as_deref()),
            "secretsmanager:kmskeyid" => optional(self.kms_key.as_deref()),
            "secretsmanager:addreplicaregions" if !self.replicas.is_empty() => {
                ConditionValue::Multi(self.replicas.iter().map(|replica| replica.region.as_str()).collect())
            }
            "secretsmanager:forceoverwritereplicasecret" => ConditionValue::Bool(self.overwrite),
            "secretsmanager:resource/type" => optional(self.secret_type.as_deref()),
            _ => of_given_tags(&self.tags, name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &CreateSecretFacts,
        env: Env<'_, Secrets>,
        request: &RequestContext,
    ) -> Decided<Self> {
        if let Some(taken) = &facts.taken {
            return op.made_before(taken, facts.before.as_ref(), &env);
        }
        let mut tags = Tags::default();
        tagging::add(&mut tags, &op.tags)?;
        if let Some(test) = &facts.test {
            test.check(&env)?;
        }
        let key = op.key(request);
        let mut versions = Versions::default();
        let mut writes = WriteSet::default();
        let mut version_id = None;
        if let (Some(value), Some(sealing)) = (&op.value, &facts.sealing) {
            let (row, of_key) = sealing.seal(value, &env)?;
            writes.merge(of_key);
            writes.insert(&row);
            versions.attach(CURRENT, &op.token, true, env.now);
            version_id = Some(op.token.as_str());
        }
        let mut row = SecretRow {
            part: key.part(),
            account: key.account,
            region: key.region,
            name: key.name,
            suffix: facts.suffix.clone(),
            description: op.description.clone(),
            secret_type: op.secret_type.clone(),
            kms_key: op.kms_key.clone(),
            tags,
            versions: Json(versions),
            policy: None,
            policy_pins: None,
            created_at: env.now,
            changed_at: env.now,
            deleted_at: None,
            delete_at: None,
            primary_region: None,
            synced: None,
            sync_at: None,
            replication: None,
            rotation: None,
            run: None,
            rotation_at: None,
            last_rotated_at: None,
            next_rotation_at: None,
            held: None,
        };
        let mut answer = answer(&facts.arn, &op.name, version_id);
        if let Some(to_add) = &facts.to_add {
            let to_add = to_add.as_ref().map_err(SecretsError::repeat)?;
            let added = to_add.add(&row, op.adding(), &env, &mut writes)?;
            row.replication = Some(Json(added.replication));
            let stored = |row| Versioned { row, version: RowVersion::FIRST };
            let mut replicas = Replicas(Vec::new());
            for row in added.rows {
                replicas.0.push(Arc::new(Secret::from_row(stored(row)).map_err(store_fault)?));
            }
            let primary = Secret::from_row(stored(row.clone())).map_err(store_fault)?;
            answer.replication_status = shown(&primary, &replicas);
        }
        writes.insert(&row);
        Ok(Decision::write(answer, writes))
    }

    fn done(&self, facts: &CreateSecretFacts, service: &Secrets, _request: &RequestContext) {
        if let Some(sealing) = &facts.sealing {
            sealing.done(service);
        }
        if let Some(before) = &facts.before {
            before.done(service);
        }
    }
}

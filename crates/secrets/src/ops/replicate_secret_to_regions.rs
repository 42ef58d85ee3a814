//! ReplicateSecretToRegions: replicas of a secret in other Regions.

use crate::arn::SecretRef;
use crate::condition::optional;
use crate::error::SecretsError;
use crate::labels::{CURRENT, PENDING, PREVIOUS};
use crate::replication::{Adding, NewReplica, Replicas, ReplicasToAdd, shown};
use crate::sealing::DEFAULT_KEY;
use crate::secret::Secret;
use crate::service::{Secrets, store_fault};
use crate::target::Target;
use keywright_auth::identities::Json;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{
    ReplicateSecretToRegionsRequest, ReplicateSecretToRegionsResponse, operations,
};
use keywright_policy::ConditionValue;
use keywright_store::{RowVersion, Versioned, WriteSet};
use std::sync::Arc;

pub struct ReplicateSecretToRegions {
    secret: SecretRef,
    replicas: Vec<NewReplica>,
    overwrite: bool,
}

/// The secret, its replicas, and what is in the way of more.
pub struct ReplicateFacts {
    target: Target,
    known: Option<Replicas>,
    to_add: Option<Result<ReplicasToAdd, SecretsError>>,
}

/// The keys that a secret's labelled values are under, and that of its next one.
pub(crate) async fn keys_of(view: View<'_, Secrets>, secret: &Secret) -> Result<Vec<String>, SecretsError> {
    let mut keys = vec![secret.row.kms_key.clone().unwrap_or_else(|| DEFAULT_KEY.to_owned())];
    for label in [CURRENT, PREVIOUS, PENDING] {
        let Some(id) = secret.versions().holder(label) else { continue };
        if let Some(row) = view.service.find_value(view, secret, id).await.map_err(store_fault)?
            && !keys.contains(&row.kms_key_arn)
        {
            keys.push(row.kms_key_arn.clone());
        }
    }
    Ok(keys)
}

impl Operation for ReplicateSecretToRegions {
    type Service = Secrets;
    type Input = ReplicateSecretToRegionsRequest;
    type Output = ReplicateSecretToRegionsResponse;
    type Facts = ReplicateFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::REPLICATE_SECRET_TO_REGIONS;
    const READ_ONLY: bool = false;

    fn parse(input: ReplicateSecretToRegionsRequest, service: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self {
            secret: SecretRef::parse(&input.secret_id, &service.regions)?,
            replicas: NewReplica::parse_all(Some(input.add_replica_regions), &service.regions)?,
            overwrite: input.force_overwrite_replica_secret.unwrap_or(false),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<ReplicateFacts, SecretsError> {
        let target = Target::find(view, &self.secret, request).await?;
        let (mut known, mut to_add) = (None, None);
        if let Ok(secret) = target.writable() {
            known = Some(Replicas::find(view, secret).await?);
            let keys = keys_of(view, secret).await?;
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let key = secret.row.secret_key();
            let found = ReplicasToAdd::find(view, (&key, &secret.arn), self.adding(), &keys, request).await;
            to_add = Some(match found {
                Err(fault @ (SecretsError::Internal(_) | SecretsError::Unavailable(_))) => return Err(fault),
                found => found,
            });
        }
        Ok(ReplicateFacts { target, known, to_add })
    }

    fn checks(&self, facts: &ReplicateFacts, _request: &RequestContext) -> Checks {
        [facts.target.check("secretsmanager:ReplicateSecretToRegions")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a ReplicateFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match name {
            "secretsmanager:addreplicaregions" => {
                ConditionValue::Multi(self.replicas.iter().map(|replica| replica.region.as_str()).collect())
            }
            "secretsmanager:forceoverwritereplicasecret" => ConditionValue::Bool(self.overwrite),
            "secretsmanager:kmskeyid" => {
                optional(self.replicas.iter().find_map(|replica| replica.kms_key.as_deref()))
            }
            _ => facts.target.condition(name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &ReplicateFacts,
        env: Env<'_, Secrets>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.target.writable()?;
        let (Some(known), Some(to_add)) = (&facts.known, &facts.to_add) else {
            return Err(SecretsError::NotFound);
        };
        let to_add = to_add.as_ref().map_err(SecretsError::repeat)?;
        let mut writes = WriteSet::default();
        let mut row = secret.row.clone();
        let added = to_add.add(&row, op.adding(), &env, &mut writes)?;
        row.replication = Some(Json(added.replication));
        row.changed_at = env.now;
        let now = Secret::clone(secret);
        let now = Secret { row, ..now };
        writes.update(&now.row, secret.version);
        let mut replicas = Replicas(known.0.clone());
        for row in added.rows {
            let stored = Versioned { row, version: RowVersion::FIRST };
            replicas.0.push(Arc::new(Secret::from_row(stored).map_err(store_fault)?));
        }
        let answer = ReplicateSecretToRegionsResponse {
            arn: Some(secret.arn.to_string()),
            replication_status: shown(&now, &replicas),
        };
        Ok(Decision::write(answer, writes))
    }
}

impl ReplicateSecretToRegions {
    fn adding(&self) -> Adding<'_> {
        Adding { replicas: &self.replicas, overwrite: self.overwrite }
    }
}

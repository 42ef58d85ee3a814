//! RemoveRegionsFromReplication: deletes replicas.

use crate::arn::SecretRef;
use crate::deletion::removal;
use crate::error::SecretsError;
use crate::replication::{Replicas, shown};
use crate::rotation::{Retirements, own_request};
use crate::secret::Secret;
use crate::service::Secrets;
use crate::target::Target;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{
    RemoveRegionsFromReplicationRequest, RemoveRegionsFromReplicationResponse, operations,
};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;
use keywright_types::RequestId;

pub struct RemoveRegionsFromReplication {
    secret: SecretRef,
    regions: Vec<String>,
}

/// The secret, its replicas, and the grants that end with them.
pub struct RemoveFacts {
    target: Target,
    known: Option<Replicas>,
    retirements: Vec<Retirements>,
}

impl Operation for RemoveRegionsFromReplication {
    type Service = Secrets;
    type Input = RemoveRegionsFromReplicationRequest;
    type Output = RemoveRegionsFromReplicationResponse;
    type Facts = RemoveFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::REMOVE_REGIONS_FROM_REPLICATION;
    const READ_ONLY: bool = false;

    fn parse(input: RemoveRegionsFromReplicationRequest, service: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self {
            secret: SecretRef::parse(&input.secret_id, &service.regions)?,
            regions: input.remove_replica_regions,
        })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<RemoveFacts, SecretsError> {
        let target = Target::find(view, &self.secret, request).await?;
        let mut facts = RemoveFacts { target, known: None, retirements: Vec::new() };
        let Ok(secret) = facts.target.writable() else { return Ok(facts) };
        let known = Replicas::find(view, secret).await?;
        let ids = (RequestId::from_random(*request.event_id.as_bytes()), request.event_id);
        let mut ending = Vec::new();
        for replica in &known.0 {
            if self.names(replica) {
                ending.push(replica);
            }
        }
        for replica in &ending {
            let own = own_request(&replica.row.secret_key(), view.now, ids);
            let grants = replica.row.replication.clone().unwrap_or_default().0.grants;
            facts.retirements.push(Retirements::prepare(view, &grants, &own).await?);
        }
        if ending.len() == known.0.len() {
            let own = own_request(&secret.row.secret_key(), view.now, ids);
            let grants = secret.row.replication.clone().unwrap_or_default().0.grants;
            facts.retirements.push(Retirements::prepare(view, &grants, &own).await?);
        }
        facts.known = Some(known);
        Ok(facts)
    }

    fn checks(&self, facts: &RemoveFacts, _request: &RequestContext) -> Checks {
        [facts.target.check("secretsmanager:RemoveRegionsFromReplication")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a RemoveFacts, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        facts.target.condition(name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &RemoveFacts,
        env: Env<'_, Secrets>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.target.writable()?;
        let Some(known) = &facts.known else { return Err(SecretsError::NotFound) };
        let mut row = secret.row.clone();
        let mut replication = row.replication.take().unwrap_or_default();
        for region in &op.regions {
            let is_known = known.0.iter().any(|replica| replica.row.region.as_str() == region);
            if !is_known && replication.0.failed.remove(region).is_none() {
                return Err(SecretsError::parameter(format!(
                    "The secret has no replica in the Region {region}."
                )));
            }
        }
        let mut writes = WriteSet::default();
        let (gone, left): (Vec<_>, Vec<_>) = known.0.iter().cloned().partition(|replica| op.names(replica));
        for replica in &gone {
            writes.merge(removal(replica));
        }
        for retirements in &facts.retirements {
            retirements.end(&env, &mut writes);
        }
        if left.is_empty() {
            replication.0.grants.clear();
        }
        row.replication = Some(replication);
        row.changed_at = env.now;
        let now = Secret { row, ..Secret::clone(secret) };
        writes.update(&now.row, secret.version);
        let answer = RemoveRegionsFromReplicationResponse {
            arn: Some(secret.arn.to_string()),
            replication_status: shown(&now, &Replicas(left)),
        };
        Ok(Decision::write(answer, writes))
    }
}

impl RemoveRegionsFromReplication {
    fn names(&self, replica: &Secret) -> bool {
        self.regions.iter().any(|region| region == replica.row.region.as_str())
    }
}

//! StopReplicationToReplica: makes a replica a secret of its own; called in the replica's Region.

use crate::arn::SecretRef;
use crate::error::SecretsError;
use crate::rotation::{Retirements, own_request};
use crate::service::Secrets;
use crate::target::Target;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{
    StopReplicationToReplicaRequest, StopReplicationToReplicaResponse, operations,
};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;
use keywright_types::RequestId;

pub struct StopReplicationToReplica {
    secret: SecretRef,
}

/// The replica, and the grants that end with it.
pub struct StopFacts {
    target: Target,
    retirements: Option<Retirements>,
}

impl Operation for StopReplicationToReplica {
    type Service = Secrets;
    type Input = StopReplicationToReplicaRequest;
    type Output = StopReplicationToReplicaResponse;
    type Facts = StopFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::STOP_REPLICATION_TO_REPLICA;
    const READ_ONLY: bool = false;

    fn parse(input: StopReplicationToReplicaRequest, service: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self { secret: SecretRef::parse(&input.secret_id, &service.regions)? })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<StopFacts, SecretsError> {
        let target = Target::find(view, &self.secret, request).await?;
        let mut retirements = None;
        if let Some(secret) = target.find_secret()
            && let Some(replication) = &secret.row.replication
        {
            let ids = (RequestId::from_random(*request.event_id.as_bytes()), request.event_id);
            let own = own_request(&secret.row.secret_key(), view.now, ids);
            retirements = Some(Retirements::prepare(view, &replication.0.grants, &own).await?);
        }
        Ok(StopFacts { target, retirements })
    }

    fn checks(&self, facts: &StopFacts, _request: &RequestContext) -> Checks {
        [facts.target.check("secretsmanager:StopReplicationToReplica")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a StopFacts, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        facts.target.condition(name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &StopFacts,
        env: Env<'_, Secrets>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.target.live()?;
        if !secret.is_replica() {
            return Err(SecretsError::request("The secret is not a replica secret."));
        }
        if secret.row.synced.is_none() {
            return Err(SecretsError::request(
                "The replica secret is not there yet: its replication is in progress.",
            ));
        }
        let mut row = secret.row.clone();
        row.primary_region = None;
        row.synced = None;
        row.sync_at = None;
        row.replication = None;
        row.next_rotation_at = None;
        row.changed_at = env.now;
        let mut writes = WriteSet::default();
        if let Some(retirements) = &facts.retirements {
            retirements.end(&env, &mut writes);
        }
        writes.update(&row, secret.version);
        let answer = StopReplicationToReplicaResponse { arn: Some(secret.arn.to_string()) };
        Ok(Decision::write(answer, writes))
    }
}

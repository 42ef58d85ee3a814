//! ReplicateKey: a key of the same id and key material in another Region.

use super::create_key::request_tags;
use super::parse;
use crate::alias::AliasNames;
use crate::error::{KmsError, TagFault};
use crate::key::{Key, MultiRegion, Origin};
use crate::key_policy::{self, Principals};
use crate::key_state::{KeyState, KeyUse};
use crate::material::MaterialRow;
use crate::multi_region::Family;
use crate::service::{Kms, key_values};
use crate::succession::Lineage;
use crate::{condition, metadata, tagging};
use keywright_auth::identities::Pins;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext,
    ServiceError as _, ServiceEvent, View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{ReplicateKeyRequest, ReplicateKeyResponse, Tag, operations};
use keywright_policy::{ConditionValue, Document};
use keywright_store::{RowVersion, Versioned, WriteSet};
use keywright_types::{KeyArn, KeyRef, Region, Tags};
use std::sync::Arc;

const ACTION: &str = "kms:ReplicateKey";

pub struct ReplicateKey {
    key: KeyRef,
    region: Region,
    description: String,
    policy: Option<Arc<Document>>,
    bypass_lockout_check: Option<bool>,
    tags: Tags,
}

/// The primary key with its key material, and whom the policy names.
pub struct ReplicateKeyFacts {
    family: Family,
    materials: Vec<Versioned<MaterialRow>>,
    principals: Principals,
}

impl Operation for ReplicateKey {
    type Service = Kms;
    type Input = ReplicateKeyRequest;
    type Output = ReplicateKeyResponse;
    type Facts = ReplicateKeyFacts;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::REPLICATE_KEY;
    const READ_ONLY: bool = false;

    fn parse(input: ReplicateKeyRequest, service: &Kms) -> Result<Self, KmsError> {
        let tags = tagging::parse(input.tags.unwrap_or_default())?;
        Ok(Self {
            key: parse::key_without_alias(&input.key_id, service)?,
            region: parse::region(&input.replica_region, service)?,
            description: parse::description(input.description.unwrap_or_default())?,
            policy: input.policy.as_deref().map(key_policy::parse).transpose()?,
            bypass_lockout_check: input.bypass_policy_lockout_safety_check,
            tags,
        })
    }

    async fn facts(
        &self,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<ReplicateKeyFacts, KmsError> {
        let family = Family::find(view, view.service.resolve(view, &self.key, request).await?).await?;
        let materials = match family.get() {
            Ok(key) if key.origin == Origin::Generated => view
                .store
                .select::<MaterialRow>(
                    "WHERE account = $1 AND region = $2 AND key_id = $3 ORDER BY ordinal",
                    &key_values(&key.arn),
                )
                .await
                .map_err(KmsError::from_store)?,
            Ok(_) | Err(_) => Vec::new(),
        };
        let principals = match &self.policy {
            Some(policy) => Principals::find(view.store, policy).await?,
            None => Principals::Known(Pins::new()),
        };
        Ok(ReplicateKeyFacts { family, materials, principals })
    }

    fn checks(&self, facts: &ReplicateKeyFacts, _request: &RequestContext) -> Checks {
        let any = |action| Check { action, protected: Protected::ByIdentity { arn: "*".to_owned() } };
        let tags = (!self.tags.is_empty()).then(|| any("kms:TagResource"));
        [Some(facts.family.resolved.check(ACTION)), Some(any("kms:CreateKey")), tags]
            .into_iter()
            .flatten()
            .collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a ReplicateKeyFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match name {
            "kms:replicaregion" => ConditionValue::Single(self.region.as_str().into()),
            "kms:bypasspolicylockoutsafetycheck" => {
                self.bypass_lockout_check.map_or(ConditionValue::Absent, ConditionValue::Bool)
            }
            _ => match request_tags(&self.tags, name) {
                ConditionValue::Absent => condition::of_key(&facts.family.resolved, Some(&self.key), name),
                found => found,
            },
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &ReplicateKeyFacts,
        env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let (family, primary) = (&facts.family, facts.family.get()?);
        primary.check_primary()?;
        primary.state.allows(KeyUse::Replicate).map_err(|fault| KmsError::state(&primary.arn_text, fault))?;
        let arn = KeyArn { region: op.region.clone(), ..primary.arn.clone() };
        if std::iter::once(primary).chain(&family.related).any(|one| one.arn == arn) {
            return Err(KmsError::ReplicaExists { key: arn });
        }
        let (policy, policy_pins) = match &op.policy {
            Some(policy) => {
                let (policy, pins) = facts.principals.pin(policy)?;
                if op.bypass_lockout_check != Some(true) {
                    key_policy::check_lockout(&policy, &arn, request)?;
                }
                (policy, pins)
            }
            None => (key_policy::default_policy(arn.account), Pins::new()),
        };
        if tagging::sets_rotation(&op.tags) {
            return Err(KmsError::Tag(TagFault::Replica { primary: primary.arn.region.clone() }));
        }
        let replica = Key {
            arn_text: Arc::from(arn.to_string()),
            arn,
            state: match primary.origin {
                Origin::Generated => KeyState::Enabled,
                Origin::External => KeyState::PendingImport,
            },
            description: op.description.clone(),
            created_at: env.now,
            tags: op.tags.clone(),
            policy,
            policy_pins,
            alias_names: AliasNames::new(),
            imported: primary.imported.for_replica(),
            multi_region: Some(MultiRegion::Replica { primary: primary.arn.region.clone() }),
            lineage: Lineage::default(),
            version: RowVersion::FIRST,
            ..Key::clone(primary)
        };
        let mut writes = WriteSet::default();
        // Written unchanged, so that a rotation that meets this one has to look again.
        writes.update(&primary.to_row(), primary.version);
        writes.insert(&replica.to_row());
        for material in &facts.materials {
            writes.insert(&material.row.in_region(&op.region));
        }
        tell(&mut writes, &replica, &env);
        let mut related: Vec<Arc<Key>> = family.related.clone();
        related.push(Arc::clone(primary));
        let tags = replica.tags.iter();
        let output = ReplicateKeyResponse {
            replica_key_metadata: Some(metadata::of(&replica, &related)),
            replica_policy: Some(replica.policy.text().to_owned()),
            replica_tags: Some(
                tags.map(|(key, value)| Tag { tag_key: key.to_owned(), tag_value: value.to_owned() })
                    .collect(),
            ),
        };
        Ok(Decision::write(output, writes))
    }
}

/// In the replica's Region the trail shows that the key was made (KMS Developer Guide, "Create multi-Region replica keys").
fn tell(writes: &mut WriteSet, replica: &Key, env: &Env<'_, Kms>) {
    let record = ServiceEvent {
        event_source: "kms.amazonaws.com",
        event_name: "CreateKey",
        account: replica.arn.account,
        region: &replica.arn.region,
        resource_type: "AWS::KMS::Key",
        resource_arn: &replica.arn_text,
        response_elements: Some(serde_json::json!({ "keyId": &*replica.arn_text })),
        details: None,
    };
    writes.audit(record.row(env));
}

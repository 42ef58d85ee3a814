//! CreatePolicy: a new managed policy.

use super::{policy_shape, shapes};
use crate::error::IamError;
use crate::policy_text::{self, MANAGED_MAX};
use crate::service::Iam;
use crate::tags;
use crate::usage::Usage;
use keywright_auth::identities::{EntityKind, Json, NameKey, PolicyRow, PolicyVersion, entity_arn};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{CreatePolicyRequest, CreatePolicyResponse, operations};
use keywright_policy::ConditionValue;
use keywright_store::{Column as _, Versioned, WriteSet};
use keywright_types::{Tags, UniqueId, UniqueIdKind};
use std::collections::BTreeMap;

pub struct CreatePolicy {
    path: String,
    name: String,
    document: String,
    description: Option<String>,
    tags: Vec<(String, String)>,
}

impl Operation for CreatePolicy {
    type Service = Iam;
    type Input = CreatePolicyRequest;
    type Output = CreatePolicyResponse;
    type Facts = Option<Versioned<PolicyRow>>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::CREATE_POLICY;
    const READ_ONLY: bool = false;

    fn parse(input: CreatePolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        policy_text::check_identity(&input.policy_document)?;
        policy_text::check_size(&input.policy_document, MANAGED_MAX)?;
        Ok(Self {
            path: input.path.unwrap_or_else(|| "/".to_owned()),
            name: input.policy_name,
            document: input.policy_document,
            description: input.description,
            tags: shapes::pairs(input.tags.unwrap_or_default()),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<Option<Versioned<PolicyRow>>, IamError> {
        let key = [request.caller.account.to_value(), NameKey::of(&self.name).to_value()];
        view.store.find(&key).await.map_err(IamError::from_store)
    }

    fn checks(&self, _facts: &Option<Versioned<PolicyRow>>, request: &RequestContext) -> Checks {
        // The ARN that the policy will have: whoever may make policies below one path may not make others.
        let arn = entity_arn(request.caller.account, EntityKind::Policy, &self.path, &self.name);
        let check = |action| Check { action, protected: Protected::ByIdentity { arn: arn.clone() } };
        let mut checks = Checks::new();
        checks.push(check("iam:CreatePolicy"));
        if !self.tags.is_empty() {
            checks.push(check("iam:TagPolicy"));
        }
        checks
    }

    fn condition<'a>(
        &'a self,
        _facts: &'a Option<Versioned<PolicyRow>>,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        tags::requested(&self.tags, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Option<Versioned<PolicyRow>>,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        if facts.is_some() {
            return Err(IamError::EntityAlreadyExists {
                message: format!(
                    "A policy called {} already exists. Duplicate names are not allowed.",
                    op.name
                ),
            });
        }
        let mut tags = Tags::default();
        tags::add(&mut tags, op.tags.iter().cloned())?;
        let first = PolicyVersion { document: op.document.clone(), created_at: env.now.as_millis() };
        let row = PolicyRow {
            account: request.caller.account,
            name_key: NameKey::of(&op.name),
            name: op.name.clone(),
            path: op.path.clone(),
            policy_id: UniqueId::from_random(UniqueIdKind::ManagedPolicy, env.rng.array()),
            created_at: env.now,
            updated_at: env.now,
            description: op.description.clone(),
            default_version: 1,
            latest_version: 1,
            versions: Json(BTreeMap::from([(1, first)])),
            tags,
        };
        let mut writes = WriteSet::default();
        writes.insert(&row);
        let mut policy = policy_shape::listed(&row, Usage::default());
        policy.tags = Some(shapes::tags(&row.tags)).filter(|tags| !tags.is_empty());
        Ok(Decision::write(CreatePolicyResponse { policy: Some(policy) }, writes))
    }
}

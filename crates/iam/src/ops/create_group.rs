//! CreateGroup: a new group without rights and members.

use super::shapes;
use crate::counts;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::quotas;
use crate::service::Iam;
use keywright_auth::identities::{EntityKind, GroupRow, Json, NameKey, entity_arn};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{CreateGroupRequest, CreateGroupResponse, operations};
use keywright_store::WriteSet;
use keywright_types::{UniqueId, UniqueIdKind};
use std::collections::BTreeMap;

pub struct CreateGroup {
    path: String,
    name: String,
}

/// Whether the name is taken, and how many groups there are.
pub struct CreateGroupFacts {
    group: Entity<GroupRow>,
    groups: usize,
}

impl Operation for CreateGroup {
    type Service = Iam;
    type Input = CreateGroupRequest;
    type Output = CreateGroupResponse;
    type Facts = CreateGroupFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::CREATE_GROUP;
    const READ_ONLY: bool = false;

    fn parse(input: CreateGroupRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { path: input.path.unwrap_or_else(|| "/".to_owned()), name: input.group_name })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<CreateGroupFacts, IamError> {
        Ok(CreateGroupFacts {
            group: entities::group(view, request, &self.name).await?,
            groups: counts::groups(view, request.caller.account).await?,
        })
    }

    fn checks(&self, _facts: &CreateGroupFacts, request: &RequestContext) -> Checks {
        let arn = entity_arn(request.caller.account, EntityKind::Group, &self.path, &self.name);
        [Check { action: "iam:CreateGroup", protected: Protected::ByIdentity { arn } }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &CreateGroupFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        if facts.group.found().is_some() {
            return Err(IamError::exists("Group", &op.name));
        }
        if facts.groups >= quotas::GROUPS {
            return Err(IamError::quota("GroupsPerAccount", quotas::GROUPS));
        }
        let row = GroupRow {
            account: request.caller.account,
            name_key: NameKey::of(&op.name),
            name: op.name.clone(),
            path: op.path.clone(),
            group_id: UniqueId::from_random(UniqueIdKind::Group, env.rng.array()),
            created_at: env.now,
            attached: Json(Vec::new()),
            inline: Json(BTreeMap::new()),
        };
        let mut writes = WriteSet::default();
        writes.insert(&row);
        Ok(Decision::write(CreateGroupResponse { group: shapes::group(&row) }, writes))
    }
}

//! CreateRole: a new role, and who may assume it.

use super::{role_shape, shapes};
use crate::boundaries::{self, Boundary};
use crate::changes;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use crate::tags;
use crate::trust::{Principals, TrustPolicy};
use crate::{policy_text, role_settings};
use keywright_auth::identities::{EntityKind, Json, LinkKind, NameKey, RoleRow, entity_arn};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{CreateRoleRequest, CreateRoleResponse, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;
use keywright_types::{Tags, UniqueId, UniqueIdKind};
use std::collections::BTreeMap;

pub struct CreateRole {
    path: String,
    name: String,
    trust: TrustPolicy,
    description: Option<String>,
    max_session_seconds: u32,
    boundary: Option<String>,
    tags: Vec<(String, String)>,
}

/// Whether the name is taken; whom the trust policy names; the boundary if one is given.
pub struct CreateRoleFacts {
    role: Entity<RoleRow>,
    principals: Principals,
    boundary: Option<Boundary>,
}

impl Operation for CreateRole {
    type Service = Iam;
    type Input = CreateRoleRequest;
    type Output = CreateRoleResponse;
    type Facts = CreateRoleFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::CREATE_ROLE;
    const READ_ONLY: bool = false;

    fn parse(input: CreateRoleRequest, _service: &Iam) -> Result<Self, IamError> {
        boundaries::check_arn(input.permissions_boundary.as_deref())?;
        role_settings::refuse_sign_in_duration(input.max_signin_session_duration)?;
        Ok(Self {
            path: input.path.unwrap_or_else(|| "/".to_owned()),
            name: input.role_name,
            trust: TrustPolicy::parse(input.assume_role_policy_document)?,
            description: input.description,
            max_session_seconds: role_settings::max_session_seconds(input.max_session_duration),
            boundary: input.permissions_boundary,
            tags: shapes::pairs(input.tags.unwrap_or_default()),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<CreateRoleFacts, IamError> {
        Ok(CreateRoleFacts {
            role: entities::role(view, request, &self.name).await?,
            principals: self.trust.principals(view).await?,
            boundary: Boundary::find(view, request, self.boundary.as_deref()).await?,
        })
    }

    fn checks(&self, _facts: &CreateRoleFacts, request: &RequestContext) -> Checks {
        // The ARN that the role will have: whoever may make roles below one path may not make others.
        let arn = entity_arn(request.caller.account, EntityKind::Role, &self.path, &self.name);
        let check = |action| Check { action, protected: Protected::ByIdentity { arn: arn.clone() } };
        let mut checks = Checks::new();
        checks.push(check("iam:CreateRole"));
        if !self.tags.is_empty() {
            checks.push(check("iam:TagRole"));
        }
        checks
    }

    fn condition<'a>(
        &'a self,
        _facts: &'a CreateRoleFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match name {
            "iam:permissionsboundary" => boundaries::condition(self.boundary.as_deref()),
            _ => tags::requested(&self.tags, name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &CreateRoleFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        if facts.role.found().is_some() {
            return Err(IamError::exists("Role", &op.name));
        }
        let account = request.caller.account;
        let mut tags = Tags::default();
        tags::add(&mut tags, op.tags.iter().cloned())?;
        let row = RoleRow {
            account,
            name_key: NameKey::of(&op.name),
            name: op.name.clone(),
            path: op.path.clone(),
            role_id: UniqueId::from_random(UniqueIdKind::Role, env.rng.array()),
            created_at: env.now,
            description: op.description.clone(),
            max_session_seconds: op.max_session_seconds,
            trust_policy: op.trust.text.clone(),
            trust_pins: facts.principals.pins()?,
            attached: Json(Vec::new()),
            inline: Json(BTreeMap::new()),
            boundary: op.boundary.clone(),
            tags,
        };
        let mut writes = WriteSet::default();
        writes.insert(&row);
        if let Some(boundary) = &facts.boundary {
            boundary.rely_on(&mut writes)?;
            changes::link(&mut writes, account, LinkKind::RoleBoundary, boundary.arn(), &row.role_id);
        }
        let role = role_shape::whole(&row, &policy_text::encoded(&row.trust_policy), None);
        Ok(Decision::write(CreateRoleResponse { role }, writes))
    }
}

//! CreateUser: a new user without rights.

use super::shapes;
use crate::boundaries::{self, Boundary};
use crate::changes;
use crate::counts;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::quotas;
use crate::service::Iam;
use crate::tags;
use keywright_auth::identities::{EntityKind, Json, LinkKind, NameKey, UserRow, entity_arn};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{CreateUserRequest, CreateUserResponse, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;
use keywright_types::{Tags, UniqueId, UniqueIdKind};
use std::collections::BTreeMap;

pub struct CreateUser {
    path: String,
    name: String,
    boundary: Option<String>,
    tags: Vec<(String, String)>,
}

/// Whether the name is taken, how many users there are, and the boundary if one is given.
pub struct CreateUserFacts {
    user: Entity<UserRow>,
    users: usize,
    boundary: Option<Boundary>,
}

impl Operation for CreateUser {
    type Service = Iam;
    type Input = CreateUserRequest;
    type Output = CreateUserResponse;
    type Facts = CreateUserFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::CREATE_USER;
    const READ_ONLY: bool = false;

    fn parse(input: CreateUserRequest, _service: &Iam) -> Result<Self, IamError> {
        boundaries::check_arn(input.permissions_boundary.as_deref())?;
        Ok(Self {
            path: input.path.unwrap_or_else(|| "/".to_owned()),
            name: input.user_name,
            boundary: input.permissions_boundary,
            tags: shapes::pairs(input.tags.unwrap_or_default()),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<CreateUserFacts, IamError> {
        Ok(CreateUserFacts {
            user: entities::user(view, request, &self.name).await?,
            users: counts::users(view, request.caller.account).await?,
            boundary: Boundary::find(view, request, self.boundary.as_deref()).await?,
        })
    }

    fn checks(&self, _facts: &CreateUserFacts, request: &RequestContext) -> Checks {
        // The ARN that the user will have: whoever may make users below one path may not make others.
        let arn = entity_arn(request.caller.account, EntityKind::User, &self.path, &self.name);
        let check = |action| Check { action, protected: Protected::ByIdentity { arn: arn.clone() } };
        let mut checks = Checks::new();
        checks.push(check("iam:CreateUser"));
        if !self.tags.is_empty() {
            checks.push(check("iam:TagUser"));
        }
        checks
    }

    fn condition<'a>(
        &'a self,
        _facts: &'a CreateUserFacts,
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
        facts: &CreateUserFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        if facts.user.found().is_some() {
            return Err(IamError::exists("User", &op.name));
        }
        if facts.users >= quotas::USERS {
            return Err(IamError::quota("UsersPerAccount", quotas::USERS));
        }
        let account = request.caller.account;
        let mut tags = Tags::default();
        tags::add(&mut tags, op.tags.iter().cloned())?;
        let row = UserRow {
            account,
            name_key: NameKey::of(&op.name),
            name: op.name.clone(),
            path: op.path.clone(),
            user_id: UniqueId::from_random(UniqueIdKind::User, env.rng.array()),
            created_at: env.now,
            member_of: Json(Vec::new()),
            attached: Json(Vec::new()),
            inline: Json(BTreeMap::new()),
            boundary: op.boundary.clone(),
            tags,
            mfa_serials: Json(Vec::new()),
            sealed_password: None,
            password_set_at: None,
            password_reset_required: None,
        };
        let mut writes = WriteSet::default();
        writes.insert(&row);
        if let Some(boundary) = &facts.boundary {
            boundary.rely_on(&mut writes)?;
            changes::link(&mut writes, account, LinkKind::UserBoundary, boundary.arn(), &row.user_id);
        }
        Ok(Decision::write(CreateUserResponse { user: Some(shapes::user(&row, None)) }, writes))
    }
}

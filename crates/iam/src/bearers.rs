//! Users, groups and roles as those who bear policies: what the operations on all three share.

use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::{GroupRow, InlinePolicies, LinkKind, RoleRow, UserRow};
use keywright_auth::{RequestContext, View};
use keywright_policy::ConditionValue;
use keywright_store::Row;
use keywright_types::{AccountId, UniqueId};
use std::future::Future;

/// A row that has policies.
pub(crate) trait Bearer: Row + Clone + Send + Sync {
    /// As AWS's texts call it.
    const WORD: &'static str;
    /// The name of the quota of attached policies.
    const ATTACHED_QUOTA: &'static str;
    /// Characters that its inline policies may have in sum, white space aside (IAM User Guide, "IAM and AWS STS
    /// quotas").
    const INLINE_MAX: usize;
    const LINK: LinkKind;

    fn account(&self) -> AccountId;
    fn id(&self) -> &UniqueId;
    fn attached(&self) -> &[String];
    fn attached_mut(&mut self) -> &mut Vec<String>;
    fn inline(&self) -> &InlinePolicies;
    fn inline_mut(&mut self) -> &mut InlinePolicies;

    /// The entity of that name.
    fn find(
        view: View<'_, Iam>,
        request: &RequestContext,
        name: &str,
    ) -> impl Future<Output = Result<Entity<Self>, IamError>> + Send;

    /// The condition keys of the entity that is acted upon.
    fn condition<'a>(entity: &'a Entity<Self>, name: &str) -> ConditionValue<'a>;
}

/// A row that can have a permissions boundary.
pub(crate) trait Bounded: Bearer {
    const BOUNDARY_LINK: LinkKind;

    fn boundary(&self) -> Option<&str>;
    fn set_boundary(&mut self, arn: Option<String>);
}

impl Bearer for UserRow {
    const WORD: &'static str = "user";
    const ATTACHED_QUOTA: &'static str = "PoliciesPerUser";
    const INLINE_MAX: usize = 2_048;
    const LINK: LinkKind = LinkKind::UserPolicy;

    fn account(&self) -> AccountId {
        self.account
    }
    fn id(&self) -> &UniqueId {
        &self.user_id
    }
    fn attached(&self) -> &[String] {
        &self.attached.0
    }
    fn attached_mut(&mut self) -> &mut Vec<String> {
        &mut self.attached.0
    }
    fn inline(&self) -> &InlinePolicies {
        &self.inline.0
    }
    fn inline_mut(&mut self) -> &mut InlinePolicies {
        &mut self.inline.0
    }
    async fn find(
        view: View<'_, Iam>,
        request: &RequestContext,
        name: &str,
    ) -> Result<Entity<Self>, IamError> {
        entities::user(view, request, name).await
    }
    fn condition<'a>(entity: &'a Entity<Self>, name: &str) -> ConditionValue<'a> {
        entities::user_conditions(entity, name)
    }
}

impl Bounded for UserRow {
    const BOUNDARY_LINK: LinkKind = LinkKind::UserBoundary;

    fn boundary(&self) -> Option<&str> {
        self.boundary.as_deref()
    }
    fn set_boundary(&mut self, arn: Option<String>) {
        self.boundary = arn;
    }
}

impl Bearer for GroupRow {
    const WORD: &'static str = "group";
    const ATTACHED_QUOTA: &'static str = "PoliciesPerGroup";
    const INLINE_MAX: usize = 5_120;
    const LINK: LinkKind = LinkKind::GroupPolicy;

    fn account(&self) -> AccountId {
        self.account
    }
    fn id(&self) -> &UniqueId {
        &self.group_id
    }
    fn attached(&self) -> &[String] {
        &self.attached.0
    }
    fn attached_mut(&mut self) -> &mut Vec<String> {
        &mut self.attached.0
    }
    fn inline(&self) -> &InlinePolicies {
        &self.inline.0
    }
    fn inline_mut(&mut self) -> &mut InlinePolicies {
        &mut self.inline.0
    }
    async fn find(
        view: View<'_, Iam>,
        request: &RequestContext,
        name: &str,
    ) -> Result<Entity<Self>, IamError> {
        entities::group(view, request, name).await
    }
    /// Groups have neither tags nor boundaries.
    fn condition<'a>(_entity: &'a Entity<Self>, _name: &str) -> ConditionValue<'a> {
        ConditionValue::Absent
    }
}

impl Bearer for RoleRow {
    const WORD: &'static str = "role";
    const ATTACHED_QUOTA: &'static str = "PoliciesPerRole";
    const INLINE_MAX: usize = 10_240;
    const LINK: LinkKind = LinkKind::RolePolicy;

    fn account(&self) -> AccountId {
        self.account
    }
    fn id(&self) -> &UniqueId {
        &self.role_id
    }
    fn attached(&self) -> &[String] {
        &self.attached.0
    }
    fn attached_mut(&mut self) -> &mut Vec<String> {
        &mut self.attached.0
    }
    fn inline(&self) -> &InlinePolicies {
        &self.inline.0
    }
    fn inline_mut(&mut self) -> &mut InlinePolicies {
        &mut self.inline.0
    }
    async fn find(
        view: View<'_, Iam>,
        request: &RequestContext,
        name: &str,
    ) -> Result<Entity<Self>, IamError> {
        entities::role(view, request, name).await
    }
    fn condition<'a>(entity: &'a Entity<Self>, name: &str) -> ConditionValue<'a> {
        entities::role_conditions(entity, name)
    }
}

impl Bounded for RoleRow {
    const BOUNDARY_LINK: LinkKind = LinkKind::RoleBoundary;

    fn boundary(&self) -> Option<&str> {
        self.boundary.as_deref()
    }
    fn set_boundary(&mut self, arn: Option<String>) {
        self.boundary = arn;
    }
}

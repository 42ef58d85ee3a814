//! ListRoleTags: a role's tags by key.

use super::shapes;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::paging::{self, Paging};
use crate::service::Iam;
use keywright_auth::identities::RoleRow;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListRoleTagsRequest, ListRoleTagsResponse, Tag, operations};
use keywright_policy::ConditionValue;

pub struct ListRoleTags {
    name: String,
    paging: Paging,
}

impl ListRoleTags {
    fn scope(&self) -> [&str; 2] {
        ["ListRoleTags", &self.name]
    }
}

impl Operation for ListRoleTags {
    type Service = Iam;
    type Input = ListRoleTagsRequest;
    type Output = ListRoleTagsResponse;
    type Facts = (Entity<RoleRow>, Page);
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_ROLE_TAGS;
    const READ_ONLY: bool = true;

    fn parse(input: ListRoleTagsRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { name: input.role_name, paging: Paging::new(input.marker, input.max_items) })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<(Entity<RoleRow>, Page), IamError> {
        let page = self.paging.open(view.keyring, request.caller.account, &self.scope())?;
        Ok((entities::role(view, request, &self.name).await?, page))
    }

    fn checks(&self, facts: &(Entity<RoleRow>, Page), _request: &RequestContext) -> Checks {
        [facts.0.check("iam:ListRoleTags")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a (Entity<RoleRow>, Page),
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        entities::role_conditions(&facts.0, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &(Entity<RoleRow>, Page),
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let (role, page) = facts;
        let tags = shapes::tags(&role.get()?.row.tags);
        let account = request.caller.account;
        let (tags, marker) =
            paging::page(page, env.keyring, account, &op.scope(), tags, |tag: &Tag| tag.key.clone());
        Ok(Decision::answer(ListRoleTagsResponse { tags, is_truncated: Some(marker.is_some()), marker }))
    }
}

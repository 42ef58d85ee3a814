//! GetGroup: a group, and its users by name.

use super::shapes;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::groups;
use crate::paging::Paging;
use crate::service::Iam;
use keywright_auth::Page;
use keywright_auth::identities::{GroupRow, UserRow};
use keywright_auth::{Authorised, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{GetGroupRequest, GetGroupResponse, operations};
use keywright_store::Versioned;

pub struct GetGroup {
    name: String,
    paging: Paging,
}

/// The group and one page of its users.
pub struct GetGroupFacts {
    group: Entity<GroupRow>,
    page: Page,
    users: Vec<Versioned<UserRow>>,
}

impl GetGroup {
    fn scope(&self) -> [&str; 2] {
        ["GetGroup", &self.name]
    }
}

impl Operation for GetGroup {
    type Service = Iam;
    type Input = GetGroupRequest;
    type Output = GetGroupResponse;
    type Facts = GetGroupFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_GROUP;
    const READ_ONLY: bool = true;

    fn parse(input: GetGroupRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { name: input.group_name, paging: Paging::new(input.marker, input.max_items) })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<GetGroupFacts, IamError> {
        let page = self.paging.open(view.keyring, request.caller.account, &self.scope())?;
        let group = entities::group(view, request, &self.name).await?;
        let users = match group.found() {
            Some(found) => groups::members(view, &found.row, &page).await?,
            None => Vec::new(),
        };
        Ok(GetGroupFacts { group, page, users })
    }

    fn checks(&self, facts: &GetGroupFacts, _request: &RequestContext) -> Checks {
        [facts.group.check("iam:GetGroup")].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &GetGroupFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let group = facts.group.get()?;
        let mut users: Vec<&UserRow> = facts.users.iter().map(|found| &found.row).collect();
        let account = request.caller.account;
        let marker =
            facts.page.close(env.keyring, account, &op.scope(), &mut users, |user| user.name_key.to_string());
        Ok(Decision::answer(GetGroupResponse {
            group: shapes::group(&group.row),
            users: users.into_iter().map(|user| shapes::listed_user(user, None)).collect(),
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

//! ListGroupsForUser: the groups that a user is in, by name.

use super::shapes;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::paging::{self, Paging};
use crate::service::Iam;
use keywright_auth::identities::{GroupRow, UserRow, find_group_by_id};
use keywright_auth::{
    Authorised, Cause, Check, Checks, Decided, Decision, Env, Operation, Page, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListGroupsForUserRequest, ListGroupsForUserResponse, operations};
use keywright_policy::ConditionValue;

pub struct ListGroupsForUser {
    name: String,
    paging: Paging,
}

/// The user, its groups and the page that is asked for.
pub struct ListGroupsForUserFacts {
    user: Entity<UserRow>,
    groups: Vec<GroupRow>,
    page: Page,
}

impl ListGroupsForUser {
    fn scope(&self) -> [&str; 2] {
        ["ListGroupsForUser", &self.name]
    }
}

impl Operation for ListGroupsForUser {
    type Service = Iam;
    type Input = ListGroupsForUserRequest;
    type Output = ListGroupsForUserResponse;
    type Facts = ListGroupsForUserFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_GROUPS_FOR_USER;
    const READ_ONLY: bool = true;

    fn parse(input: ListGroupsForUserRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { name: input.user_name, paging: Paging::new(input.marker, input.max_items) })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<ListGroupsForUserFacts, IamError> {
        let page = self.paging.open(view.keyring, request.caller.account, &self.scope())?;
        let user = entities::user(view, request, &self.name).await?;
        let mut groups = Vec::new();
        for id in user.found().map_or(&[][..], |found| &found.row.member_of.0) {
            let found = find_group_by_id(view.store, id).await.map_err(IamError::from_store)?;
            let missing = || IamError::internal(Cause::new("a user's row names a group that is not there"));
            groups.push(found.ok_or_else(missing)?.row);
        }
        groups.sort_by(|a, b| a.name_key.cmp(&b.name_key));
        Ok(ListGroupsForUserFacts { user, groups, page })
    }

    fn checks(&self, facts: &ListGroupsForUserFacts, _request: &RequestContext) -> Checks {
        [facts.user.check("iam:ListGroupsForUser")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a ListGroupsForUserFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        entities::user_tags(&facts.user, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &ListGroupsForUserFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        facts.user.get()?;
        let account = request.caller.account;
        let groups: Vec<&GroupRow> = facts.groups.iter().collect();
        let (groups, marker) =
            paging::page(&facts.page, env.keyring, account, &op.scope(), groups, |group| {
                group.name_key.to_string()
            });
        Ok(Decision::answer(ListGroupsForUserResponse {
            groups: groups.into_iter().map(shapes::group).collect(),
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

//! ListUserTags: a user's tags by their keys.

use super::shapes;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::paging::{self, Paging};
use crate::service::Iam;
use keywright_auth::Page;
use keywright_auth::identities::UserRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListUserTagsRequest, ListUserTagsResponse, operations};
use keywright_policy::ConditionValue;

pub struct ListUserTags {
    name: String,
    paging: Paging,
}

/// The user and the page that is asked for.
pub struct ListUserTagsFacts {
    user: Entity<UserRow>,
    page: Page,
}

impl ListUserTags {
    fn scope(&self) -> [&str; 2] {
        ["ListUserTags", &self.name]
    }
}

impl Operation for ListUserTags {
    type Service = Iam;
    type Input = ListUserTagsRequest;
    type Output = ListUserTagsResponse;
    type Facts = ListUserTagsFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_USER_TAGS;
    const READ_ONLY: bool = true;

    fn parse(input: ListUserTagsRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { name: input.user_name, paging: Paging::new(input.marker, input.max_items) })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<ListUserTagsFacts, IamError> {
        let page = self.paging.open(view.keyring, request.caller.account, &self.scope())?;
        Ok(ListUserTagsFacts { user: entities::user(view, request, &self.name).await?, page })
    }

    fn checks(&self, facts: &ListUserTagsFacts, _request: &RequestContext) -> Checks {
        [facts.user.check("iam:ListUserTags")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a ListUserTagsFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        entities::user_tags(&facts.user, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &ListUserTagsFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let tags = shapes::tags(&facts.user.get()?.row.tags);
        let account = request.caller.account;
        let (tags, marker) =
            paging::page(&facts.page, env.keyring, account, &op.scope(), tags, |tag| tag.key.clone());
        Ok(Decision::answer(ListUserTagsResponse { tags, is_truncated: Some(marker.is_some()), marker }))
    }
}

//! ListGroups: the account's groups by name, below a path.

use super::shapes;
use crate::error::IamError;
use crate::paging::Paging;
use crate::service::Iam;
use keywright_auth::identities::{EntityKind, GroupRow, entity_arn};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, Protected, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListGroupsRequest, ListGroupsResponse, operations};
use keywright_store::{Column as _, Versioned};

pub struct ListGroups {
    path_prefix: String,
    paging: Paging,
}

/// One page of groups.
pub struct GroupsPage {
    page: Page,
    groups: Vec<Versioned<GroupRow>>,
}

impl ListGroups {
    fn scope(&self) -> [&str; 2] {
        ["ListGroups", &self.path_prefix]
    }
}

impl Operation for ListGroups {
    type Service = Iam;
    type Input = ListGroupsRequest;
    type Output = ListGroupsResponse;
    type Facts = GroupsPage;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_GROUPS;
    const READ_ONLY: bool = true;

    fn parse(input: ListGroupsRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self {
            path_prefix: input.path_prefix.unwrap_or_else(|| "/".to_owned()),
            paging: Paging::new(input.marker, input.max_items),
        })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<GroupsPage, IamError> {
        let account = request.caller.account;
        let page = self.paging.open(view.keyring, account, &self.scope())?;
        let params = [
            account.to_value(),
            page.after.clone().unwrap_or_default().to_value(),
            i64::try_from(self.path_prefix.chars().count()).unwrap_or(i64::MAX).to_value(),
            self.path_prefix.to_value(),
            page.rows().to_value(),
        ];
        let condition = "WHERE account = $1 AND name_key > $2 AND substr(path, 1, $3) = $4 \
                         ORDER BY name_key LIMIT $5";
        let groups = view.store.select::<GroupRow>(condition, &params).await.map_err(IamError::from_store)?;
        Ok(GroupsPage { page, groups })
    }

    fn checks(&self, _facts: &GroupsPage, request: &RequestContext) -> Checks {
        let arn = entity_arn(request.caller.account, EntityKind::Group, &self.path_prefix, "");
        [Check { action: "iam:ListGroups", protected: Protected::ByIdentity { arn } }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &GroupsPage,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let mut groups: Vec<&GroupRow> = facts.groups.iter().map(|found| &found.row).collect();
        let account = request.caller.account;
        let marker = facts
            .page
            .close(env.keyring, account, &op.scope(), &mut groups, |group| group.name_key.to_string());
        Ok(Decision::answer(ListGroupsResponse {
            groups: groups.into_iter().map(shapes::group).collect(),
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

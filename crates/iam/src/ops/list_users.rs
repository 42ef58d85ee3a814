//! ListUsers: the account's users by name, below a path.

use super::shapes;
use crate::error::IamError;
use crate::paging::Paging;
use crate::service::Iam;
use crate::uses;
use keywright_auth::identities::UserRow;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, Protected, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListUsersRequest, ListUsersResponse, operations};
use keywright_store::{Column as _, Versioned};
use keywright_types::Timestamp;
use std::collections::BTreeMap;

pub struct ListUsers {
    path_prefix: String,
    paging: Paging,
}

/// One page of users.
pub struct UsersPage {
    page: Page,
    users: Vec<Versioned<UserRow>>,
    /// When they last signed in by password, by their ids.
    signed_in: BTreeMap<String, Timestamp>,
}

impl ListUsers {
    fn scope(&self) -> [&str; 2] {
        ["ListUsers", &self.path_prefix]
    }
}

impl Operation for ListUsers {
    type Service = Iam;
    type Input = ListUsersRequest;
    type Output = ListUsersResponse;
    type Facts = UsersPage;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_USERS;
    const READ_ONLY: bool = true;

    fn parse(input: ListUsersRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self {
            path_prefix: input.path_prefix.unwrap_or_else(|| "/".to_owned()),
            paging: Paging::new(input.marker, input.max_items),
        })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<UsersPage, IamError> {
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
        let users = view.store.select::<UserRow>(condition, &params).await.map_err(IamError::from_store)?;
        let signed_in = uses::last_sign_ins(view, account, &users).await?;
        Ok(UsersPage { page, users, signed_in })
    }

    fn checks(&self, _facts: &UsersPage, request: &RequestContext) -> Checks {
        let arn = format!(
            "arn:{}:iam::{}:user{}",
            keywright_types::PARTITION,
            request.caller.account,
            self.path_prefix
        );
        [Check { action: "iam:ListUsers", protected: Protected::ByIdentity { arn } }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &UsersPage,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let mut users: Vec<&UserRow> = facts.users.iter().map(|found| &found.row).collect();
        let account = request.caller.account;
        let marker =
            facts.page.close(env.keyring, account, &op.scope(), &mut users, |user| user.name_key.to_string());
        Ok(Decision::answer(ListUsersResponse {
            users: users
                .into_iter()
                .map(|user| shapes::listed_user(user, facts.signed_in.get(user.user_id.as_str()).copied()))
                .collect(),
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

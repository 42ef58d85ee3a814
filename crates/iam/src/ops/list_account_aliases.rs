//! ListAccountAliases: the account's name, of which there is one at most.

use crate::account;
use crate::error::IamError;
use crate::paging::{self, Paging};
use crate::service::Iam;
use keywright_auth::{AccountRow, Page};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListAccountAliasesRequest, ListAccountAliasesResponse, operations};
use keywright_store::Versioned;

pub struct ListAccountAliases {
    paging: Paging,
}

/// The account and the page that is asked for.
pub struct ListAccountAliasesFacts {
    account: Versioned<AccountRow>,
    page: Page,
}

const SCOPE: &[&str] = &["ListAccountAliases"];

impl Operation for ListAccountAliases {
    type Service = Iam;
    type Input = ListAccountAliasesRequest;
    type Output = ListAccountAliasesResponse;
    type Facts = ListAccountAliasesFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_ACCOUNT_ALIASES;
    const READ_ONLY: bool = true;

    fn parse(input: ListAccountAliasesRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { paging: Paging::new(input.marker, input.max_items) })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<ListAccountAliasesFacts, IamError> {
        let page = self.paging.open(view.keyring, request.caller.account, SCOPE)?;
        Ok(ListAccountAliasesFacts { account: account::get(view, request.caller.account).await?, page })
    }

    fn checks(&self, _facts: &ListAccountAliasesFacts, _request: &RequestContext) -> Checks {
        let arn = "*".to_owned();
        [Check { action: "iam:ListAccountAliases", protected: Protected::ByIdentity { arn } }]
            .into_iter()
            .collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &ListAccountAliasesFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let aliases = facts.account.row.alias.iter().cloned().collect();
        let account = request.caller.account;
        let (account_aliases, marker) =
            paging::page(&facts.page, env.keyring, account, SCOPE, aliases, String::clone);
        Ok(Decision::answer(ListAccountAliasesResponse {
            account_aliases,
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

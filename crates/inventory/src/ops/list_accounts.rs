//! ListAccounts: the accounts of this server, by their ids.

use crate::Inventory;
use crate::error::InventoryError;
use keywright_auth::{
    AccountRow, Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, Protected,
    RequestContext, ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::keywright::{AccountEntry, ListAccountsRequest, ListAccountsResponse, operations};
use keywright_store::Column as _;

pub struct ListAccounts {
    marker: Option<String>,
    limit: usize,
}

/// One page of accounts.
pub struct AccountsPage {
    page: Page,
    accounts: Vec<AccountRow>,
}

const SCOPE: &[&str] = &["ListAccounts"];

impl Operation for ListAccounts {
    type Service = Inventory;
    type Input = ListAccountsRequest;
    type Output = ListAccountsResponse;
    type Facts = AccountsPage;
    type Error = InventoryError;
    const MODEL: &'static OperationModel = &operations::LIST_ACCOUNTS;
    const READ_ONLY: bool = true;

    fn parse(input: ListAccountsRequest, _service: &Inventory) -> Result<Self, InventoryError> {
        Ok(Self {
            marker: input.marker,
            limit: input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(100),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Inventory>,
        request: &RequestContext,
    ) -> Result<AccountsPage, InventoryError> {
        view.service.check_home(request, "keywright:ListAccounts")?;
        let account = request.caller.account;
        let page = Page::open(view.keyring, account, SCOPE, self.marker.as_deref(), self.limit)?;
        let after = page.after.clone().unwrap_or_default();
        let rows = view
            .store
            .select::<AccountRow>(
                "WHERE account > $1 ORDER BY account LIMIT $2",
                &[after.to_value(), page.rows().to_value()],
            )
            .await
            .map_err(InventoryError::from_store)?;
        Ok(AccountsPage { page, accounts: rows.into_iter().map(|stored| stored.row).collect() })
    }

    fn checks(&self, _facts: &AccountsPage, _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "keywright:ListAccounts", protected }].into_iter().collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &AccountsPage,
        env: Env<'_, Inventory>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let mut accounts: Vec<&AccountRow> = facts.accounts.iter().collect();
        let next_marker =
            facts.page.close(env.keyring, request.caller.account, SCOPE, &mut accounts, |row| {
                row.account.to_string()
            });
        let entry = |row: &AccountRow| AccountEntry {
            account_id: row.account.to_string(),
            alias: row.alias.clone(),
            creation_date: row.created_at,
        };
        Ok(Decision::answer(ListAccountsResponse {
            accounts: accounts.into_iter().map(entry).collect(),
            truncated: next_marker.is_some(),
            next_marker,
        }))
    }
}

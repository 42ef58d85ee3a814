//! ListAccessKeys: the access keys of a user, or the caller's own, the oldest first.

use crate::access_keys;
use crate::error::IamError;
use crate::mfa::Owner;
use crate::paging::{self, Paging};
use crate::service::Iam;
use keywright_auth::{
    AccessKeyRow, Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{AccessKeyMetadata, ListAccessKeysRequest, ListAccessKeysResponse, operations};
use keywright_policy::ConditionValue;
use keywright_store::Versioned;

pub struct ListAccessKeys {
    user: Option<String>,
    paging: Paging,
}

/// Whose keys, the keys, and the page that is asked for.
pub struct ListAccessKeysFacts {
    owner: Owner,
    keys: Vec<Versioned<AccessKeyRow>>,
    page: Page,
}

impl ListAccessKeys {
    fn scope(&self) -> [&str; 2] {
        ["ListAccessKeys", self.user.as_deref().unwrap_or_default()]
    }
}

impl Operation for ListAccessKeys {
    type Service = Iam;
    type Input = ListAccessKeysRequest;
    type Output = ListAccessKeysResponse;
    type Facts = ListAccessKeysFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_ACCESS_KEYS;
    const READ_ONLY: bool = true;

    fn parse(input: ListAccessKeysRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { user: input.user_name, paging: Paging::new(input.marker, input.max_items) })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<ListAccessKeysFacts, IamError> {
        let owner = access_keys::owner(view, request, self.user.as_deref()).await?;
        Ok(ListAccessKeysFacts {
            keys: access_keys::of(view, request, &owner).await?,
            page: self.paging.open(view.keyring, request.caller.account, &self.scope())?,
            owner,
        })
    }

    fn checks(&self, facts: &ListAccessKeysFacts, _request: &RequestContext) -> Checks {
        [facts.owner.check("iam:ListAccessKeys")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a ListAccessKeysFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.owner.condition(name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &ListAccessKeysFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        facts.owner.id()?;
        let user_name = access_keys::shown_name(&facts.owner)?;
        let account = request.caller.account;
        let keys: Vec<&AccessKeyRow> = facts.keys.iter().map(|found| &found.row).collect();
        let (keys, marker) = paging::page(&facts.page, env.keyring, account, &op.scope(), keys, |key| {
            format!("{:020}{}", key.created_at.as_millis(), key.access_key_id)
        });
        let shown = |key: &AccessKeyRow| AccessKeyMetadata {
            user_name: user_name.clone(),
            access_key_id: Some(key.access_key_id.to_string()),
            status: Some(access_keys::status(key)),
            create_date: Some(key.created_at),
        };
        Ok(Decision::answer(ListAccessKeysResponse {
            access_key_metadata: keys.into_iter().map(shown).collect(),
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

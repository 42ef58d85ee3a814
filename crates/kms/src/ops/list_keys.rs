//! ListKeys: the ids of all keys of the account in the Region, in order, page by page. A page costs
//! the same however many keys there are: it is one walk along the primary key's index.

use super::parse;
use crate::error::KmsError;
use crate::service::{Kms, local_arn};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, Protected, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{KeyListEntry, ListKeysRequest, ListKeysResponse, ResourceOwnerType, operations};
use keywright_store::Column as _;
use keywright_types::KeyId;

pub struct ListKeys {
    marker: Option<String>,
    limit: usize,
    /// Whether the account's own keys are asked for; others' are never shared with it here.
    own: bool,
}

/// The keys read and the page they are for.
pub struct KeysPage {
    page: Page,
    keys: Vec<KeyId>,
}

fn scope(request: &RequestContext) -> [&str; 2] {
    ["ListKeys", request.region.as_str()]
}

impl Operation for ListKeys {
    type Service = Kms;
    type Input = ListKeysRequest;
    type Output = ListKeysResponse;
    type Facts = KeysPage;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::LIST_KEYS;
    const READ_ONLY: bool = true;

    fn parse(input: ListKeysRequest, _service: &Kms) -> Result<Self, KmsError> {
        Ok(Self {
            limit: parse::limit(input.limit, 100, 1000)?,
            marker: input.marker,
            own: input.resource_owners.is_none_or(|owners| owners.contains(&ResourceOwnerType::SelfValue)),
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<KeysPage, KmsError> {
        let account = request.caller.account;
        let page = Page::open(view.keyring, account, &scope(request), self.marker.as_deref(), self.limit)?;
        if !self.own {
            return Ok(KeysPage { page, keys: Vec::new() });
        }
        let rows = view
            .store
            .query(
                "keys",
                "SELECT key_id FROM keys WHERE account = $1 AND region = $2 AND key_id > $3 \
                 ORDER BY key_id LIMIT $4",
                &[
                    account.to_value(),
                    request.region.to_value(),
                    page.after.clone().unwrap_or_default().to_value(),
                    page.rows().to_value(),
                ],
            )
            .await
            .map_err(KmsError::from_store)?;
        let keys = rows.into_iter().map(|mut row| row.take()).collect::<Result<_, _>>();
        Ok(KeysPage { page, keys: keys.map_err(KmsError::from_store)? })
    }

    fn checks(&self, _facts: &KeysPage, _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "kms:ListKeys", protected }].into_iter().collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &KeysPage,
        env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let mut keys = facts.keys.clone();
        let next_marker = facts.page.close(
            env.keyring,
            request.caller.account,
            &scope(request),
            &mut keys,
            KeyId::to_string,
        );
        let entries = keys.into_iter().map(|key_id| KeyListEntry {
            key_id: Some(key_id.to_string()),
            key_arn: Some(local_arn(key_id, request).to_string()),
        });
        Ok(Decision::answer(ListKeysResponse {
            keys: Some(entries.collect()),
            truncated: Some(next_marker.is_some()),
            next_marker,
        }))
    }
}

//! ListKeyLineage: the keys that followed each other under one alias, oldest first, and where each of them stands.
//!
//! Whoever asks needs kms:DescribeKey on the key that is named, beside the action of this operation.

use crate::Inventory;
use crate::error::InventoryError;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::keywright::{
    KeyLineageEntry, KeyStanding, ListKeyLineageRequest, ListKeyLineageResponse, operations,
};
use keywright_kms::{Key, KeyLine};
use keywright_policy::{ConditionValue, Grant};

pub struct ListKeyLineage {
    key: String,
}

const ACTION: &str = "keywright:ListKeyLineage";

impl Operation for ListKeyLineage {
    type Service = Inventory;
    type Input = ListKeyLineageRequest;
    type Output = ListKeyLineageResponse;
    type Facts = KeyLine;
    type Error = InventoryError;
    const MODEL: &'static OperationModel = &operations::LIST_KEY_LINEAGE;
    const READ_ONLY: bool = true;

    fn parse(input: ListKeyLineageRequest, _service: &Inventory) -> Result<Self, InventoryError> {
        Ok(Self { key: input.key_id })
    }

    async fn facts(
        &self,
        view: View<'_, Inventory>,
        request: &RequestContext,
    ) -> Result<KeyLine, InventoryError> {
        Ok(KeyLine::find(Inventory::of_kms(view), &self.key, request).await?)
    }

    fn checks(&self, facts: &KeyLine, request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: facts.named_arn() };
        [Check { action: ACTION, protected }, facts.check(request)].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a KeyLine, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        facts.condition(name)
    }

    async fn granted(
        &self,
        facts: &KeyLine,
        check: &Check,
        view: View<'_, Inventory>,
        request: &RequestContext,
    ) -> Result<Grant, InventoryError> {
        if check.action == ACTION {
            return Ok(Grant::None);
        }
        Ok(facts.granted(Inventory::of_kms(view), request).await?)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &KeyLine,
        _env: Env<'_, Inventory>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let keys = facts.keys().map_err(|absent| InventoryError::NotFound {
            message: absent.wire().message.map(Into::into).unwrap_or_default(),
        })?;
        let entries = keys.iter().enumerate().map(|(at, key)| {
            let before = at.checked_sub(1).and_then(|before| keys.get(before));
            entry(key, before.map(AsRef::as_ref))
        });
        Ok(Decision::answer(ListKeyLineageResponse {
            lineage: entries.collect(),
            truncated: facts.truncated,
        }))
    }
}

/// `before` is the key that it follows.
fn entry(key: &Key, before: Option<&Key>) -> KeyLineageEntry {
    let superseded = key.lineage.superseded;
    // A key that follows one which has not been superseded has not taken over.
    let is_coming = before.is_some_and(|before| before.lineage.superseded.is_none());
    KeyLineageEntry {
        key_arn: key.arn_text.to_string(),
        standing: match superseded {
            Some(superseded) if superseded.retired => KeyStanding::Retired,
            Some(_) => KeyStanding::Superseded,
            None if is_coming => KeyStanding::Coming,
            None => KeyStanding::Current,
        },
        key_state: key.state.as_str().to_owned(),
        creation_date: key.created_at,
        takeover_date: before.and_then(|before| {
            let planned = before.rotation.next_at.filter(|_| is_coming);
            before.lineage.superseded.map(|superseded| superseded.at).or(planned)
        }),
        superseded_date: superseded.map(|superseded| superseded.at),
        retirement_date: superseded.map(|superseded| superseded.retires_at),
        published: key.is_published(),
    }
}

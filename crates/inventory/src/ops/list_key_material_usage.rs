//! ListKeyMaterialUsage: the census. What each key material was used for, how often, when last, and by whom.
//!
//! Whoever asks about one key needs kms:DescribeKey on it beside the action of this operation. Counts of the last seconds
//! may be missing: they are written behind.

use crate::Inventory;
use crate::error::InventoryError;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, Protected, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::keywright::{
    KeyMaterialCaller, KeyMaterialState, KeyMaterialUsageEntry, ListKeyMaterialUsageRequest,
    ListKeyMaterialUsageResponse, operations,
};
use keywright_kms::{MaterialUsage, UsageFilter, UsageOfKey, find_usage};
use keywright_policy::{ConditionValue, Grant};

pub struct ListKeyMaterialUsage {
    key: Option<String>,
    filter: UsageFilter,
    marker: Option<String>,
    limit: usize,
}

/// The key that is named, and one page.
pub struct UsagePage {
    key: Option<UsageOfKey>,
    page: Page,
    found: Vec<MaterialUsage>,
}

const ACTION: &str = "keywright:ListKeyMaterialUsage";

impl ListKeyMaterialUsage {
    fn scope(&self) -> [String; 4] {
        [
            "ListKeyMaterialUsage".to_owned(),
            self.key.clone().unwrap_or_default(),
            self.filter.only_old.to_string(),
            self.filter.used_since.map(|since| since.as_millis().to_string()).unwrap_or_default(),
        ]
    }
}

impl Operation for ListKeyMaterialUsage {
    type Service = Inventory;
    type Input = ListKeyMaterialUsageRequest;
    type Output = ListKeyMaterialUsageResponse;
    type Facts = UsagePage;
    type Error = InventoryError;
    const MODEL: &'static OperationModel = &operations::LIST_KEY_MATERIAL_USAGE;
    const READ_ONLY: bool = true;

    fn parse(input: ListKeyMaterialUsageRequest, _service: &Inventory) -> Result<Self, InventoryError> {
        Ok(Self {
            key: input.key_id,
            filter: UsageFilter {
                only_old: input.only_non_current.unwrap_or(false),
                used_since: input.used_since,
                callers: input.include_callers.unwrap_or(false),
            },
            marker: input.marker,
            limit: input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(100),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Inventory>,
        request: &RequestContext,
    ) -> Result<UsagePage, InventoryError> {
        let (account, kms) = (request.caller.account, Inventory::of_kms(view));
        let scope = self.scope();
        let scope = scope.each_ref().map(String::as_str);
        let page = Page::open(view.keyring, account, &scope, self.marker.as_deref(), self.limit)?;
        let key = match &self.key {
            Some(key) => Some(UsageOfKey::find(kms, key, request).await?),
            None => None,
        };
        // Another account's is refused before it is told of, and of an absent one there is nothing to tell.
        let of_key = key.as_ref().map(|key| key.get().ok().filter(|arn| arn.account == account));
        let after = page.after.clone().unwrap_or_default();
        let found = match of_key {
            Some(None) => Vec::new(),
            of_key => find_usage(kms, account, of_key.flatten(), &self.filter, &after, page.rows()).await?,
        };
        Ok(UsagePage { key, page, found })
    }

    fn checks(&self, facts: &UsagePage, request: &RequestContext) -> Checks {
        let arn = facts.key.as_ref().map_or_else(|| "*".to_owned(), UsageOfKey::named_arn);
        let own = Check { action: ACTION, protected: Protected::ByIdentity { arn } };
        let key = facts.key.as_ref().map(|key| key.check(request));
        [Some(own), key].into_iter().flatten().collect()
    }

    fn condition<'a>(&'a self, facts: &'a UsagePage, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        facts.key.as_ref().map_or(ConditionValue::Absent, |key| key.condition(name))
    }

    async fn granted(
        &self,
        facts: &UsagePage,
        check: &Check,
        view: View<'_, Inventory>,
        request: &RequestContext,
    ) -> Result<Grant, InventoryError> {
        match &facts.key {
            Some(key) if check.action != ACTION => Ok(key.granted(Inventory::of_kms(view), request).await?),
            Some(_) | None => Ok(Grant::None),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &UsagePage,
        env: Env<'_, Inventory>,
        request: &RequestContext,
    ) -> Decided<Self> {
        if let Some(key) = &facts.key {
            key.get().map_err(|absent| InventoryError::NotFound {
                message: absent.wire().message.map(Into::into).unwrap_or_default(),
            })?;
        }
        let scope = op.scope();
        let scope = scope.each_ref().map(String::as_str);
        let mut found: Vec<&MaterialUsage> = facts.found.iter().collect();
        let next_marker =
            facts
                .page
                .close(env.keyring, request.caller.account, &scope, &mut found, |usage| usage.position());
        Ok(Decision::answer(ListKeyMaterialUsageResponse {
            key_materials: found.into_iter().map(entry).collect(),
            truncated: next_marker.is_some(),
            next_marker,
        }))
    }
}

fn entry(usage: &MaterialUsage) -> KeyMaterialUsageEntry {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    KeyMaterialUsageEntry {
        key_arn: usage.key.to_string(),
        key_material_id: usage.material_id.to_string(),
        key_material_state: if usage.is_current {
            KeyMaterialState::Current
        } else {
            KeyMaterialState::NonCurrent
        },
        key_material_date: usage.made_at,
        produced: number(usage.produced),
        consumed: number(usage.consumed),
        last_produced_date: usage.last_produced_at,
        last_consumed_date: usage.last_consumed_at,
        callers: usage.callers.as_ref().map(|callers| {
            let told = |caller: &keywright_kms::MaterialCallersRow| KeyMaterialCaller {
                arn: caller.caller.clone(),
                produced: number(caller.produced),
                consumed: number(caller.consumed),
                last_used_date: caller.last_used_at,
            };
            callers.iter().map(told).collect()
        }),
    }
}

//! GetKeyLastUsage: the last successful cryptographic use of a key.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::last_usage::{LastUsageRow, LastUse};
use crate::service::{Kms, Resolved};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{
    GetKeyLastUsageRequest, GetKeyLastUsageResponse, KeyLastUsageData, KeyLastUsageTrackingOperation,
    operations,
};
use keywright_policy::ConditionValue;
use keywright_store::Column as _;
use keywright_types::KeyRef;

pub struct GetKeyLastUsage {
    key: KeyRef,
}

/// The key and its last use: the one noted and not yet written, or the stored one.
pub struct UsageFacts {
    resolved: Resolved,
    noted: Option<LastUse>,
    stored: Option<LastUsageRow>,
}

impl Operation for GetKeyLastUsage {
    type Service = Kms;
    type Input = GetKeyLastUsageRequest;
    type Output = GetKeyLastUsageResponse;
    type Facts = UsageFacts;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::GET_KEY_LAST_USAGE;
    const READ_ONLY: bool = true;

    fn parse(input: GetKeyLastUsageRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self { key: parse::key_without_alias(&input.key_id, service)? })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<UsageFacts, KmsError> {
        let resolved = view.service.resolve(view, &self.key, request).await?;
        let Resolved::Key(key) = &resolved else {
            return Ok(UsageFacts { resolved, noted: None, stored: None });
        };
        let noted = view.service.last_usage.find(&key.arn);
        let of_key = [key.arn.account.to_value(), key.arn.region.to_value(), key.arn.key_id.to_value()];
        let stored = view.store.find::<LastUsageRow>(&of_key).await.map_err(KmsError::from_store)?;
        Ok(UsageFacts { noted, stored: stored.map(|stored| stored.row), resolved })
    }

    fn checks(&self, facts: &UsageFacts, _request: &RequestContext) -> Checks {
        [facts.resolved.check("kms:GetKeyLastUsage")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a UsageFacts, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        condition::of_key(&facts.resolved, Some(&self.key), name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &UsageFacts,
        _env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.resolved.get()?;
        let noted =
            facts.noted.map(|last| (last.operation.to_owned(), last.used_at, last.event_id, last.request_id));
        let stored = facts
            .stored
            .as_ref()
            .map(|last| (last.operation.clone(), last.used_at, last.event_id, last.request_id));
        // Another node may have stored a later use than the one noted here.
        let last = noted.into_iter().chain(stored).max_by_key(|(_, at, _, _)| *at);
        let usage =
            last.map_or_else(KeyLastUsageData::default, |(operation, at, event, request)| KeyLastUsageData {
                operation: KeyLastUsageTrackingOperation::parse(&operation),
                timestamp: Some(at),
                cloud_trail_event_id: Some(event.to_string()),
                kms_request_id: Some(request.to_string()),
            });
        Ok(Decision::answer(GetKeyLastUsageResponse {
            key_id: Some(key.arn_text.to_string()),
            key_last_usage: Some(usage),
            // Uses were tracked from the first release on.
            tracking_start_date: Some(key.created_at),
            key_creation_date: Some(key.created_at),
        }))
    }
}

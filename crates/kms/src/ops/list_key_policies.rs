//! ListKeyPolicies: a key has exactly one policy, `default`.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::service::{Kms, Resolved};
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{ListKeyPoliciesRequest, ListKeyPoliciesResponse, operations};
use keywright_policy::ConditionValue;
use keywright_types::KeyRef;

pub struct ListKeyPolicies {
    key: KeyRef,
}

impl Operation for ListKeyPolicies {
    type Service = Kms;
    type Input = ListKeyPoliciesRequest;
    type Output = ListKeyPoliciesResponse;
    type Facts = Resolved;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::LIST_KEY_POLICIES;
    const READ_ONLY: bool = true;

    fn parse(input: ListKeyPoliciesRequest, service: &Kms) -> Result<Self, KmsError> {
        parse::limit(input.limit, 100, 1000)?;
        if input.marker.is_some() {
            // One name never fills a page, so no marker was ever given.
            return Err(KmsError::InvalidMarker);
        }
        Ok(Self { key: parse::key_without_alias(&input.key_id, service)? })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Resolved, KmsError> {
        view.service.resolve(view, &self.key, request).await
    }

    fn checks(&self, facts: &Resolved, _request: &RequestContext) -> Checks {
        [facts.check("kms:ListKeyPolicies")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Resolved, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        condition::of_key(facts, Some(&self.key), name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &Resolved,
        _env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        facts.get()?;
        Ok(Decision::answer(ListKeyPoliciesResponse {
            policy_names: Some(vec!["default".to_owned()]),
            next_marker: None,
            truncated: Some(false),
        }))
    }
}

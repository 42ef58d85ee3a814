//! GetKeyPolicy: the key's one policy, `default`.

use super::parse;
use super::put_key_policy::check_policy_name;
use crate::condition;
use crate::error::KmsError;
use crate::service::{Kms, Resolved};
use keywright_auth::{Authorised, Check, Checks, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{GetKeyPolicyRequest, GetKeyPolicyResponse, operations};
use keywright_policy::ConditionValue;
use keywright_types::KeyRef;

pub struct GetKeyPolicy {
    key: KeyRef,
}

impl Operation for GetKeyPolicy {
    type Service = Kms;
    type Input = GetKeyPolicyRequest;
    type Output = GetKeyPolicyResponse;
    type Facts = Resolved;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::GET_KEY_POLICY;
    const READ_ONLY: bool = true;

    fn parse(input: GetKeyPolicyRequest, service: &Kms) -> Result<Self, KmsError> {
        check_policy_name(input.policy_name.as_deref())?;
        Ok(Self { key: parse::key_without_alias(&input.key_id, service)? })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Resolved, KmsError> {
        view.service.resolve(view, &self.key, request).await
    }

    fn checks(&self, facts: &Resolved, _request: &RequestContext) -> Checks {
        [facts.check("kms:GetKeyPolicy")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Resolved, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        condition::of_key(facts, Some(&self.key), name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &Resolved,
        _env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Result<Decision<GetKeyPolicyResponse>, KmsError> {
        let key = facts.get()?;
        Ok(Decision::answer(GetKeyPolicyResponse {
            policy: Some(key.policy.text().to_owned()),
            policy_name: Some("default".to_owned()),
        }))
    }
}

//! GetKeyPolicy: the key's one policy, `default`.

use super::parse;
use super::put_key_policy::check_policy_name;
use crate::condition;
use crate::error::KmsError;
use crate::service::{Kms, Resolved};
use keywright_auth::ServiceError as _;
use keywright_auth::identities::{Pins, names_now};
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{GetKeyPolicyRequest, GetKeyPolicyResponse, operations};
use keywright_policy::ConditionValue;
use keywright_types::KeyRef;

pub struct GetKeyPolicy {
    key: KeyRef,
}

pub struct GetKeyPolicyFacts {
    key: Resolved,
    /// Those whom the policy names under an ARN that is not theirs any more.
    renamed: Pins,
}

impl Operation for GetKeyPolicy {
    type Service = Kms;
    type Input = GetKeyPolicyRequest;
    type Output = GetKeyPolicyResponse;
    type Facts = GetKeyPolicyFacts;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::GET_KEY_POLICY;
    const READ_ONLY: bool = true;

    fn parse(input: GetKeyPolicyRequest, service: &Kms) -> Result<Self, KmsError> {
        check_policy_name(input.policy_name.as_deref())?;
        Ok(Self { key: parse::key_without_alias(&input.key_id, service)? })
    }

    async fn facts(
        &self,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<GetKeyPolicyFacts, KmsError> {
        let key = view.service.resolve(view, &self.key, request).await?;
        let renamed = match key.get() {
            Ok(key) => names_now(view.store, &key.policy_pins).await.map_err(KmsError::from_store)?,
            Err(_) => Pins::new(),
        };
        Ok(GetKeyPolicyFacts { key, renamed })
    }

    fn checks(&self, facts: &GetKeyPolicyFacts, _request: &RequestContext) -> Checks {
        [facts.key.check("kms:GetKeyPolicy")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a GetKeyPolicyFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        condition::of_key(&facts.key, Some(&self.key), name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &GetKeyPolicyFacts,
        _env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.key.get()?;
        Ok(Decision::answer(GetKeyPolicyResponse {
            policy: Some(key.policy.shown(&facts.renamed)),
            policy_name: Some("default".to_owned()),
        }))
    }
}

//! PutKeyPolicy: replaces the key's policy; refused when its caller could not change it back.

use super::parse;
use crate::condition;
use crate::error::{KmsError, NotFound};
use crate::key::Key;
use crate::key_policy::{self, Principals};
use crate::service::{Kms, Resolved};
use keywright_auth::{Authorised, Check, Checks, Decided, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{PutKeyPolicyRequest, operations};
use keywright_policy::{ConditionValue, Document};
use keywright_types::KeyRef;
use std::sync::Arc;

pub struct PutKeyPolicy {
    key: KeyRef,
    policy: Arc<Document>,
    bypass_lockout_check: Option<bool>,
}

pub struct PutKeyPolicyFacts {
    key: Resolved,
    principals: Principals,
}

/// # Errors
/// NotFoundException: the only policy of a key is `default`.
pub(crate) fn check_policy_name(name: Option<&str>) -> Result<(), KmsError> {
    match name {
        None | Some("default") => Ok(()),
        Some(_) => Err(KmsError::NotFound(NotFound::Policy)),
    }
}

impl Operation for PutKeyPolicy {
    type Service = Kms;
    type Input = PutKeyPolicyRequest;
    type Output = ();
    type Facts = PutKeyPolicyFacts;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::PUT_KEY_POLICY;
    const READ_ONLY: bool = false;

    fn parse(input: PutKeyPolicyRequest, service: &Kms) -> Result<Self, KmsError> {
        check_policy_name(input.policy_name.as_deref())?;
        Ok(Self {
            key: parse::key_without_alias(&input.key_id, service)?,
            policy: key_policy::parse(&input.policy)?,
            bypass_lockout_check: input.bypass_policy_lockout_safety_check,
        })
    }

    async fn facts(
        &self,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<PutKeyPolicyFacts, KmsError> {
        Ok(PutKeyPolicyFacts {
            key: view.service.resolve(view, &self.key, request).await?,
            principals: Principals::find(view.store, &self.policy).await?,
        })
    }

    fn checks(&self, facts: &PutKeyPolicyFacts, _request: &RequestContext) -> Checks {
        [facts.key.check("kms:PutKeyPolicy")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a PutKeyPolicyFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match name {
            // Of all parameters the one without a default in conditions: AWS's own example asks for its absence.
            "kms:bypasspolicylockoutsafetycheck" => {
                self.bypass_lockout_check.map_or(ConditionValue::Absent, ConditionValue::Bool)
            }
            _ => condition::of_key(&facts.key, Some(&self.key), name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &PutKeyPolicyFacts,
        _env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.key.get()?;
        let (policy, pins) = facts.principals.pin(&op.policy)?;
        if op.bypass_lockout_check != Some(true) {
            key_policy::check_lockout(&policy, &key.arn, request)?;
        }
        let mut changed = Key::clone(key);
        changed.policy = policy;
        changed.policy_pins = pins;
        Ok(key.change(&changed, ()))
    }
}

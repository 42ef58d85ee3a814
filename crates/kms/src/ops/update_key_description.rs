//! UpdateKeyDescription: free text for people; never put a secret there.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::key::Key;
use crate::key_state::KeyUse;
use crate::service::{Kms, Resolved};
use keywright_auth::{Authorised, Check, Checks, Decided, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{UpdateKeyDescriptionRequest, operations};
use keywright_policy::ConditionValue;
use keywright_types::KeyRef;

pub struct UpdateKeyDescription {
    key: KeyRef,
    description: String,
}

impl Operation for UpdateKeyDescription {
    type Service = Kms;
    type Input = UpdateKeyDescriptionRequest;
    type Output = ();
    type Facts = Resolved;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::UPDATE_KEY_DESCRIPTION;
    const READ_ONLY: bool = false;

    fn parse(input: UpdateKeyDescriptionRequest, service: &Kms) -> Result<Self, KmsError> {
        let description = parse::description(input.description)?;
        Ok(Self { key: parse::key_without_alias(&input.key_id, service)?, description })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Resolved, KmsError> {
        view.service.resolve(view, &self.key, request).await
    }

    fn checks(&self, facts: &Resolved, _request: &RequestContext) -> Checks {
        [facts.check("kms:UpdateKeyDescription")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Resolved, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        condition::of_key(facts, Some(&self.key), name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Resolved,
        _env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.get()?;
        key.state.allows(KeyUse::Annotate).map_err(|fault| KmsError::state(&key.arn_text, fault))?;
        let mut changed = Key::clone(key);
        changed.description.clone_from(&op.description);
        Ok(key.change(&changed, ()))
    }
}

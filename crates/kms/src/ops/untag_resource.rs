//! UntagResource: removes tags; keys that are not there are ignored. Removing
//! `keywright:rotation-period` ends the rotation it set, so it needs the right to DisableKeyRotation too.

use super::parse;
use crate::error::KmsError;
use crate::key::Key;
use crate::key_state::KeyUse;
use crate::multi_region::Family;
use crate::service::Kms;
use crate::succession::GOVERNING_TAGS;
use crate::{condition, tagging};
use keywright_auth::{Authorised, Check, Checks, Decided, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{UntagResourceRequest, operations};
use keywright_policy::ConditionValue;
use keywright_types::KeyRef;

pub struct UntagResource {
    key: KeyRef,
    tag_keys: Vec<String>,
}

impl Operation for UntagResource {
    type Service = Kms;
    type Input = UntagResourceRequest;
    type Output = ();
    type Facts = Family;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::UNTAG_RESOURCE;
    const READ_ONLY: bool = false;

    fn parse(input: UntagResourceRequest, service: &Kms) -> Result<Self, KmsError> {
        for tag_key in &input.tag_keys {
            tagging::check_not_reserved(tag_key)?;
        }
        Ok(Self { key: parse::key_without_alias(&input.key_id, service)?, tag_keys: input.tag_keys })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Family, KmsError> {
        Family::find(view, view.service.resolve(view, &self.key, request).await?).await
    }

    fn checks(&self, facts: &Family, _request: &RequestContext) -> Checks {
        let rotation = self
            .tag_keys
            .iter()
            .any(|tag_key| GOVERNING_TAGS.contains(&tag_key.as_str()))
            .then(|| facts.resolved.check("kms:DisableKeyRotation"));
        [Some(facts.resolved.check("kms:UntagResource")), rotation].into_iter().flatten().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Family, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        if name == "aws:tagkeys" {
            return ConditionValue::Multi(self.tag_keys.iter().map(String::as_str).collect());
        }
        condition::of_key(&facts.resolved, Some(&self.key), name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Family,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.get()?;
        key.state.allows(KeyUse::Annotate).map_err(|fault| KmsError::state(&key.arn_text, fault))?;
        let mut tags = key.tags.clone();
        for tag_key in &op.tag_keys {
            tags.remove(tag_key);
        }
        let mut changed = Key::clone(key);
        tagging::replace(&mut changed, tags, env.now)?;
        Ok(facts.change(key, &changed, ()))
    }
}

//! TagResource: adds tags or overwrites their values. The tag `keywright:rotation-period` sets the
//! rotation period as well, so it needs the right to EnableKeyRotation too.

use super::create_key::request_tags;
use super::parse;
use crate::error::KmsError;
use crate::key::Key;
use crate::key_state::KeyUse;
use crate::service::{Kms, Resolved};
use crate::{condition, tagging};
use keywright_auth::{Authorised, Check, Checks, Decided, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{TagResourceRequest, operations};
use keywright_policy::ConditionValue;
use keywright_types::{KeyRef, Tags};

pub struct TagResource {
    key: KeyRef,
    tags: Tags,
}

impl Operation for TagResource {
    type Service = Kms;
    type Input = TagResourceRequest;
    type Output = ();
    type Facts = Resolved;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::TAG_RESOURCE;
    const READ_ONLY: bool = false;

    fn parse(input: TagResourceRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self { key: parse::key_without_alias(&input.key_id, service)?, tags: tagging::parse(input.tags)? })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Resolved, KmsError> {
        view.service.resolve(view, &self.key, request).await
    }

    fn checks(&self, facts: &Resolved, _request: &RequestContext) -> Checks {
        let rotation = tagging::sets_rotation(&self.tags).then(|| facts.check("kms:EnableKeyRotation"));
        [Some(facts.check("kms:TagResource")), rotation].into_iter().flatten().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Resolved, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match request_tags(&self.tags, name) {
            ConditionValue::Absent => condition::of_key(facts, Some(&self.key), name),
            found => found,
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Resolved,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.get()?;
        key.state.allows(KeyUse::Annotate).map_err(|fault| KmsError::state(&key.arn_text, fault))?;
        let mut tags = key.tags.clone();
        for (name, value) in op.tags.iter() {
            tagging::check_not_alike(&key.tags, name)?;
            tags.insert(name.to_owned(), value.to_owned());
        }
        let mut changed = Key::clone(key);
        tagging::replace(&mut changed, tags, env.now)?;
        Ok(key.change(&changed, ()))
    }
}

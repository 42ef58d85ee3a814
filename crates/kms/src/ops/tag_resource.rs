//! TagResource: adds tags or overwrites their values. The tag `keywright:rotation-period` sets the
//! rotation period as well, so it needs the right to EnableKeyRotation too.

use super::create_key::request_tags;
use super::parse;
use crate::error::KmsError;
use crate::key::Key;
use crate::key_state::KeyUse;
use crate::multi_region::Family;
use crate::service::{Kms, Resolved};
use crate::{condition, tagging};
use keywright_auth::{Authorised, Check, Checks, Decided, Env, Operation, Protected, RequestContext, View};
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
    type Facts = Family;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::TAG_RESOURCE;
    const READ_ONLY: bool = false;

    fn parse(input: TagResourceRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self { key: parse::key_without_alias(&input.key_id, service)?, tags: tagging::parse(input.tags)? })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Family, KmsError> {
        Family::find(view, view.service.resolve(view, &self.key, request).await?).await
    }

    fn checks(&self, facts: &Family, _request: &RequestContext) -> Checks {
        let key = &facts.resolved;
        let rotation = tagging::sets_rotation(&self.tags).then(|| key.check("kms:EnableKeyRotation"));
        // Who asks for successors has keys made.
        let successors = match key {
            Resolved::Key(key) if key.succeeds() && rotation.is_some() => Some(Check {
                action: "kms:CreateKey",
                protected: Protected::ByIdentity { arn: "*".to_owned() },
            }),
            Resolved::Key(_) | Resolved::NoKey(_) | Resolved::NoAlias(_) => None,
        };
        let published = tagging::sets_publication(&self.tags).then(|| key.check("kms:GetPublicKey"));
        [Some(key.check("kms:TagResource")), rotation, successors, published].into_iter().flatten().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Family, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match request_tags(&self.tags, name) {
            ConditionValue::Absent => condition::of_key(&facts.resolved, Some(&self.key), name),
            found => found,
        }
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
        for (name, value) in op.tags.iter() {
            tagging::check_not_alike(&key.tags, name)?;
            tags.insert(name.to_owned(), value.to_owned());
        }
        let mut changed = Key::clone(key);
        tagging::replace(&mut changed, tags, env.now)?;
        Ok(facts.change(key, &changed, ()))
    }
}

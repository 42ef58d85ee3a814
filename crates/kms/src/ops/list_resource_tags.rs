//! ListResourceTags: a key's tags, in order of their keys.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::service::{Kms, Resolved};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{ListResourceTagsRequest, ListResourceTagsResponse, Tag, operations};
use keywright_policy::ConditionValue;
use keywright_types::KeyRef;

pub struct ListResourceTags {
    key: KeyRef,
    marker: Option<String>,
    limit: usize,
}

impl Operation for ListResourceTags {
    type Service = Kms;
    type Input = ListResourceTagsRequest;
    type Output = ListResourceTagsResponse;
    type Facts = Resolved;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::LIST_RESOURCE_TAGS;
    const READ_ONLY: bool = true;

    fn parse(input: ListResourceTagsRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self {
            key: parse::key_without_alias(&input.key_id, service)?,
            marker: input.marker,
            limit: parse::limit(input.limit, 50, 50)?,
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Resolved, KmsError> {
        view.service.resolve(view, &self.key, request).await
    }

    fn checks(&self, facts: &Resolved, _request: &RequestContext) -> Checks {
        [facts.check("kms:ListResourceTags")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Resolved, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        condition::of_key(facts, Some(&self.key), name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Resolved,
        env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.get()?;
        let account = request.caller.account;
        let scope = ["ListResourceTags", &key.arn_text];
        let page = Page::open(env.keyring, account, &scope, op.marker.as_deref(), op.limit)?;
        let after = page.after.as_deref().unwrap_or_default();
        let mut tags: Vec<(&str, &str)> = key.tags.iter().filter(|(name, _)| *name > after).collect();
        let next_marker = page.close(env.keyring, account, &scope, &mut tags, |(name, _)| (*name).to_owned());
        let tags = tags
            .into_iter()
            .map(|(name, value)| Tag { tag_key: name.to_owned(), tag_value: value.to_owned() });
        Ok(Decision::answer(ListResourceTagsResponse {
            tags: Some(tags.collect()),
            truncated: Some(next_marker.is_some()),
            next_marker,
        }))
    }
}

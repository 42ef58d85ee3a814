//! ListPolicyTags: a managed policy's tags by key.

use super::shapes;
use crate::error::IamError;
use crate::paging::{self, Paging};
use crate::policies::{self, Managed, ManagedPolicy};
use crate::service::Iam;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListPolicyTagsRequest, ListPolicyTagsResponse, Tag, operations};
use keywright_policy::ConditionValue;

pub struct ListPolicyTags {
    arn: String,
    paging: Paging,
}

impl ListPolicyTags {
    fn scope(&self) -> [&str; 2] {
        ["ListPolicyTags", &self.arn]
    }
}

impl Operation for ListPolicyTags {
    type Service = Iam;
    type Input = ListPolicyTagsRequest;
    type Output = ListPolicyTagsResponse;
    type Facts = (ManagedPolicy, Page);
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_POLICY_TAGS;
    const READ_ONLY: bool = true;

    fn parse(input: ListPolicyTagsRequest, _service: &Iam) -> Result<Self, IamError> {
        policies::check_arn(&input.policy_arn)?;
        Ok(Self { arn: input.policy_arn, paging: Paging::new(input.marker, input.max_items) })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<(ManagedPolicy, Page), IamError> {
        let page = self.paging.open(view.keyring, request.caller.account, &self.scope())?;
        Ok((ManagedPolicy::find(view, request, &self.arn).await?, page))
    }

    fn checks(&self, facts: &(ManagedPolicy, Page), _request: &RequestContext) -> Checks {
        [facts.0.check("iam:ListPolicyTags")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a (ManagedPolicy, Page),
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.0.condition(name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &(ManagedPolicy, Page),
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let (policy, page) = facts;
        let tags = match policy.get()? {
            Managed::Own(own) => shapes::tags(&own.row.tags),
            Managed::Service(_) => Vec::new(),
        };
        let account = request.caller.account;
        let (tags, marker) =
            paging::page(page, env.keyring, account, &op.scope(), tags, |tag: &Tag| tag.key.clone());
        Ok(Decision::answer(ListPolicyTagsResponse { tags, is_truncated: Some(marker.is_some()), marker }))
    }
}

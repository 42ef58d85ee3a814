//! ListAttachedUserPolicies: the managed policies of a user.

use crate::attachments;
use crate::bearers::Bearer as _;
use crate::entities::Entity;
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::UserRow;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListAttachedUserPoliciesRequest, ListAttachedUserPoliciesResponse, operations};
use keywright_policy::ConditionValue;

pub struct ListAttachedUserPolicies(attachments::ListAttached);

impl Operation for ListAttachedUserPolicies {
    type Service = Iam;
    type Input = ListAttachedUserPoliciesRequest;
    type Output = ListAttachedUserPoliciesResponse;
    type Facts = (Entity<UserRow>, Page);
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_ATTACHED_USER_POLICIES;
    const READ_ONLY: bool = true;

    fn parse(input: ListAttachedUserPoliciesRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self(attachments::ListAttached::new(
            input.user_name,
            input.path_prefix,
            input.marker,
            input.max_items,
        )))
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<(Entity<UserRow>, Page), IamError> {
        self.0.facts(view, request).await
    }

    fn checks(&self, facts: &(Entity<UserRow>, Page), _request: &RequestContext) -> Checks {
        [facts.0.check("iam:ListAttachedUserPolicies")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a (Entity<UserRow>, Page),
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        UserRow::condition(&facts.0, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &(Entity<UserRow>, Page),
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let (policies, marker) = op.0.decide(facts, env, request)?;
        Ok(Decision::answer(ListAttachedUserPoliciesResponse {
            attached_policies: Some(policies),
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

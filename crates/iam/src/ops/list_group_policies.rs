//! ListGroupPolicies: the names of the inline policies of a group.

use crate::bearers::Bearer as _;
use crate::entities::Entity;
use crate::error::IamError;
use crate::inline;
use crate::service::Iam;
use keywright_auth::identities::GroupRow;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListGroupPoliciesRequest, ListGroupPoliciesResponse, operations};
use keywright_policy::ConditionValue;

pub struct ListGroupPolicies(inline::ListInline);

impl Operation for ListGroupPolicies {
    type Service = Iam;
    type Input = ListGroupPoliciesRequest;
    type Output = ListGroupPoliciesResponse;
    type Facts = (Entity<GroupRow>, Page);
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_GROUP_POLICIES;
    const READ_ONLY: bool = true;

    fn parse(input: ListGroupPoliciesRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self(inline::ListInline::new(input.group_name, input.marker, input.max_items)))
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<(Entity<GroupRow>, Page), IamError> {
        self.0.facts(view, request).await
    }

    fn checks(&self, facts: &(Entity<GroupRow>, Page), _request: &RequestContext) -> Checks {
        [facts.0.check("iam:ListGroupPolicies")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a (Entity<GroupRow>, Page),
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        GroupRow::condition(&facts.0, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &(Entity<GroupRow>, Page),
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let (policy_names, marker) = op.0.decide(facts, env, request)?;
        Ok(Decision::answer(ListGroupPoliciesResponse {
            policy_names,
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

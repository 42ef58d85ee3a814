//! ListUserPolicies: the names of the inline policies of a user.

use crate::bearers::Bearer as _;
use crate::entities::Entity;
use crate::error::IamError;
use crate::inline;
use crate::service::Iam;
use keywright_auth::identities::UserRow;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListUserPoliciesRequest, ListUserPoliciesResponse, operations};
use keywright_policy::ConditionValue;

pub struct ListUserPolicies(inline::ListInline);

impl Operation for ListUserPolicies {
    type Service = Iam;
    type Input = ListUserPoliciesRequest;
    type Output = ListUserPoliciesResponse;
    type Facts = (Entity<UserRow>, Page);
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_USER_POLICIES;
    const READ_ONLY: bool = true;

    fn parse(input: ListUserPoliciesRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self(inline::ListInline::new(input.user_name, input.marker, input.max_items)))
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<(Entity<UserRow>, Page), IamError> {
        self.0.facts(view, request).await
    }

    fn checks(&self, facts: &(Entity<UserRow>, Page), _request: &RequestContext) -> Checks {
        [facts.0.check("iam:ListUserPolicies")].into_iter().collect()
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
        let (policy_names, marker) = op.0.decide(facts, env, request)?;
        Ok(Decision::answer(ListUserPoliciesResponse {
            policy_names,
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

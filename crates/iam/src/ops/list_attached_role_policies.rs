//! ListAttachedRolePolicies: the managed policies of a role.

use crate::attachments;
use crate::bearers::Bearer as _;
use crate::entities::Entity;
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::RoleRow;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListAttachedRolePoliciesRequest, ListAttachedRolePoliciesResponse, operations};
use keywright_policy::ConditionValue;

pub struct ListAttachedRolePolicies(attachments::ListAttached);

impl Operation for ListAttachedRolePolicies {
    type Service = Iam;
    type Input = ListAttachedRolePoliciesRequest;
    type Output = ListAttachedRolePoliciesResponse;
    type Facts = (Entity<RoleRow>, Page);
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_ATTACHED_ROLE_POLICIES;
    const READ_ONLY: bool = true;

    fn parse(input: ListAttachedRolePoliciesRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self(attachments::ListAttached::new(
            input.role_name,
            input.path_prefix,
            input.marker,
            input.max_items,
        )))
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<(Entity<RoleRow>, Page), IamError> {
        self.0.facts(view, request).await
    }

    fn checks(&self, facts: &(Entity<RoleRow>, Page), _request: &RequestContext) -> Checks {
        [facts.0.check("iam:ListAttachedRolePolicies")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a (Entity<RoleRow>, Page),
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        RoleRow::condition(&facts.0, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &(Entity<RoleRow>, Page),
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let (policies, marker) = op.0.decide(facts, env, request)?;
        Ok(Decision::answer(ListAttachedRolePoliciesResponse {
            attached_policies: Some(policies),
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

//! ListPolicies: managed policies: the service's own by name, then the account's by name.

use super::policy_shape;
use crate::error::IamError;
use crate::paging::Paging;
use crate::policy_list;
use crate::service::Iam;
use keywright_auth::identities::{EntityKind, entity_arn};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListPoliciesRequest, ListPoliciesResponse, PolicyScopeType, operations};

pub struct ListPolicies {
    filter: policy_list::Filter,
    paging: Paging,
}

impl Operation for ListPolicies {
    type Service = Iam;
    type Input = ListPoliciesRequest;
    type Output = ListPoliciesResponse;
    type Facts = policy_list::Found;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_POLICIES;
    const READ_ONLY: bool = true;

    fn parse(input: ListPoliciesRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self {
            filter: policy_list::Filter {
                scope: input.scope.unwrap_or(PolicyScopeType::All),
                only_attached: input.only_attached.unwrap_or(false),
                path_prefix: input.path_prefix.unwrap_or_else(|| "/".to_owned()),
                usage: input.policy_usage_filter,
            },
            paging: Paging::new(input.marker, input.max_items),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<policy_list::Found, IamError> {
        let account = request.caller.account;
        let scope = self.filter.scope_of_marker();
        let page = self.paging.open(view.keyring, account, &scope.each_ref().map(String::as_str))?;
        self.filter.find(view, account, page).await
    }

    fn checks(&self, _facts: &policy_list::Found, request: &RequestContext) -> Checks {
        let arn = entity_arn(request.caller.account, EntityKind::Policy, &self.filter.path_prefix, "");
        [Check { action: "iam:ListPolicies", protected: Protected::ByIdentity { arn } }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &policy_list::Found,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let mut policies: Vec<&policy_list::Item> = facts.items.iter().collect();
        let scope = op.filter.scope_of_marker();
        let marker = facts.page.close(
            env.keyring,
            request.caller.account,
            &scope.each_ref().map(String::as_str),
            &mut policies,
            |item| item.position(),
        );
        let policies = policies.into_iter().map(|item| match item {
            policy_list::Item::Own(row, usage) => policy_shape::listed(row, *usage),
            policy_list::Item::Service(policy, usage) => policy_shape::listed_service(policy, *usage),
        });
        Ok(Decision::answer(ListPoliciesResponse {
            policies: Some(policies.collect()),
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

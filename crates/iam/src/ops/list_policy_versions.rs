//! ListPolicyVersions: the versions of a managed policy, the newest first.

use super::policy_shape;
use crate::error::IamError;
use crate::paging::{self, Paging};
use crate::policies::{self, Managed, ManagedPolicy};
use crate::service::Iam;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListPolicyVersionsRequest, ListPolicyVersionsResponse, PolicyVersion, operations};
use keywright_policy::ConditionValue;

pub struct ListPolicyVersions {
    arn: String,
    paging: Paging,
}

impl ListPolicyVersions {
    fn scope(&self) -> [&str; 2] {
        ["ListPolicyVersions", &self.arn]
    }
}

impl Operation for ListPolicyVersions {
    type Service = Iam;
    type Input = ListPolicyVersionsRequest;
    type Output = ListPolicyVersionsResponse;
    type Facts = (ManagedPolicy, Page);
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_POLICY_VERSIONS;
    const READ_ONLY: bool = true;

    fn parse(input: ListPolicyVersionsRequest, _service: &Iam) -> Result<Self, IamError> {
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
        [facts.0.check("iam:ListPolicyVersions")].into_iter().collect()
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
        let versions: Vec<(u32, PolicyVersion)> = match policy.get()? {
            Managed::Own(own) => {
                let newest_first = own.row.versions.0.iter().rev();
                newest_first
                    .map(|(number, version)| (*number, policy_shape::version(&own.row, *number, version)))
                    .collect()
            }
            Managed::Service(_) => vec![(1, policy_shape::service_version())],
        };
        // Positions grow along the list, which counts down.
        let position = |(number, _): &(u32, PolicyVersion)| format!("{:010}", u32::MAX - number);
        let account = request.caller.account;
        let (versions, marker) = paging::page(page, env.keyring, account, &op.scope(), versions, position);
        Ok(Decision::answer(ListPolicyVersionsResponse {
            versions: Some(versions.into_iter().map(|(_, version)| version).collect()),
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

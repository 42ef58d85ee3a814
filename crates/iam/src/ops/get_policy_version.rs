//! GetPolicyVersion: a version of a managed policy, with its document.

use super::policy_shape;
use crate::error::IamError;
use crate::policies::{self, Managed, ManagedPolicy};
use crate::service::Iam;
use crate::versions;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{GetPolicyVersionRequest, GetPolicyVersionResponse, operations};
use keywright_policy::ConditionValue;

pub struct GetPolicyVersion {
    arn: String,
    version: String,
}

impl Operation for GetPolicyVersion {
    type Service = Iam;
    type Input = GetPolicyVersionRequest;
    type Output = GetPolicyVersionResponse;
    type Facts = ManagedPolicy;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_POLICY_VERSION;
    const READ_ONLY: bool = true;

    fn parse(input: GetPolicyVersionRequest, _service: &Iam) -> Result<Self, IamError> {
        policies::check_arn(&input.policy_arn)?;
        Ok(Self { arn: input.policy_arn, version: input.version_id })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<ManagedPolicy, IamError> {
        ManagedPolicy::find(view, request, &self.arn).await
    }

    fn checks(&self, facts: &ManagedPolicy, _request: &RequestContext) -> Checks {
        [facts.check("iam:GetPolicyVersion")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a ManagedPolicy,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.condition(name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &ManagedPolicy,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let shown = match facts.get()? {
            Managed::Own(own) => {
                let (number, version) = versions::get(&own.row, &op.version)?;
                policy_shape::with_document(
                    policy_shape::version(&own.row, number, version),
                    &version.document,
                )
            }
            Managed::Service(policy) if op.version == versions::id(1) => {
                policy_shape::with_document(policy_shape::service_version(), policy.document)
            }
            Managed::Service(_) => return Err(versions::no_such(&op.arn, &op.version)),
        };
        Ok(Decision::answer(GetPolicyVersionResponse { policy_version: Some(shown) }))
    }
}

//! SetDefaultPolicyVersion: puts another version of a managed policy in force.

use crate::error::IamError;
use crate::policies::{self, ManagedPolicy};
use crate::service::Iam;
use crate::versions;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{SetDefaultPolicyVersionRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct SetDefaultPolicyVersion {
    arn: String,
    version: String,
}

impl Operation for SetDefaultPolicyVersion {
    type Service = Iam;
    type Input = SetDefaultPolicyVersionRequest;
    type Output = ();
    type Facts = ManagedPolicy;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::SET_DEFAULT_POLICY_VERSION;
    const READ_ONLY: bool = false;

    fn parse(input: SetDefaultPolicyVersionRequest, _service: &Iam) -> Result<Self, IamError> {
        policies::check_arn(&input.policy_arn)?;
        Ok(Self { arn: input.policy_arn, version: input.version_id })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<ManagedPolicy, IamError> {
        ManagedPolicy::find(view, request, &self.arn).await
    }

    fn checks(&self, facts: &ManagedPolicy, _request: &RequestContext) -> Checks {
        [facts.check("iam:SetDefaultPolicyVersion")].into_iter().collect()
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
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let found = facts.get_own("iam:SetDefaultPolicyVersion", request)?;
        let (number, _) = versions::get(&found.row, &op.version)?;
        let mut writes = WriteSet::default();
        if number != found.row.default_version {
            let mut changed = found.row.clone();
            changed.default_version = number;
            changed.updated_at = env.now;
            writes.update(&changed, found.version);
        }
        Ok(Decision::write((), writes))
    }
}

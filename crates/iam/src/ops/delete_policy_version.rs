//! DeletePolicyVersion: removes a version of a managed policy that is not in force.

use crate::error::IamError;
use crate::policies::{self, ManagedPolicy};
use crate::service::Iam;
use crate::versions;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{DeletePolicyVersionRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct DeletePolicyVersion {
    arn: String,
    version: String,
}

impl Operation for DeletePolicyVersion {
    type Service = Iam;
    type Input = DeletePolicyVersionRequest;
    type Output = ();
    type Facts = ManagedPolicy;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DELETE_POLICY_VERSION;
    const READ_ONLY: bool = false;

    fn parse(input: DeletePolicyVersionRequest, _service: &Iam) -> Result<Self, IamError> {
        policies::check_arn(&input.policy_arn)?;
        Ok(Self { arn: input.policy_arn, version: input.version_id })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<ManagedPolicy, IamError> {
        ManagedPolicy::find(view, request, &self.arn).await
    }

    fn checks(&self, facts: &ManagedPolicy, _request: &RequestContext) -> Checks {
        [facts.check("iam:DeletePolicyVersion")].into_iter().collect()
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
        let found = facts.get_own("iam:DeletePolicyVersion", request)?;
        let (number, _) = versions::get(&found.row, &op.version)?;
        if number == found.row.default_version {
            return Err(IamError::DeleteConflict("Cannot delete the default version of a policy.".into()));
        }
        let mut changed = found.row.clone();
        changed.versions.0.remove(&number);
        changed.updated_at = env.now;
        let mut writes = WriteSet::default();
        writes.update(&changed, found.version);
        Ok(Decision::write((), writes))
    }
}

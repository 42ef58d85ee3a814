//! DeletePolicy: removes a managed policy that nobody has any more, with its one version.

use crate::error::IamError;
use crate::policies::{self, ManagedPolicy};
use crate::service::Iam;
use crate::usage::{self, Usage};
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{DeletePolicyRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct DeletePolicy {
    arn: String,
}

/// The policy, and its uses: read after it, see `usage`.
pub struct DeletePolicyFacts {
    policy: ManagedPolicy,
    usage: Usage,
}

impl Operation for DeletePolicy {
    type Service = Iam;
    type Input = DeletePolicyRequest;
    type Output = ();
    type Facts = DeletePolicyFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DELETE_POLICY;
    const READ_ONLY: bool = false;

    fn parse(input: DeletePolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        policies::check_arn(&input.policy_arn)?;
        Ok(Self { arn: input.policy_arn })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<DeletePolicyFacts, IamError> {
        let policy = ManagedPolicy::find(view, request, &self.arn).await?;
        let usage = usage::of_policy(view, request.caller.account, &self.arn).await?;
        Ok(DeletePolicyFacts { policy, usage })
    }

    fn checks(&self, facts: &DeletePolicyFacts, _request: &RequestContext) -> Checks {
        [facts.policy.check("iam:DeletePolicy")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a DeletePolicyFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.policy.condition(name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &DeletePolicyFacts,
        _env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let found = facts.policy.get_own("iam:DeletePolicy", request)?;
        if !facts.usage.is_none() {
            return Err(IamError::DeleteConflict("Cannot delete a policy attached to entities.".into()));
        }
        if found.row.versions.0.len() > 1 {
            return Err(IamError::DeleteConflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                 versions. The default version is deleted with the policy."
                    .into(),
            ));
        }
        let mut writes = WriteSet::default();
        writes.delete(found);
        Ok(Decision::write((), writes))
    }
}

//! UpdateAssumeRolePolicy: changes who may assume a role.

use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use crate::trust::{Principals, TrustPolicy};
use keywright_auth::identities::RoleRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{UpdateAssumeRolePolicyRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct UpdateAssumeRolePolicy {
    name: String,
    trust: TrustPolicy,
}

/// The role, and whom the policy names.
pub struct UpdateAssumeRolePolicyFacts {
    role: Entity<RoleRow>,
    principals: Principals,
}

impl Operation for UpdateAssumeRolePolicy {
    type Service = Iam;
    type Input = UpdateAssumeRolePolicyRequest;
    type Output = ();
    type Facts = UpdateAssumeRolePolicyFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::UPDATE_ASSUME_ROLE_POLICY;
    const READ_ONLY: bool = false;

    fn parse(input: UpdateAssumeRolePolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { name: input.role_name, trust: TrustPolicy::parse(input.policy_document)? })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<UpdateAssumeRolePolicyFacts, IamError> {
        Ok(UpdateAssumeRolePolicyFacts {
            role: entities::role(view, request, &self.name).await?,
            principals: self.trust.principals(view).await?,
        })
    }

    fn checks(&self, facts: &UpdateAssumeRolePolicyFacts, _request: &RequestContext) -> Checks {
        [facts.role.check("iam:UpdateAssumeRolePolicy")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a UpdateAssumeRolePolicyFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        entities::role_conditions(&facts.role, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &UpdateAssumeRolePolicyFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let found = facts.role.get()?;
        let mut changed = found.row.clone();
        changed.trust_policy.clone_from(&op.trust.text);
        changed.trust_pins = facts.principals.pins()?;
        let mut writes = WriteSet::default();
        writes.update(&changed, found.version);
        Ok(Decision::write((), writes))
    }
}

//! UntagRole: takes tags from a role.

use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use crate::tags;
use keywright_auth::identities::RoleRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{UntagRoleRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct UntagRole {
    name: String,
    keys: Vec<String>,
}

impl Operation for UntagRole {
    type Service = Iam;
    type Input = UntagRoleRequest;
    type Output = ();
    type Facts = Entity<RoleRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::UNTAG_ROLE;
    const READ_ONLY: bool = false;

    fn parse(input: UntagRoleRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { name: input.role_name, keys: input.tag_keys })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<Entity<RoleRow>, IamError> {
        entities::role(view, request, &self.name).await
    }

    fn checks(&self, facts: &Entity<RoleRow>, _request: &RequestContext) -> Checks {
        [facts.check("iam:UntagRole")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a Entity<RoleRow>,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match tags::requested_keys(&self.keys, name) {
            ConditionValue::Absent => entities::role_conditions(facts, name),
            found => found,
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Entity<RoleRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let found = facts.get()?;
        let mut changed = found.row.clone();
        tags::remove(&mut changed.tags, &op.keys);
        let mut writes = WriteSet::default();
        writes.update(&changed, found.version);
        Ok(Decision::write((), writes))
    }
}

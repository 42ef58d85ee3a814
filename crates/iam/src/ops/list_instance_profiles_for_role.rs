//! ListInstanceProfilesForRole: none: there are no machines here that would have a profile.

use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::paging::Paging;
use crate::service::Iam;
use keywright_auth::identities::RoleRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{
    ListInstanceProfilesForRoleRequest, ListInstanceProfilesForRoleResponse, operations,
};
use keywright_policy::ConditionValue;

pub struct ListInstanceProfilesForRole {
    role: String,
    paging: Paging,
}

impl Operation for ListInstanceProfilesForRole {
    type Service = Iam;
    type Input = ListInstanceProfilesForRoleRequest;
    type Output = ListInstanceProfilesForRoleResponse;
    type Facts = Entity<RoleRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_INSTANCE_PROFILES_FOR_ROLE;
    const READ_ONLY: bool = true;

    fn parse(input: ListInstanceProfilesForRoleRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { role: input.role_name, paging: Paging::new(input.marker, input.max_items) })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<Entity<RoleRow>, IamError> {
        // No page of this list was ever cut, so that no marker fits.
        self.paging.open(view.keyring, request.caller.account, &["ListInstanceProfilesForRole"])?;
        entities::role(view, request, &self.role).await
    }

    fn checks(&self, role: &Entity<RoleRow>, _request: &RequestContext) -> Checks {
        [role.check("iam:ListInstanceProfilesForRole")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a Entity<RoleRow>,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        entities::role_tags(facts, name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        role: &Entity<RoleRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        role.get()?;
        Ok(Decision::answer(ListInstanceProfilesForRoleResponse {
            instance_profiles: Vec::new(),
            is_truncated: Some(false),
            marker: None,
        }))
    }
}

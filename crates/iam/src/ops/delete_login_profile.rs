//! DeleteLoginProfile: a user can no longer sign in by password; its access keys stay.

use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::login_profiles;
use crate::service::Iam;
use keywright_auth::identities::UserRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{DeleteLoginProfileRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct DeleteLoginProfile {
    user: Option<String>,
}

impl Operation for DeleteLoginProfile {
    type Service = Iam;
    type Input = DeleteLoginProfileRequest;
    type Output = ();
    type Facts = Entity<UserRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DELETE_LOGIN_PROFILE;
    const READ_ONLY: bool = false;

    fn parse(input: DeleteLoginProfileRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { user: input.user_name })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<Entity<UserRow>, IamError> {
        entities::user_or_self(view, request, self.user.as_deref()).await
    }

    fn checks(&self, facts: &Entity<UserRow>, _request: &RequestContext) -> Checks {
        [facts.check("iam:DeleteLoginProfile")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a Entity<UserRow>,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        entities::user_conditions(facts, name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &Entity<UserRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let user = facts.get()?;
        if user.row.sealed_password.is_none() {
            return Err(login_profiles::none_of(&user.row.name));
        }
        let mut changed = user.row.clone();
        changed.sealed_password = None;
        changed.password_set_at = None;
        changed.password_reset_required = None;
        let mut writes = WriteSet::default();
        writes.update(&changed, user.version);
        Ok(Decision::write((), writes))
    }
}

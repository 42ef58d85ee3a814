//! GetLoginProfile: that a user has a password, and since when.

use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::login_profiles::{self, LoginProfile};
use crate::service::Iam;
use keywright_auth::identities::UserRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{GetLoginProfileRequest, GetLoginProfileResponse, operations};
use keywright_policy::ConditionValue;

pub struct GetLoginProfile {
    user: Option<String>,
}

impl Operation for GetLoginProfile {
    type Service = Iam;
    type Input = GetLoginProfileRequest;
    type Output = GetLoginProfileResponse;
    type Facts = Entity<UserRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_LOGIN_PROFILE;
    const READ_ONLY: bool = true;

    fn parse(input: GetLoginProfileRequest, _service: &Iam) -> Result<Self, IamError> {
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
        [facts.check("iam:GetLoginProfile")].into_iter().collect()
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
        env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let user = &facts.get()?.row;
        let profile =
            LoginProfile::open(user, env.keyring)?.ok_or_else(|| login_profiles::none_of(&user.name))?;
        Ok(Decision::answer(GetLoginProfileResponse { login_profile: profile.shown(user) }))
    }
}

//! GetUser: a user, or the caller itself.

use super::shapes;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use crate::uses;
use keywright_auth::identities::UserRow;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{GetUserRequest, GetUserResponse, User, operations};
use keywright_policy::ConditionValue;
use keywright_types::{Principal, Timestamp};

pub struct GetUser {
    name: Option<String>,
}

/// The user that is asked for.
pub enum GetUserFacts {
    /// The root user asks for itself: its account is all there is of it.
    Root,
    User {
        user: Box<Entity<UserRow>>,
        password_last_used: Option<Timestamp>,
    },
}

impl Operation for GetUser {
    type Service = Iam;
    type Input = GetUserRequest;
    type Output = GetUserResponse;
    type Facts = GetUserFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_USER;
    const READ_ONLY: bool = true;

    fn parse(input: GetUserRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { name: input.user_name })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<GetUserFacts, IamError> {
        if self.name.is_none() && matches!(request.caller.principal, Principal::Root { .. }) {
            return Ok(GetUserFacts::Root);
        }
        let user = entities::user_or_self(view, request, self.name.as_deref()).await?;
        let password_last_used = match user.found() {
            Some(found) => uses::last_sign_in(view, &found.row).await?,
            None => None,
        };
        Ok(GetUserFacts::User { user: Box::new(user), password_last_used })
    }

    fn checks(&self, facts: &GetUserFacts, request: &RequestContext) -> Checks {
        const ACTION: &str = "iam:GetUser";
        let check = match facts {
            GetUserFacts::Root => {
                let arn = request.caller.arn.to_string();
                Check { action: ACTION, protected: Protected::ByIdentity { arn } }
            }
            GetUserFacts::User { user, .. } => user.check(ACTION),
        };
        [check].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a GetUserFacts, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match facts {
            GetUserFacts::User { user, .. } => entities::user_tags(user, name),
            GetUserFacts::Root => ConditionValue::Absent,
        }
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &GetUserFacts,
        _env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let user = match facts {
            GetUserFacts::Root => User {
                path: "/".to_owned(),
                user_name: String::new(),
                user_id: request.caller.account.to_string(),
                arn: request.caller.arn.to_string(),
                create_date: request.caller.rights.created_at,
                password_last_used: None,
                permissions_boundary: None,
                tags: None,
            },
            GetUserFacts::User { user, password_last_used } => {
                shapes::user(&user.get()?.row, *password_last_used)
            }
        };
        Ok(Decision::answer(GetUserResponse { user }))
    }
}

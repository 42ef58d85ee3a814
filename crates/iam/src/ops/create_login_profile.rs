//! CreateLoginProfile: a user's first password.

use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::login_profiles::LoginProfile;
use crate::new_passwords::{NewPassword, Rules};
use crate::service::Iam;
use keywright_auth::identities::UserRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{CreateLoginProfileRequest, CreateLoginProfileResponse, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;
use keywright_types::SecretText;
use std::sync::Arc;

pub struct CreateLoginProfile {
    user: Option<String>,
    password: Arc<SecretText>,
    reset_required: bool,
    max_session_seconds: Option<i32>,
}

/// The user, and what the account's rules make of the password.
pub struct CreateLoginProfileFacts {
    user: Entity<UserRow>,
    rules: Rules,
    password: Option<NewPassword>,
}

impl Operation for CreateLoginProfile {
    type Service = Iam;
    type Input = CreateLoginProfileRequest;
    type Output = CreateLoginProfileResponse;
    type Facts = CreateLoginProfileFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::CREATE_LOGIN_PROFILE;
    const READ_ONLY: bool = false;

    fn parse(input: CreateLoginProfileRequest, _service: &Iam) -> Result<Self, IamError> {
        let password = input.password.ok_or_else(|| {
            IamError::validation("A password is required unless the session is one of AssumeRoot.")
        })?;
        Ok(Self {
            user: input.user_name,
            password: Arc::new(password),
            reset_required: input.password_reset_required.unwrap_or(false),
            max_session_seconds: input.max_signin_session_duration,
        })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<CreateLoginProfileFacts, IamError> {
        let user = entities::user_or_self(view, request, self.user.as_deref()).await?;
        let rules = Rules::find(view, request).await?;
        // Nothing is hashed for a user who gets no password.
        let wanted = user.found().is_some_and(|found| found.row.sealed_password.is_none());
        let password = if wanted { Some(rules.judge(view, &self.password, None).await?) } else { None };
        Ok(CreateLoginProfileFacts { user, rules, password })
    }

    fn checks(&self, facts: &CreateLoginProfileFacts, _request: &RequestContext) -> Checks {
        [facts.user.check("iam:CreateLoginProfile")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a CreateLoginProfileFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        entities::user_conditions(&facts.user, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &CreateLoginProfileFacts,
        env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let user = facts.user.get()?;
        let Some(password) = &facts.password else {
            return Err(IamError::EntityAlreadyExists {
                message: format!("Login Profile for user {} already exists.", user.row.name),
            });
        };
        let profile = LoginProfile::new(password.get()?, op.max_session_seconds, env.now);
        let mut changed = user.row.clone();
        profile.write(&mut changed, env.keyring, env.rng);
        changed.password_set_at = Some(env.now);
        changed.password_reset_required = Some(op.reset_required);
        let mut writes = WriteSet::default();
        writes.update(&changed, user.version);
        facts.rules.rely_on(&mut writes);
        Ok(Decision::write(CreateLoginProfileResponse { login_profile: profile.shown(&changed) }, writes))
    }
}

//! UpdateLoginProfile: another password for a user, or another rule for its sessions.

use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::login_profiles::{self, LoginProfile};
use crate::new_passwords::{NewPassword, Rules};
use crate::service::Iam;
use keywright_auth::identities::UserRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{UpdateLoginProfileRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;
use keywright_types::SecretText;
use std::sync::Arc;

pub struct UpdateLoginProfile {
    user: String,
    password: Option<Arc<SecretText>>,
    reset_required: Option<bool>,
    session: SessionRule,
}

/// What becomes of the longest time that a session of the console may last.
enum SessionRule {
    Keep,
    Set(i32),
    Clear,
}

/// The user with its profile, and what the account's rules make of the password.
pub struct UpdateLoginProfileFacts {
    user: Entity<UserRow>,
    profile: Option<LoginProfile>,
    rules: Rules,
    password: Option<NewPassword>,
}

impl Operation for UpdateLoginProfile {
    type Service = Iam;
    type Input = UpdateLoginProfileRequest;
    type Output = ();
    type Facts = UpdateLoginProfileFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::UPDATE_LOGIN_PROFILE;
    const READ_ONLY: bool = false;

    fn parse(input: UpdateLoginProfileRequest, _service: &Iam) -> Result<Self, IamError> {
        let session = match (input.max_signin_session_duration, input.reset_max_signin_session_duration) {
            (Some(_), Some(true)) => {
                return Err(IamError::InvalidInput {
                    message: "MaxSigninSessionDuration cannot be set and reset in one request.".to_owned(),
                });
            }
            (Some(seconds), _) => SessionRule::Set(seconds),
            (None, Some(true)) => SessionRule::Clear,
            (None, _) => SessionRule::Keep,
        };
        Ok(Self {
            user: input.user_name,
            password: input.password.map(Arc::new),
            reset_required: input.password_reset_required,
            session,
        })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<UpdateLoginProfileFacts, IamError> {
        let user = entities::user(view, request, &self.user).await?;
        let rules = Rules::find(view, request).await?;
        let profile = match user.found() {
            Some(found) => LoginProfile::open(&found.row, view.keyring)?,
            None => None,
        };
        let password = match (&self.password, &profile) {
            (Some(password), Some(profile)) => Some(rules.judge(view, password, Some(profile)).await?),
            _ => None,
        };
        Ok(UpdateLoginProfileFacts { user, profile, rules, password })
    }

    fn checks(&self, facts: &UpdateLoginProfileFacts, _request: &RequestContext) -> Checks {
        [facts.user.check("iam:UpdateLoginProfile")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a UpdateLoginProfileFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        entities::user_conditions(&facts.user, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &UpdateLoginProfileFacts,
        env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let user = facts.user.get()?;
        let mut profile = facts.profile.clone().ok_or_else(|| login_profiles::none_of(&user.row.name))?;
        let mut changed = user.row.clone();
        if let Some(password) = &facts.password {
            profile.replace(password.get()?);
            changed.password_set_at = Some(env.now);
        }
        match op.session {
            SessionRule::Keep => {}
            SessionRule::Set(seconds) => profile.max_session_seconds = Some(seconds),
            SessionRule::Clear => profile.max_session_seconds = None,
        }
        if let Some(required) = op.reset_required {
            changed.password_reset_required = Some(required);
        }
        profile.write(&mut changed, env.keyring, env.rng);
        let mut writes = WriteSet::default();
        writes.update(&changed, user.version);
        facts.rules.rely_on(&mut writes);
        Ok(Decision::write((), writes))
    }
}

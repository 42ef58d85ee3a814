//! ChangePassword: a user gives itself another password, by showing the present one.

use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::login_profiles::{self, LoginProfile};
use crate::new_passwords::{NewPassword, Rules};
use crate::passwords::Tries;
use crate::service::Iam;
use keywright_auth::identities::UserRow;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, Rule, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ChangePasswordRequest, operations};
use keywright_policy::{ConditionValue, Document, Kind};
use keywright_store::WriteSet;
use keywright_types::{Principal, SecretText};
use std::sync::Arc;

pub struct ChangePassword {
    old: Arc<SecretText>,
    new: Arc<SecretText>,
}

/// The caller with its profile, whether the old password is right, and what the account's rules make of the new one.
pub struct ChangePasswordFacts {
    rules: Rules,
    /// None when the caller is no user.
    user: Option<Entity<UserRow>>,
    profile: Option<LoginProfile>,
    /// None when the old password is wrong, or there is none.
    password: Option<NewPassword>,
}

impl ChangePasswordFacts {
    /// Whether the account lets every user change its own password, whatever its policies do not say.
    fn is_free(&self) -> bool {
        self.rules.policy.as_ref().is_some_and(|policy| policy.users_may_change)
    }
}

impl Operation for ChangePassword {
    type Service = Iam;
    type Input = ChangePasswordRequest;
    type Output = ();
    type Facts = ChangePasswordFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::CHANGE_PASSWORD;
    const READ_ONLY: bool = false;

    fn parse(input: ChangePasswordRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { old: Arc::new(input.old_password), new: Arc::new(input.new_password) })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<ChangePasswordFacts, IamError> {
        let rules = Rules::find(view, request).await?;
        if !matches!(request.caller.principal, Principal::User { .. }) {
            return Ok(ChangePasswordFacts { rules, user: None, profile: None, password: None });
        }
        let user = entities::user_or_self(view, request, None).await?;
        let profile = match user.found() {
            Some(found) => LoginProfile::open(&found.row, view.keyring)?,
            None => None,
        };
        let password = if view.service.passwords.is_of(&self.old, profile.as_ref()).await? {
            Some(rules.judge(view, &self.new, profile.as_ref()).await?)
        } else {
            None
        };
        Ok(ChangePasswordFacts { rules, user: Some(user), profile, password })
    }

    fn checks(&self, facts: &ChangePasswordFacts, request: &RequestContext) -> Checks {
        const ACTION: &str = "iam:ChangePassword";
        let check = match &facts.user {
            None => {
                let arn = request.caller.arn.to_string();
                Check { action: ACTION, protected: Protected::ByIdentity { arn } }
            }
            // The account's leave is as a policy on the user that names the user itself: a Deny still wins.
            Some(user) if facts.is_free() => Check {
                action: ACTION,
                protected: Protected::ByPolicy {
                    arn: user.arn().into(),
                    policy: Arc::new(leave_for(user.arn())),
                    rule: Rule::Union,
                },
            },
            Some(user) => user.check(ACTION),
        };
        [check].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a ChangePasswordFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.user.as_ref().map_or(ConditionValue::Absent, |user| entities::user_conditions(user, name))
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &ChangePasswordFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let user = facts.user.as_ref().ok_or(IamError::InvalidUserType)?.get()?;
        let mut profile = facts.profile.clone().ok_or_else(|| login_profiles::none_of(&user.row.name))?;
        let (attempts, tries) = (&env.service.attempts, Tries::of(&user.row));
        let counted = tries.begin(attempts, request.request_id, env.now);
        let Some(password) = facts.password.as_ref().filter(|_| counted) else {
            return Err(IamError::AccessDenied { message: "The old password was incorrect.".to_owned() });
        };
        tries.passed(attempts);
        profile.replace(password.get()?);
        let mut changed = user.row.clone();
        changed.password_set_at = Some(env.now);
        changed.password_reset_required = Some(false);
        profile.write(&mut changed, env.keyring, env.rng);
        let mut writes = WriteSet::default();
        writes.update(&changed, user.version);
        facts.rules.rely_on(&mut writes);
        Ok(Decision::write((), writes))
    }
}

fn leave_for(user_arn: &str) -> Document {
    let policy = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": user_arn},
            "Action": "iam:ChangePassword",
            "Resource": "*",
        },
    });
    Document::parse(&policy.to_string(), Kind::Resource).expect("our own policy text is well-formed")
}

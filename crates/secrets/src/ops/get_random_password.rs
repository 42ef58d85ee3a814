//! GetRandomPassword: a password that nobody keeps.

use crate::error::SecretsError;
use crate::password::{Asked, PasswordRule};
use crate::service::Secrets;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{GetRandomPasswordRequest, GetRandomPasswordResponse, operations};

pub struct GetRandomPassword {
    rule: PasswordRule,
}

impl Operation for GetRandomPassword {
    type Service = Secrets;
    type Input = GetRandomPasswordRequest;
    type Output = GetRandomPasswordResponse;
    type Facts = ();
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::GET_RANDOM_PASSWORD;
    const READ_ONLY: bool = true;

    fn parse(input: GetRandomPasswordRequest, _service: &Secrets) -> Result<Self, SecretsError> {
        let rule = PasswordRule::parse(&Asked {
            length: input.password_length,
            exclude: input.exclude_characters,
            no_digits: input.exclude_numbers.unwrap_or(false),
            no_punctuation: input.exclude_punctuation.unwrap_or(false),
            no_upper: input.exclude_uppercase.unwrap_or(false),
            no_lower: input.exclude_lowercase.unwrap_or(false),
            with_space: input.include_space.unwrap_or(false),
            each_class: input.require_each_included_type,
        })?;
        Ok(Self { rule })
    }

    async fn facts(&self, _view: View<'_, Secrets>, _request: &RequestContext) -> Result<(), SecretsError> {
        Ok(())
    }

    fn checks(&self, (): &(), _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "secretsmanager:GetRandomPassword", protected }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        (): &(),
        env: Env<'_, Secrets>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        Ok(Decision::answer(GetRandomPasswordResponse { random_password: Some(op.rule.draw(env.rng)) }))
    }
}

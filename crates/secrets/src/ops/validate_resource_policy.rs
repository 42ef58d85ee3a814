//! ValidateResourcePolicy: would this policy be taken, does it let everybody in, does it shut the caller out?

use crate::arn::SecretRef;
use crate::condition;
use crate::error::SecretsError;
use crate::policy;
use crate::service::Secrets;
use crate::target::Target;
use keywright_auth::identities::Pins;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext,
    ServiceError as _, View, keeps_right,
};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{
    ValidateResourcePolicyRequest, ValidateResourcePolicyResponse, ValidationErrorsEntry, operations,
};
use keywright_policy::{ConditionValue, Document};
use std::sync::Arc;

pub struct ValidateResourcePolicy {
    secret: Option<SecretRef>,
    policy: Result<Arc<Document>, SecretsError>,
}

/// The secret, if one is named, and those whom the policy names.
pub struct ValidateFacts {
    target: Option<Target>,
    pins: Option<Pins>,
}

fn entry(check: &str, message: String) -> ValidationErrorsEntry {
    ValidationErrorsEntry { check_name: Some(check.to_owned()), error_message: Some(message) }
}

impl Operation for ValidateResourcePolicy {
    type Service = Secrets;
    type Input = ValidateResourcePolicyRequest;
    type Output = ValidateResourcePolicyResponse;
    type Facts = ValidateFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::VALIDATE_RESOURCE_POLICY;
    const READ_ONLY: bool = true;

    fn parse(input: ValidateResourcePolicyRequest, service: &Secrets) -> Result<Self, SecretsError> {
        let secret = input.secret_id.as_deref().map(|id| SecretRef::parse(id, &service.regions));
        Ok(Self { secret: secret.transpose()?, policy: policy::parse(&input.resource_policy) })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<ValidateFacts, SecretsError> {
        let target = match &self.secret {
            Some(secret) => Some(Target::find(view, secret, request).await?),
            None => None,
        };
        let pins = match &self.policy {
            Ok(policy) => policy::find_pins(view.store, policy).await?,
            Err(_) => None,
        };
        Ok(ValidateFacts { target, pins })
    }

    fn checks(&self, facts: &ValidateFacts, _request: &RequestContext) -> Checks {
        const ACTION: &str = "secretsmanager:ValidateResourcePolicy";
        let check = match &facts.target {
            Some(target) => target.check(ACTION),
            None => Check { action: ACTION, protected: Protected::ByIdentity { arn: "*".to_owned() } },
        };
        [check].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a ValidateFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.target.as_ref().map_or(ConditionValue::Absent, |target| target.condition(name))
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &ValidateFacts,
        _env: Env<'_, Secrets>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let secret = match &facts.target {
            Some(target) => Some(target.get()?),
            None => None,
        };
        let mut errors = Vec::new();
        match &op.policy {
            Err(fault) => {
                let text = fault.wire().message.unwrap_or_default().into_owned();
                errors.push(entry("POLICY_SYNTAX", text));
            }
            Ok(document) => {
                match &facts.pins {
                    None => errors.push(entry(
                        "POLICY_SYNTAX",
                        "This resource policy contains an unsupported principal.".to_owned(),
                    )),
                    Some(pins) => {
                        let mut pinned = Document::clone(document);
                        pinned.pin(pins);
                        let condition =
                            |name: &str| match condition::of_secret(secret.map(|secret| &**secret), name) {
                                ConditionValue::Single(value) => {
                                    ConditionValue::Single(value.into_owned().into())
                                }
                                _ => ConditionValue::Absent,
                            };
                        let arn = secret.map_or("*", |secret| &*secret.arn);
                        const ACTION: &str = "secretsmanager:PutResourcePolicy";
                        if secret.is_some() && !keeps_right(ACTION, arn, &pinned, request, &condition) {
                            errors.push(entry(
                                "CALLER_LOCKOUT",
                                "This resource policy would deny you the right to change it again."
                                    .to_owned(),
                            ));
                        }
                    }
                }
                if policy::is_public(document) {
                    errors.push(entry(
                        "BLOCK_PUBLIC_POLICY",
                        "This resource policy would allow broad access to the secret.".to_owned(),
                    ));
                }
            }
        }
        Ok(Decision::answer(ValidateResourcePolicyResponse {
            policy_validation_passed: Some(errors.is_empty()),
            validation_errors: Some(errors),
        }))
    }
}

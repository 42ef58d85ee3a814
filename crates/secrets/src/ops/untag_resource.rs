//! UntagResource: takes tags off a secret; keys that it does not have are no error.

use crate::arn::SecretRef;
use crate::error::SecretsError;
use crate::service::Secrets;
use crate::tagging;
use crate::target::Target;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{UntagResourceRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct UntagResource {
    secret: SecretRef,
    keys: Vec<String>,
}

impl Operation for UntagResource {
    type Service = Secrets;
    type Input = UntagResourceRequest;
    type Output = ();
    type Facts = Target;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::UNTAG_RESOURCE;
    const READ_ONLY: bool = false;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: UntagResourceRequest, service: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self { secret: SecretRef::parse(&input.secret_id, &service.regions)?, keys: input.tag_keys })
    }

    async fn facts(&self, view: View<'_, Secrets>, request: &RequestContext) -> Result<Target, SecretsError> {
        Target::find(view, &self.secret, request).await
    }

    fn checks(&self, facts: &Target, _request: &RequestContext) -> Checks {
        [facts.check("secretsmanager:UntagResource")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Target, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match name {
            "aws:tagkeys" => ConditionValue::Multi(self.keys.iter().map(String::as_str).collect()),
            _ => facts.condition(name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Target,
        env: Env<'_, Secrets>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.writable()?;
        let mut row = secret.row.clone();
        for key in &op.keys {
            row.tags.remove(key);
        }
        tagging::check_not_locked_out("secretsmanager:UntagResource", secret, &row.tags, request)?;
        row.changed_at = env.now;
        let mut writes = WriteSet::default();
        writes.update(&row, secret.version);
        Ok(Decision::write((), writes))
    }
}

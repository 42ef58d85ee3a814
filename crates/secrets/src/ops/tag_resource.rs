//! TagResource: adds tags to a secret, or changes their values.

use crate::arn::SecretRef;
use crate::condition::of_given_tags;
use crate::error::SecretsError;
use crate::service::Secrets;
use crate::tagging::{self, Given};
use crate::target::Target;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{TagResourceRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct TagResource {
    secret: SecretRef,
    tags: Given,
}

impl Operation for TagResource {
    type Service = Secrets;
    type Input = TagResourceRequest;
    type Output = ();
    type Facts = Target;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::TAG_RESOURCE;
    const READ_ONLY: bool = false;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: TagResourceRequest, service: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self {
            secret: SecretRef::parse(&input.secret_id, &service.regions)?,
            tags: tagging::parse(Some(input.tags))?,
        })
    }

    async fn facts(&self, view: View<'_, Secrets>, request: &RequestContext) -> Result<Target, SecretsError> {
        Target::find(view, &self.secret, request).await
    }

    fn checks(&self, facts: &Target, _request: &RequestContext) -> Checks {
        [facts.check("secretsmanager:TagResource")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Target, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match of_given_tags(&self.tags, name) {
            ConditionValue::Absent => facts.condition(name),
            given => given,
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
        tagging::add(&mut row.tags, &op.tags)?;
        tagging::check_not_locked_out("secretsmanager:TagResource", secret, &row.tags, request)?;
        row.changed_at = env.now;
        let mut writes = WriteSet::default();
        writes.update(&row, secret.version);
        Ok(Decision::write((), writes))
    }
}

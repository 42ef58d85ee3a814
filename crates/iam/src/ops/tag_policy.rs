//! TagPolicy: adds tags to a managed policy.

use super::shapes;
use crate::error::IamError;
use crate::policies::{self, ManagedPolicy};
use crate::service::Iam;
use crate::tags;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{TagPolicyRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct TagPolicy {
    arn: String,
    tags: Vec<(String, String)>,
}

impl Operation for TagPolicy {
    type Service = Iam;
    type Input = TagPolicyRequest;
    type Output = ();
    type Facts = ManagedPolicy;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::TAG_POLICY;
    const READ_ONLY: bool = false;

    fn parse(input: TagPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        policies::check_arn(&input.policy_arn)?;
        Ok(Self { arn: input.policy_arn, tags: shapes::pairs(input.tags) })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<ManagedPolicy, IamError> {
        ManagedPolicy::find(view, request, &self.arn).await
    }

    fn checks(&self, facts: &ManagedPolicy, _request: &RequestContext) -> Checks {
        [facts.check("iam:TagPolicy")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a ManagedPolicy,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match tags::requested(&self.tags, name) {
            ConditionValue::Absent => facts.condition(name),
            found => found,
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &ManagedPolicy,
        _env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let found = facts.get_own("iam:TagPolicy", request)?;
        let mut changed = found.row.clone();
        tags::add(&mut changed.tags, op.tags.iter().cloned())?;
        let mut writes = WriteSet::default();
        writes.update(&changed, found.version);
        Ok(Decision::write((), writes))
    }
}

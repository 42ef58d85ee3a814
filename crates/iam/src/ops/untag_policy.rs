//! UntagPolicy: takes tags from a managed policy.

use crate::error::IamError;
use crate::policies::{self, ManagedPolicy};
use crate::service::Iam;
use crate::tags;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{UntagPolicyRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct UntagPolicy {
    arn: String,
    keys: Vec<String>,
}

impl Operation for UntagPolicy {
    type Service = Iam;
    type Input = UntagPolicyRequest;
    type Output = ();
    type Facts = ManagedPolicy;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::UNTAG_POLICY;
    const READ_ONLY: bool = false;

    fn parse(input: UntagPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        policies::check_arn(&input.policy_arn)?;
        Ok(Self { arn: input.policy_arn, keys: input.tag_keys })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<ManagedPolicy, IamError> {
        ManagedPolicy::find(view, request, &self.arn).await
    }

    fn checks(&self, facts: &ManagedPolicy, _request: &RequestContext) -> Checks {
        [facts.check("iam:UntagPolicy")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a ManagedPolicy,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match tags::requested_keys(&self.keys, name) {
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
        let found = facts.get_own("iam:UntagPolicy", request)?;
        let mut changed = found.row.clone();
        tags::remove(&mut changed.tags, &op.keys);
        let mut writes = WriteSet::default();
        writes.update(&changed, found.version);
        Ok(Decision::write((), writes))
    }
}

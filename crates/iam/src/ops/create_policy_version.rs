//! CreatePolicyVersion: a new version of a managed policy, in force at once if asked for.

use super::policy_shape;
use crate::error::IamError;
use crate::policies::{self, ManagedPolicy};
use crate::policy_text::{self, MANAGED_MAX};
use crate::service::Iam;
use crate::versions::VERSIONS_MAX;
use keywright_auth::identities::PolicyVersion;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{CreatePolicyVersionRequest, CreatePolicyVersionResponse, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct CreatePolicyVersion {
    arn: String,
    document: String,
    set_as_default: bool,
}

impl Operation for CreatePolicyVersion {
    type Service = Iam;
    type Input = CreatePolicyVersionRequest;
    type Output = CreatePolicyVersionResponse;
    type Facts = ManagedPolicy;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::CREATE_POLICY_VERSION;
    const READ_ONLY: bool = false;

    fn parse(input: CreatePolicyVersionRequest, _service: &Iam) -> Result<Self, IamError> {
        policies::check_arn(&input.policy_arn)?;
        policy_text::check_identity(&input.policy_document)?;
        policy_text::check_size(&input.policy_document, MANAGED_MAX)?;
        Ok(Self {
            arn: input.policy_arn,
            document: input.policy_document,
            set_as_default: input.set_as_default.unwrap_or(false),
        })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<ManagedPolicy, IamError> {
        ManagedPolicy::find(view, request, &self.arn).await
    }

    fn checks(&self, facts: &ManagedPolicy, _request: &RequestContext) -> Checks {
        [facts.check("iam:CreatePolicyVersion")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a ManagedPolicy,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.condition(name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &ManagedPolicy,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let found = facts.get_own("iam:CreatePolicyVersion", request)?;
        let mut changed = found.row.clone();
        if changed.versions.0.len() >= VERSIONS_MAX {
            return Err(IamError::LimitExceeded {
                message: format!(
                    "A managed policy can have up to {VERSIONS_MAX} versions. Before you create a new version, you \
                     must delete an existing version."
                ),
            });
        }
        let number = changed.latest_version + 1;
        let version = PolicyVersion { document: op.document.clone(), created_at: env.now.as_millis() };
        changed.latest_version = number;
        changed.versions.0.insert(number, version.clone());
        changed.updated_at = env.now;
        if op.set_as_default {
            changed.default_version = number;
        }
        let mut writes = WriteSet::default();
        writes.update(&changed, found.version);
        let shown = policy_shape::version(&changed, number, &version);
        Ok(Decision::write(CreatePolicyVersionResponse { policy_version: Some(shown) }, writes))
    }
}

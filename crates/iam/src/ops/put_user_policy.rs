//! PutUserPolicy: writes an inline policy of a user.

use crate::bearers::Bearer as _;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::inline;
use crate::policy_text;
use crate::service::Iam;
use keywright_auth::identities::UserRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{PutUserPolicyRequest, operations};
use keywright_policy::ConditionValue;

pub struct PutUserPolicy {
    user: String,
    policy: String,
    document: String,
}

impl Operation for PutUserPolicy {
    type Service = Iam;
    type Input = PutUserPolicyRequest;
    type Output = ();
    type Facts = Entity<UserRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::PUT_USER_POLICY;
    const READ_ONLY: bool = false;

    fn parse(input: PutUserPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        policy_text::check_identity(&input.policy_document)?;
        Ok(Self { user: input.user_name, policy: input.policy_name, document: input.policy_document })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<Entity<UserRow>, IamError> {
        entities::user(view, request, &self.user).await
    }

    fn checks(&self, facts: &Entity<UserRow>, _request: &RequestContext) -> Checks {
        [facts.check("iam:PutUserPolicy")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a Entity<UserRow>,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        UserRow::condition(facts, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Entity<UserRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        Ok(Decision::write((), inline::put(facts, &op.policy, &op.document)?))
    }
}

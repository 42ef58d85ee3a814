//! UntagUser: takes tags of a user away.

use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use crate::tags;
use keywright_auth::identities::UserRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{UntagUserRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct UntagUser {
    name: String,
    keys: Vec<String>,
}

impl Operation for UntagUser {
    type Service = Iam;
    type Input = UntagUserRequest;
    type Output = ();
    type Facts = Entity<UserRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::UNTAG_USER;
    const READ_ONLY: bool = false;

    fn parse(input: UntagUserRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { name: input.user_name, keys: input.tag_keys })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<Entity<UserRow>, IamError> {
        entities::user(view, request, &self.name).await
    }

    fn checks(&self, user: &Entity<UserRow>, _request: &RequestContext) -> Checks {
        [user.check("iam:UntagUser")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a Entity<UserRow>,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match tags::requested_keys(&self.keys, name) {
            ConditionValue::Absent => entities::user_tags(facts, name),
            given => given,
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Entity<UserRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let user = facts.get()?;
        let mut changed = user.row.clone();
        tags::remove(&mut changed.tags, &op.keys);
        let mut writes = WriteSet::default();
        if changed.tags != user.row.tags {
            writes.update(&changed, user.version);
        }
        Ok(Decision::write((), writes))
    }
}

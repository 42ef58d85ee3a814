//! UpdateAccessKey: switches an access key off or on again.

use crate::access_keys;
use crate::error::IamError;
use crate::mfa::Owner;
use crate::service::Iam;
use keywright_auth::{
    AccessKeyRow, AccessKeyStatus, Authorised, Check, Checks, Decided, Decision, Env, Operation,
    RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{StatusType, UpdateAccessKeyRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::{Versioned, WriteSet};

pub struct UpdateAccessKey {
    user: Option<String>,
    id: String,
    status: AccessKeyStatus,
}

/// The key of that id, and whose it is said to be.
pub struct UpdateAccessKeyFacts {
    owner: Owner,
    key: Option<Versioned<AccessKeyRow>>,
}

impl Operation for UpdateAccessKey {
    type Service = Iam;
    type Input = UpdateAccessKeyRequest;
    type Output = ();
    type Facts = UpdateAccessKeyFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::UPDATE_ACCESS_KEY;
    const READ_ONLY: bool = false;

    fn parse(input: UpdateAccessKeyRequest, _service: &Iam) -> Result<Self, IamError> {
        let status = match input.status {
            StatusType::Active => AccessKeyStatus::Active,
            StatusType::Inactive => AccessKeyStatus::Inactive,
            StatusType::Expired => {
                return Err(IamError::InvalidInput {
                    message: "An access key is Active or Inactive.".to_owned(),
                });
            }
        };
        Ok(Self { user: input.user_name, id: input.access_key_id, status })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<UpdateAccessKeyFacts, IamError> {
        Ok(UpdateAccessKeyFacts {
            owner: access_keys::owner(view, request, self.user.as_deref()).await?,
            key: access_keys::find(view, request, &self.id).await?,
        })
    }

    fn checks(&self, facts: &UpdateAccessKeyFacts, _request: &RequestContext) -> Checks {
        [facts.owner.check("iam:UpdateAccessKey")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a UpdateAccessKeyFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.owner.condition(name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &UpdateAccessKeyFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = access_keys::get(facts.key.as_ref(), &facts.owner, &op.id)?;
        let mut writes = WriteSet::default();
        if key.row.status != op.status.as_str() {
            let changed = AccessKeyRow { status: op.status.as_str().to_owned(), ..key.row.clone() };
            writes.update(&changed, key.version);
        }
        Ok(Decision::write((), writes))
    }
}

//! DeleteAccessKey: takes an access key away.

use crate::access_keys;
use crate::error::IamError;
use crate::mfa::Owner;
use crate::service::Iam;
use crate::uses;
use keywright_auth::{
    AccessKeyRow, Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{DeleteAccessKeyRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::{Versioned, WriteSet};

pub struct DeleteAccessKey {
    user: Option<String>,
    id: String,
}

/// The key of that id, and whose it is said to be.
pub struct DeleteAccessKeyFacts {
    owner: Owner,
    key: Option<Versioned<AccessKeyRow>>,
}

impl Operation for DeleteAccessKey {
    type Service = Iam;
    type Input = DeleteAccessKeyRequest;
    type Output = ();
    type Facts = DeleteAccessKeyFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DELETE_ACCESS_KEY;
    const READ_ONLY: bool = false;

    fn parse(input: DeleteAccessKeyRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { user: input.user_name, id: input.access_key_id })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<DeleteAccessKeyFacts, IamError> {
        Ok(DeleteAccessKeyFacts {
            owner: access_keys::owner(view, request, self.user.as_deref()).await?,
            key: access_keys::find(view, request, &self.id).await?,
        })
    }

    fn checks(&self, facts: &DeleteAccessKeyFacts, _request: &RequestContext) -> Checks {
        [facts.owner.check("iam:DeleteAccessKey")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a DeleteAccessKeyFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.owner.condition(name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &DeleteAccessKeyFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = access_keys::get(facts.key.as_ref(), &facts.owner, &op.id)?;
        let mut writes = WriteSet::default();
        writes.delete(key);
        uses::forget(&mut writes, key.row.access_key_id.as_str());
        Ok(Decision::write((), writes))
    }
}

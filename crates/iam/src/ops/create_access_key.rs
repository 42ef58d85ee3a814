//! CreateAccessKey: a new access key; its secret is told this once.

use crate::access_keys;
use crate::error::IamError;
use crate::mfa::Owner;
use crate::quotas;
use crate::service::Iam;
use keywright_auth::{
    AccessKeyRow, Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View, new_id,
    new_secret,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{
    AccessKey, CreateAccessKeyRequest, CreateAccessKeyResponse, StatusType, operations,
};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct CreateAccessKey {
    user: Option<String>,
}

/// Whose key it will be, and how many it has.
pub struct CreateAccessKeyFacts {
    owner: Owner,
    keys: usize,
}

impl Operation for CreateAccessKey {
    type Service = Iam;
    type Input = CreateAccessKeyRequest;
    type Output = CreateAccessKeyResponse;
    type Facts = CreateAccessKeyFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::CREATE_ACCESS_KEY;
    const READ_ONLY: bool = false;

    fn parse(input: CreateAccessKeyRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { user: input.user_name })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<CreateAccessKeyFacts, IamError> {
        let owner = access_keys::owner(view, request, self.user.as_deref()).await?;
        let keys = access_keys::of(view, request, &owner).await?.len();
        Ok(CreateAccessKeyFacts { owner, keys })
    }

    fn checks(&self, facts: &CreateAccessKeyFacts, _request: &RequestContext) -> Checks {
        [facts.owner.check("iam:CreateAccessKey")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a CreateAccessKeyFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.owner.condition(name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &CreateAccessKeyFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let name = facts.owner.name()?;
        if facts.keys >= quotas::ACCESS_KEYS_PER_USER {
            return Err(IamError::quota("AccessKeysPerUser", quotas::ACCESS_KEYS_PER_USER));
        }
        let (id, secret) = (new_id("AKIA", env.rng), new_secret(env.rng));
        let owner_id = facts.owner.id()?.to_owned();
        let account = request.caller.account;
        let row = AccessKeyRow::of(owner_id, id.clone(), account, &secret, env.keyring, env.rng, env.now);
        let mut writes = WriteSet::default();
        writes.insert(&row);
        facts.owner.touch(&mut writes)?;
        let access_key = AccessKey {
            user_name: name.to_owned(),
            access_key_id: id.to_string(),
            status: StatusType::Active,
            secret_access_key: secret,
            create_date: Some(env.now),
        };
        Ok(Decision::write(CreateAccessKeyResponse { access_key }, writes))
    }
}

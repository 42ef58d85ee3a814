//! GetAccessKeyInfo: the account that an access key belongs to, whatever its state.

use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::{
    AccessKeyRow, Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext,
    ServiceError as _, View, account_of_session_key,
};
use keywright_aws::OperationModel;
use keywright_aws::sts::{GetAccessKeyInfoRequest, GetAccessKeyInfoResponse, operations};
use keywright_store::Column as _;
use keywright_types::{AccessKeyId, AccountId};

pub struct GetAccessKeyInfo {
    id: AccessKeyId,
}

impl Operation for GetAccessKeyInfo {
    type Service = Iam;
    type Input = GetAccessKeyInfoRequest;
    type Output = GetAccessKeyInfoResponse;
    /// The account, if the key is known.
    type Facts = Option<AccountId>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_ACCESS_KEY_INFO;
    const READ_ONLY: bool = true;

    fn parse(input: GetAccessKeyInfoRequest, _service: &Iam) -> Result<Self, IamError> {
        let id = AccessKeyId::parse(&input.access_key_id).map_err(|_| unknown())?;
        Ok(Self { id })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        _request: &RequestContext,
    ) -> Result<Option<AccountId>, IamError> {
        // No row keeps temporary credentials: their ids say whose they are.
        if let Some(account) = account_of_session_key(&self.id) {
            return Ok(Some(account));
        }
        let found = view.store.find::<AccessKeyRow>(&[self.id.to_value()]).await;
        Ok(found.map_err(IamError::from_store)?.map(|found| found.row.account))
    }

    fn checks(&self, _facts: &Option<AccountId>, _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "sts:GetAccessKeyInfo", protected }].into_iter().collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &Option<AccountId>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let account = facts.ok_or_else(unknown)?;
        Ok(Decision::answer(GetAccessKeyInfoResponse { account: Some(account.to_string()) }))
    }
}

fn unknown() -> IamError {
    IamError::validation("The access key ID does not exist.")
}

//! DeleteAccountAlias: takes the account's name away.

use crate::account;
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::AccountRow;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{DeleteAccountAliasRequest, operations};
use keywright_store::{Versioned, WriteSet};

pub struct DeleteAccountAlias {
    alias: String,
}

impl Operation for DeleteAccountAlias {
    type Service = Iam;
    type Input = DeleteAccountAliasRequest;
    type Output = ();
    type Facts = Versioned<AccountRow>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DELETE_ACCOUNT_ALIAS;
    const READ_ONLY: bool = false;

    fn parse(input: DeleteAccountAliasRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { alias: input.account_alias })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<Versioned<AccountRow>, IamError> {
        account::get(view, request.caller.account).await
    }

    fn checks(&self, _facts: &Versioned<AccountRow>, _request: &RequestContext) -> Checks {
        let arn = "*".to_owned();
        [Check { action: "iam:DeleteAccountAlias", protected: Protected::ByIdentity { arn } }]
            .into_iter()
            .collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Versioned<AccountRow>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        if facts.row.alias.as_deref() != Some(op.alias.as_str()) {
            return Err(IamError::NoSuchEntity {
                message: format!("The account alias with name {} cannot be found.", op.alias),
            });
        }
        let changed = AccountRow { alias: None, ..facts.row.clone() };
        let mut writes = WriteSet::default();
        writes.update(&changed, facts.version);
        Ok(Decision::write((), writes))
    }
}

//! CreateAccountAlias: gives the account a name, in the place of the one it had.

use crate::account;
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::AccountRow;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{CreateAccountAliasRequest, operations};
use keywright_store::{Versioned, WriteSet};

pub struct CreateAccountAlias {
    alias: String,
}

/// The account, and whether anybody on the server has the alias.
pub struct CreateAccountAliasFacts {
    account: Versioned<AccountRow>,
    is_taken: bool,
}

impl Operation for CreateAccountAlias {
    type Service = Iam;
    type Input = CreateAccountAliasRequest;
    type Output = ();
    type Facts = CreateAccountAliasFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::CREATE_ACCOUNT_ALIAS;
    const READ_ONLY: bool = false;

    fn parse(input: CreateAccountAliasRequest, _service: &Iam) -> Result<Self, IamError> {
        account::check_alias(&input.account_alias)?;
        Ok(Self { alias: input.account_alias })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<CreateAccountAliasFacts, IamError> {
        Ok(CreateAccountAliasFacts {
            account: account::get(view, request.caller.account).await?,
            is_taken: account::is_alias_taken(view, &self.alias).await?,
        })
    }

    fn checks(&self, _facts: &CreateAccountAliasFacts, _request: &RequestContext) -> Checks {
        let arn = "*".to_owned();
        [Check { action: "iam:CreateAccountAlias", protected: Protected::ByIdentity { arn } }]
            .into_iter()
            .collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &CreateAccountAliasFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        if facts.is_taken {
            return Err(IamError::EntityAlreadyExists {
                message: format!("The account alias {} already exists.", op.alias),
            });
        }
        let changed = AccountRow { alias: Some(op.alias.clone()), ..facts.account.row.clone() };
        let mut writes = WriteSet::default();
        writes.update(&changed, facts.account.version);
        Ok(Decision::write((), writes))
    }
}

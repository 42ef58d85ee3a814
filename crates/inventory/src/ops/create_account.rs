//! CreateAccount: another account of this server, with an access key of its root user.
//!
//! AWS has this in Organizations; here the server's first account is the one that makes others. It has no rights in
//! them afterwards, but those that their own policies give it.

use crate::Inventory;
use crate::error::InventoryError;
use keywright_auth::{
    AccessKeyRow, AccountRow, Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected,
    RequestContext, ServiceError as _, View, new_id, new_secret,
};
use keywright_aws::OperationModel;
use keywright_aws::keywright::{AccountEntry, CreateAccountRequest, CreateAccountResponse, operations};
use keywright_store::{Column as _, WriteSet};
use keywright_types::AccountId;

pub struct CreateAccount {
    id: Option<AccountId>,
}

impl Operation for CreateAccount {
    type Service = Inventory;
    type Input = CreateAccountRequest;
    type Output = CreateAccountResponse;
    /// Whether there is an account of that id.
    type Facts = bool;
    type Error = InventoryError;
    const MODEL: &'static OperationModel = &operations::CREATE_ACCOUNT;
    const READ_ONLY: bool = false;

    fn parse(input: CreateAccountRequest, _service: &Inventory) -> Result<Self, InventoryError> {
        // The model's pattern was checked: twelve digits.
        Ok(Self { id: input.account_id.and_then(|id| AccountId::parse(&id).ok()) })
    }

    async fn facts(
        &self,
        view: View<'_, Inventory>,
        request: &RequestContext,
    ) -> Result<bool, InventoryError> {
        view.service.check_home(request, "keywright:CreateAccount")?;
        let Some(id) = self.id else { return Ok(false) };
        let found = view.store.find::<AccountRow>(&[id.to_value()]).await;
        Ok(found.map_err(InventoryError::from_store)?.is_some())
    }

    fn checks(&self, _facts: &bool, _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "keywright:CreateAccount", protected }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &bool,
        env: Env<'_, Inventory>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let account = op.id.unwrap_or_else(|| AccountId::from_random(env.rng.array()));
        if *facts {
            return Err(InventoryError::AccountExists { account });
        }
        let secret = new_secret(env.rng);
        let key =
            AccessKeyRow::root(new_id("AKIA", env.rng), account, &secret, env.keyring, env.rng, env.now);
        let mut writes = WriteSet::default();
        writes.insert(&AccountRow {
            account,
            created_at: env.now,
            alias: None,
            password_policy: None,
            root_mfa_serials: None,
        });
        writes.insert(&key);
        let answer = CreateAccountResponse {
            account: AccountEntry { account_id: account.to_string(), alias: None, creation_date: env.now },
            access_key_id: key.access_key_id.to_string(),
            secret_access_key: secret,
        };
        Ok(Decision::write(answer, writes))
    }
}

//! DeleteAlias: the name is free again; the key stays.

use super::create_alias::{alias_check, customer_alias, find_alias};
use crate::alias::AliasRow;
use crate::condition;
use crate::error::{KmsError, NotFound};
use crate::service::{Kms, Resolved, local_alias};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{DeleteAliasRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::{Versioned, WriteSet};
use keywright_types::{AliasName, KeyArn};

pub struct DeleteAlias {
    name: AliasName,
}

/// The alias and the key it points at.
pub struct DeleteAliasFacts {
    alias: Option<Versioned<AliasRow>>,
    key: Option<Resolved>,
}

const ACTION: &str = "kms:DeleteAlias";

impl Operation for DeleteAlias {
    type Service = Kms;
    type Input = DeleteAliasRequest;
    type Output = ();
    type Facts = DeleteAliasFacts;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::DELETE_ALIAS;
    const READ_ONLY: bool = false;

    fn parse(input: DeleteAliasRequest, _service: &Kms) -> Result<Self, KmsError> {
        Ok(Self { name: customer_alias(&input.alias_name)? })
    }

    async fn facts(
        &self,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<DeleteAliasFacts, KmsError> {
        let alias = find_alias(view, &local_alias(&self.name, request)).await?;
        let key = match &alias {
            Some(alias) => {
                let arn = KeyArn {
                    region: alias.row.region.clone(),
                    account: alias.row.account,
                    key_id: alias.row.key_id,
                };
                let key = view.service.find_key(view, &arn).await.map_err(KmsError::from_store)?;
                Some(key.map_or(Resolved::NoKey(arn), Resolved::Key))
            }
            None => None,
        };
        Ok(DeleteAliasFacts { alias, key })
    }

    fn checks(&self, facts: &DeleteAliasFacts, request: &RequestContext) -> Checks {
        let alias = alias_check(ACTION, &local_alias(&self.name, request));
        let key = facts.key.as_ref().map(|key| key.check(ACTION));
        [Some(alias), key].into_iter().flatten().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a DeleteAliasFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.key.as_ref().map_or(ConditionValue::Absent, |key| condition::of_key(key, None, name))
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &DeleteAliasFacts,
        _env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let Some(alias) = &facts.alias else {
            return Err(KmsError::NotFound(NotFound::Alias(local_alias(&op.name, request))));
        };
        let mut writes = WriteSet::default();
        writes.delete(alias);
        if let Some(Resolved::Key(key)) = &facts.key {
            key.rename(&mut writes, |names| {
                names.remove(alias.row.name.as_str());
            });
        }
        Ok(Decision::write((), writes))
    }
}

//! CreateAlias: a name for a key.

use super::parse;
use crate::alias::{ALIASES_PER_KEY_MAX, AliasRow};
use crate::condition;
use crate::error::{KmsError, Limit};
use crate::key_state::KeyUse;
use crate::service::{Kms, Resolved, local_alias};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{CreateAliasRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::{Column as _, Versioned, WriteSet};
use keywright_types::{AliasArn, AliasName, KeyRef};
use std::sync::Arc;

pub struct CreateAlias {
    name: AliasName,
    target: KeyRef,
}

/// The target, and whether the name is taken.
pub struct CreateAliasFacts {
    target: Resolved,
    taken: Option<Versioned<AliasRow>>,
}

/// The name of an alias that a caller makes, moves or removes.
///
/// # Errors
/// ValidationException without the prefix, NotAuthorizedException for names of service-managed keys.
pub(crate) fn customer_alias(text: &str) -> Result<AliasName, KmsError> {
    let name = AliasName::parse(text).ok_or_else(|| {
        KmsError::validation(
            "Alias must start with the prefix \"alias/\". Please see \
             https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        )
    })?;
    if name.is_service_managed() { Err(KmsError::NotAuthorizedAlias) } else { Ok(name) }
}

/// The alias's own check: IAM decides it, aliases have no policy.
pub(crate) fn alias_check(action: &'static str, alias: &AliasArn) -> Check {
    Check { action, protected: Protected::ByIdentity { arn: alias.to_string() } }
}

/// The row of an alias, read past the cache: what will be relied on.
///
/// # Errors
/// The store's.
pub(crate) async fn find_alias(
    view: View<'_, Kms>,
    alias: &AliasArn,
) -> Result<Option<Versioned<AliasRow>>, KmsError> {
    view.store
        .find::<AliasRow>(&[alias.account.to_value(), alias.region.to_value(), alias.name.to_value()])
        .await
        .map_err(KmsError::from_store)
}

impl Operation for CreateAlias {
    type Service = Kms;
    type Input = CreateAliasRequest;
    type Output = ();
    type Facts = CreateAliasFacts;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::CREATE_ALIAS;
    const READ_ONLY: bool = false;

    fn parse(input: CreateAliasRequest, service: &Kms) -> Result<Self, KmsError> {
        let name = customer_alias(&input.alias_name)?;
        if name.as_str()["alias/".len()..].contains(':') {
            return Err(KmsError::InvalidAliasName);
        }
        Ok(Self { name, target: parse::key_without_alias(&input.target_key_id, service)? })
    }

    async fn facts(
        &self,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<CreateAliasFacts, KmsError> {
        let target = view.service.resolve(view, &self.target, request).await?;
        let taken = find_alias(view, &local_alias(&self.name, request)).await?;
        Ok(CreateAliasFacts { target, taken })
    }

    fn checks(&self, facts: &CreateAliasFacts, request: &RequestContext) -> Checks {
        const ACTION: &str = "kms:CreateAlias";
        [alias_check(ACTION, &local_alias(&self.name, request)), facts.target.check(ACTION)]
            .into_iter()
            .collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a CreateAliasFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        condition::of_key(&facts.target, Some(&self.target), name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &CreateAliasFacts,
        env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.target.get()?;
        key.state.allows(KeyUse::Annotate).map_err(|fault| KmsError::state(&key.arn_text, fault))?;
        let alias = local_alias(&op.name, request);
        if facts.taken.is_some() {
            return Err(KmsError::AlreadyExists { alias });
        }
        if key.alias_names.len() >= ALIASES_PER_KEY_MAX {
            return Err(KmsError::Limit(Limit::AliasesPerKey { key: Arc::clone(&key.arn_text) }));
        }
        let mut writes = WriteSet::default();
        // This also keeps a key on its way out from getting a new name.
        key.rename(&mut writes, |names| {
            names.insert(alias.name.to_string());
        });
        writes.insert(&AliasRow {
            account: alias.account,
            region: alias.region,
            name: alias.name,
            key_id: key.arn.key_id,
            created_at: env.now,
            updated_at: env.now,
        });
        Ok(Decision::write((), writes))
    }
}

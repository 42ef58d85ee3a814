//! UpdateAlias: the name points at another key, from one moment to the next.

use super::create_alias::{alias_check, customer_alias, find_alias};
use super::parse;
use crate::alias::{ALIASES_PER_KEY_MAX, AliasRow};
use crate::condition;
use crate::error::{KmsError, Limit, NotFound};
use crate::key::KeyManager;
use crate::key_state::KeyUse;
use crate::service::{Kms, Resolved, local_alias};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{UpdateAliasRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::{Versioned, WriteSet};
use keywright_types::{AliasName, KeyArn, KeyRef};
use std::sync::Arc;

pub struct UpdateAlias {
    name: AliasName,
    target: KeyRef,
}

/// The alias, the key it points at and the one it is to point at.
pub struct UpdateAliasFacts {
    alias: Option<Versioned<AliasRow>>,
    old: Option<Resolved>,
    new: Resolved,
}

const ACTION: &str = "kms:UpdateAlias";

impl Operation for UpdateAlias {
    type Service = Kms;
    type Input = UpdateAliasRequest;
    type Output = ();
    type Facts = UpdateAliasFacts;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::UPDATE_ALIAS;
    const READ_ONLY: bool = false;

    fn parse(input: UpdateAliasRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self {
            name: customer_alias(&input.alias_name)?,
            target: parse::key_without_alias(&input.target_key_id, service)?,
        })
    }

    async fn facts(
        &self,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<UpdateAliasFacts, KmsError> {
        let new = view.service.resolve(view, &self.target, request).await?;
        let alias = find_alias(view, &local_alias(&self.name, request)).await?;
        let old = match &alias {
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
        Ok(UpdateAliasFacts { alias, old, new })
    }

    fn checks(&self, facts: &UpdateAliasFacts, request: &RequestContext) -> Checks {
        let alias = alias_check(ACTION, &local_alias(&self.name, request));
        let old = facts.old.as_ref().map(|old| old.check(ACTION));
        [Some(alias), old, Some(facts.new.check(ACTION))].into_iter().flatten().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a UpdateAliasFacts,
        check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        let asked = facts
            .old
            .as_ref()
            .filter(|old| old.check(ACTION).protected.arn() == check.protected.arn())
            .unwrap_or(&facts.new);
        condition::of_key(asked, None, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &UpdateAliasFacts,
        env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let Some(alias) = &facts.alias else {
            return Err(KmsError::NotFound(NotFound::Alias(local_alias(&op.name, request))));
        };
        let key = facts.new.get()?;
        match key.manager {
            KeyManager::Customer => {}
            KeyManager::Service => {
                return Err(KmsError::validation("Aliases cannot be moved to a service-managed key."));
            }
        }
        if let Some(Resolved::Key(old)) = &facts.old
            && (old.spec.class() != key.spec.class() || old.usage != key.usage)
        {
            return Err(KmsError::validation(format!(
                "Alias {} cannot be updated: the current and the new key must both be symmetric, both asymmetric or both \
                 HMAC keys, and have the same key usage.",
                op.name
            )));
        }
        key.state.allows(KeyUse::Annotate).map_err(|fault| KmsError::state(&key.arn_text, fault))?;
        if alias.row.key_id != key.arn.key_id && key.alias_names.len() >= ALIASES_PER_KEY_MAX {
            return Err(KmsError::Limit(Limit::AliasesPerKey { key: Arc::clone(&key.arn_text) }));
        }
        let mut moved = alias.row.clone();
        moved.key_id = key.arn.key_id;
        moved.updated_at = env.now;
        let mut writes = WriteSet::default();
        writes.update(&moved, alias.version);
        let name = alias.row.name.as_str();
        match &facts.old {
            Some(Resolved::Key(old)) if old.arn == key.arn => writes.expect(&key.to_row(), key.version),
            old => {
                if let Some(Resolved::Key(old)) = old {
                    old.rename(&mut writes, |names| {
                        names.remove(name);
                    });
                }
                key.rename(&mut writes, |names| {
                    names.insert(name.to_owned());
                });
            }
        }
        Ok(Decision::write((), writes))
    }
}

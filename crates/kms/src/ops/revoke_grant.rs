//! RevokeGrant: takes a grant away, by an ordinary right on the key.

use super::parse;
use crate::condition;
use crate::error::{KmsError, NotFound};
use crate::grant::{Grant, GrantId, grant_id};
use crate::service::{Kms, Resolved, find_grant};
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{RevokeGrantRequest, operations};
use keywright_policy::ConditionValue;
use keywright_types::KeyRef;

pub struct RevokeGrant {
    key: KeyRef,
    grant: GrantId,
    dry_run: bool,
}

/// The key and the grant on it.
pub struct RevokeGrantFacts {
    key: Resolved,
    grant: Option<Grant>,
    for_service: bool,
}

impl Operation for RevokeGrant {
    type Service = Kms;
    type Input = RevokeGrantRequest;
    type Output = ();
    type Facts = RevokeGrantFacts;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::REVOKE_GRANT;
    const READ_ONLY: bool = false;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: RevokeGrantRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self {
            key: parse::key_without_alias(&input.key_id, service)?,
            grant: grant_id(&input.grant_id)?,
            dry_run: input.dry_run.unwrap_or(false),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<RevokeGrantFacts, KmsError> {
        let key = view.service.resolve(view, &self.key, request).await?;
        let grant = match &key {
            Resolved::Key(key) => find_grant(view.store, &key.arn, self.grant).await?,
            Resolved::NoKey(_) | Resolved::NoAlias(_) => None,
        };
        Ok(RevokeGrantFacts { key, grant, for_service: request.via.is_some() })
    }

    fn checks(&self, facts: &RevokeGrantFacts, _request: &RequestContext) -> Checks {
        [facts.key.check("kms:RevokeGrant")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a RevokeGrantFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match name {
            "kms:grantisforawsresource" => ConditionValue::Bool(facts.for_service),
            _ => condition::of_key(&facts.key, Some(&self.key), name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &RevokeGrantFacts,
        _env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        facts.key.get()?;
        let grant = facts.grant.as_ref().ok_or(KmsError::NotFound(NotFound::Grant(op.grant)))?;
        if op.dry_run {
            return Err(KmsError::DryRun);
        }
        Ok(Decision::write((), grant.end()))
    }
}

//! RetireGrant: ends a grant by leave of the grant itself: its retiring principal, its grantee if it lists RetireGrant,
//! and the account that issued it, with those to whom that account's policies give the right.

use super::parse;
use crate::condition;
use crate::error::{KmsError, NotFound};
use crate::grant::{Grant, GrantId, GrantToken, Standing, grant_id};
use crate::service::{Kms, Resolved, find_grant};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, Rule, View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{GrantOperation, RetireGrantRequest, operations};
use keywright_policy::{ConditionValue, Grant as Granted};
use keywright_types::KeyRef;
use std::sync::Arc;

/// How the caller names the grant.
enum Named {
    ByToken(String),
    ById { key: KeyRef, grant: GrantId },
}

pub struct RetireGrant {
    named: Named,
    dry_run: bool,
}

/// The key and the grant on it.
pub struct RetireGrantFacts {
    key: Resolved,
    id: GrantId,
    grant: Option<Grant>,
}

const ACTION: &str = "kms:RetireGrant";

impl Operation for RetireGrant {
    type Service = Kms;
    type Input = RetireGrantRequest;
    type Output = ();
    type Facts = RetireGrantFacts;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::RETIRE_GRANT;
    const READ_ONLY: bool = false;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: RetireGrantRequest, service: &Kms) -> Result<Self, KmsError> {
        let named = match (input.grant_token, input.key_id, input.grant_id) {
            (Some(token), None, None) => Named::ByToken(token),
            (None, Some(key), Some(grant)) => {
                Named::ById { key: parse::key_without_alias(&key, service)?, grant: grant_id(&grant)? }
            }
            _ => {
                return Err(KmsError::validation(
                    "You must specify either a GrantToken, or both a KeyId and a GrantId.",
                ));
            }
        };
        Ok(Self { named, dry_run: input.dry_run.unwrap_or(false) })
    }

    async fn facts(
        &self,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<RetireGrantFacts, KmsError> {
        let (key, id) = match &self.named {
            Named::ByToken(token) => {
                let token = GrantToken::open(view.keyring, token)?;
                let key = view.service.resolve(view, &KeyRef::Arn(token.key), request).await?;
                (key, token.id)
            }
            Named::ById { key, grant } => (view.service.resolve(view, key, request).await?, *grant),
        };
        let grant = match &key {
            Resolved::Key(key) => find_grant(view.store, &key.arn, id).await?,
            Resolved::NoKey(_) | Resolved::NoAlias(_) => None,
        };
        match (&self.named, &grant) {
            // Whoever has a token was told of the grant, and may be told that it is gone.
            (Named::ByToken(_), None) => Err(KmsError::InvalidGrantToken),
            _ => Ok(RetireGrantFacts { key, id, grant }),
        }
    }

    fn checks(&self, facts: &RetireGrantFacts, _request: &RequestContext) -> Checks {
        let protected = match (&facts.key, &facts.grant) {
            (Resolved::Key(key), Some(_)) => {
                let (arn, policy) = (Arc::clone(&key.arn_text), Arc::clone(&key.policy));
                Protected::ByPolicy { arn, policy, rule: Rule::GrantAlone }
            }
            // There is nobody whom the grant could name: only the key's own account may know that there is none.
            (Resolved::Key(key), None) => Protected::Absent { arn: key.arn_text.to_string() },
            (absent, _) => return [absent.check(ACTION)].into_iter().collect(),
        };
        [Check { action: ACTION, protected }].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a RetireGrantFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        condition::of_key(&facts.key, None, name)
    }

    async fn granted(
        &self,
        facts: &RetireGrantFacts,
        _check: &Check,
        _view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<Granted, KmsError> {
        let Some(grant) = &facts.grant else { return Ok(Granted::None) };
        let caller = &request.caller;
        let retiring = grant.retiring.as_ref();
        let grantee = grant.operations.contains(GrantOperation::RetireGrant).then_some(&grant.grantee);
        let named =
            [retiring, grantee].into_iter().flatten().filter_map(|party| party.standing(&caller.principal));
        let issuing = (grant.issuing_account == caller.account).then_some(Standing::OfAccount);
        Ok(named.chain(issuing).min().map_or(Granted::None, Granted::from))
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &RetireGrantFacts,
        _env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        facts.key.get()?;
        let grant = facts.grant.as_ref().ok_or(KmsError::NotFound(NotFound::Grant(facts.id)))?;
        if op.dry_run {
            return Err(KmsError::DryRun);
        }
        Ok(Decision::write((), grant.end()))
    }
}

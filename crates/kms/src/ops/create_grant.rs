//! CreateGrant: gives a principal a right on a key, beside what the key's policy says.
//!
//! Allowed by a policy, it may give any right that fits the key, also one that the caller has not. Allowed by a grant, it
//! gives no more than that grant does: see [`crate::grant::Asked::Create`].

use super::parse;
use crate::condition;
use crate::error::{KmsError, Limit};
use crate::grant::{
    Asked, Constraint, GRANTS_PER_KEY_MAX, Grant, GrantId, GrantOperations, GrantRow, GrantToken,
    GrantTokens, Party, fits,
};
use crate::key_spec::KeySpec;
use crate::key_state::KeyUse;
use crate::service::{Kms, Resolved, key_values};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{CreateGrantRequest, CreateGrantResponse, GrantOperation, operations};
use keywright_policy::{ConditionValue, Grant as Granted};
use keywright_store::{Column as _, RowVersion, WriteSet};
use keywright_types::{AccountId, KeyRef};
use std::sync::{Arc, OnceLock};

pub struct CreateGrant {
    key: KeyRef,
    grantee: String,
    retiring: Option<String>,
    operations: GrantOperations,
    constraint: Constraint,
    name: Option<String>,
    tokens: GrantTokens,
    dry_run: bool,
    /// The grantee is a service of ours, which acts for the caller now.
    to_service: bool,
}

/// The key, the principals, and the grants that are already there.
pub struct CreateGrantFacts {
    key: Resolved,
    /// Who is meant; an unknown one is told only to a caller that may give grants on the key.
    parties: Result<Parties, String>,
    /// The grant that the same request made before.
    made_before: Option<Grant>,
    is_full: bool,
    for_service: bool,
    /// The grant by whose leave this one is made, once it was needed: it must still be there at the commit.
    parent: OnceLock<Grant>,
}

struct Parties {
    grantee: Party,
    retiring: Option<Party>,
}

impl CreateGrant {
    async fn parties(&self, view: View<'_, Kms>) -> Result<Result<Parties, String>, KmsError> {
        let find = async |arn: &str| match Party::find(view.store, arn).await {
            Ok(party) => Ok(Ok(party)),
            Err(KmsError::InvalidPrincipal { arn }) => Ok(Err(arn)),
            Err(error) => Err(error),
        };
        let grantee = if self.to_service {
            Party::service(&self.grantee)
        } else {
            match find(&self.grantee).await? {
                Ok(party) => party,
                Err(unknown) => return Ok(Err(unknown)),
            }
        };
        let retiring = match &self.retiring {
            None => None,
            Some(arn) => match find(arn).await? {
                Ok(party) => Some(party),
                Err(unknown) => return Ok(Err(unknown)),
            },
        };
        Ok(Ok(Parties { grantee, retiring }))
    }

    /// A digest of all that a named grant is made of. Without a name each request makes a grant of its own.
    fn retry(&self, parties: &Parties, issuing_account: AccountId) -> Option<String> {
        let name = self.name.as_ref()?;
        let whole = serde_json::json!([
            name,
            &*parties.grantee.name,
            parties.retiring.as_ref().map(|party| &*party.name),
            self.operations.iter().map(GrantOperation::as_str).collect::<Vec<_>>(),
            self.constraint.kind(),
            self.constraint.pairs(),
            issuing_account.as_str(),
        ]);
        let digest = keywright_crypto::sha256(whole.to_string().as_bytes());
        Some(GrantId::from_bytes(digest).to_string())
    }
}

fn service_principal() -> KmsError {
    KmsError::unsupported("Grants to service principals are not supported by this release.")
}

impl Operation for CreateGrant {
    type Service = Kms;
    type Input = CreateGrantRequest;
    type Output = CreateGrantResponse;
    type Facts = CreateGrantFacts;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::CREATE_GRANT;
    const READ_ONLY: bool = false;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: CreateGrantRequest, service: &Kms) -> Result<Self, KmsError> {
        if input.retiring_service_principal.is_some() {
            return Err(service_principal());
        }
        let (grantee, to_service) = match (input.grantee_principal, input.grantee_service_principal) {
            (Some(grantee), None) => (grantee, false),
            (None, Some(service)) => (service, true),
            (Some(_), Some(_)) => return Err(service_principal()),
            (None, None) => return Err(KmsError::validation("You must specify a GranteePrincipal.")),
        };
        if input.operations.is_empty() {
            return Err(KmsError::validation("A grant must have at least one operation."));
        }
        Ok(Self {
            key: parse::key_without_alias(&input.key_id, service)?,
            grantee,
            retiring: input.retiring_principal,
            operations: input.operations.into_iter().collect(),
            constraint: Constraint::parse(input.constraints)?,
            name: input.name,
            tokens: input.grant_tokens.into(),
            dry_run: input.dry_run.unwrap_or(false),
            to_service,
        })
    }

    async fn facts(
        &self,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<CreateGrantFacts, KmsError> {
        // A service gives itself a grant, in its caller's name; nobody else can give it one.
        if self.to_service
            && request.via.is_none_or(|via| self.grantee != format!("{}.amazonaws.com", via.service()))
        {
            return Err(service_principal());
        }
        self.tokens.check(view).await?;
        let key = view.service.resolve(view, &self.key, request).await?;
        let parties = self.parties(view).await?;
        let (mut made_before, mut is_full) = (None, false);
        if let (Resolved::Key(key), Ok(parties)) = (&key, &parties) {
            let [account, region, key_id] = key_values(&key.arn);
            if let Some(retry) = self.retry(parties, request.caller.account) {
                let rows = view
                    .store
                    .select::<GrantRow>(
                        "WHERE account = $1 AND region = $2 AND key_id = $3 AND retry = $4",
                        &[account.clone(), region.clone(), key_id.clone(), retry.to_value()],
                    )
                    .await
                    .map_err(KmsError::from_store)?;
                let found = rows.into_iter().next().map(Grant::from_row);
                made_before = found.transpose().map_err(KmsError::from_store)?;
            }
            let last_place = view
                .store
                .query(
                    "grants",
                    "SELECT grant_id FROM grants WHERE account = $1 AND region = $2 AND key_id = $3 \
                     ORDER BY grant_id LIMIT 1 OFFSET $4",
                    &[account, region, key_id, (GRANTS_PER_KEY_MAX - 1).to_value()],
                )
                .await;
            is_full = !last_place.map_err(KmsError::from_store)?.is_empty();
        }
        let for_service = request.via.is_some();
        Ok(CreateGrantFacts { key, parties, made_before, is_full, for_service, parent: OnceLock::new() })
    }

    fn checks(&self, facts: &CreateGrantFacts, _request: &RequestContext) -> Checks {
        [facts.key.check("kms:CreateGrant")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a CreateGrantFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match name {
            "kms:grantconstrainttype" => self
                .constraint
                .kind()
                .map_or(ConditionValue::Absent, |kind| ConditionValue::Single(kind.into())),
            "kms:granteeprincipal" if !self.to_service => {
                ConditionValue::Single(self.grantee.as_str().into())
            }
            "kms:granteeserviceprincipal" if self.to_service => {
                ConditionValue::Single(self.grantee.as_str().into())
            }
            "kms:retiringprincipal" => self
                .retiring
                .as_deref()
                .map_or(ConditionValue::Absent, |arn| ConditionValue::Single(arn.into())),
            "kms:grantoperations" => {
                ConditionValue::Multi(self.operations.iter().map(GrantOperation::as_str).collect())
            }
            "kms:grantisforawsresource" => ConditionValue::Bool(facts.for_service),
            _ => match self.constraint.pairs().and_then(|pairs| condition::of_context(pairs, name)) {
                Some(value) => value,
                None => condition::of_key(&facts.key, Some(&self.key), name),
            },
        }
    }

    async fn granted(
        &self,
        facts: &CreateGrantFacts,
        _check: &Check,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<Granted, KmsError> {
        let Resolved::Key(key) = &facts.key else { return Ok(Granted::None) };
        let asked = Asked::Create { operations: self.operations, constraint: &self.constraint };
        let granting = view.service.find_granting(view, &key.arn, asked, request).await?;
        let Some((parent, granted)) = granting else { return Ok(Granted::None) };
        // Asked once for a check, and there is one.
        let _first = facts.parent.set(parent);
        Ok(granted)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &CreateGrantFacts,
        env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.key.get()?;
        if let Some(wrong) = op.operations.iter().find(|operation| !fits(key.spec, key.usage, *operation)) {
            return Err(KmsError::validation(format!(
                "Operation {wrong} is not supported by key spec {}.",
                key.spec.as_str()
            )));
        }
        if key.spec != KeySpec::SymmetricDefault && op.constraint.kind().is_some() {
            return Err(KmsError::validation(
                "Encryption context constraints are supported only in grants on symmetric encryption keys.",
            ));
        }
        key.state.allows(KeyUse::Grant).map_err(|fault| KmsError::state(&key.arn_text, fault))?;
        let parties = match &facts.parties {
            Ok(parties) => parties,
            Err(arn) => return Err(KmsError::InvalidPrincipal { arn: arn.clone() }),
        };
        if facts.made_before.is_none() && facts.is_full {
            return Err(KmsError::Limit(Limit::GrantsPerKey { key: Arc::clone(&key.arn_text) }));
        }
        if op.dry_run {
            return Err(KmsError::DryRun);
        }
        let mut writes = WriteSet::default();
        let id = match &facts.made_before {
            Some(grant) => grant.id,
            None => GrantId::from_bytes(env.rng.array()),
        };
        if facts.made_before.is_none() {
            let grant = Grant {
                key: key.arn.clone(),
                id,
                grantee: parties.grantee.clone(),
                retiring: parties.retiring.clone(),
                name: op.name.clone(),
                operations: op.operations,
                constraint: op.constraint.clone(),
                issuing_account: request.caller.account,
                created_at: env.now,
                retry: op.retry(parties, request.caller.account),
                version: RowVersion::FIRST,
            };
            writes.insert(&grant.to_row());
            // No grant joins a key that goes meanwhile, and none outlives the right to make it.
            writes.expect(&key.to_row(), key.version);
            if let Some(parent) = facts.parent.get() {
                writes.expect(&parent.to_row(), parent.version);
            }
        }
        let token = GrantToken { key: key.arn.clone(), grantee: Arc::clone(&parties.grantee.name), id };
        let output = CreateGrantResponse {
            grant_token: Some(token.seal(env.keyring, env.rng, env.now)),
            grant_id: Some(id.to_string()),
        };
        Ok(Decision::write(output, writes))
    }
}

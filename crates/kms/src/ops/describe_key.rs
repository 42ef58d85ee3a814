//! DescribeKey: what is known of a key. Asked for the alias of a service-managed key that does not
//! exist yet, it makes the key, as AWS does.

use super::parse;
use crate::alias::{AliasRow, predefined_service};
use crate::condition;
use crate::error::KmsError;
use crate::grant::{Asked, GrantTokens};
use crate::key::KeyManager;
use crate::key_spec::{KeySpec, KeyUsage};
use crate::new_key::{NewKey, fresh_material};
use crate::service::{Kms, Resolved, local_arn};
use crate::{key_policy, metadata};
use keywright_auth::identities::Pins;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{DescribeKeyRequest, DescribeKeyResponse, operations};
use keywright_policy::{ConditionValue, Grant};
use keywright_types::{KeyId, KeyRef};

pub struct DescribeKey {
    key: KeyRef,
    tokens: GrantTokens,
}

impl DescribeKey {
    /// The service whose managed key is to be made, if this names one of the caller's account that is missing.
    fn to_make(facts: &Resolved, request: &RequestContext) -> Option<&'static str> {
        match facts {
            Resolved::NoAlias(alias) if alias.account == request.caller.account => {
                predefined_service(&alias.name)
            }
            Resolved::Key(_) | Resolved::NoKey(_) | Resolved::NoAlias(_) => None,
        }
    }
}

impl Operation for DescribeKey {
    type Service = Kms;
    type Input = DescribeKeyRequest;
    type Output = DescribeKeyResponse;
    type Facts = Resolved;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::DESCRIBE_KEY;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: DescribeKeyRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self { key: parse::key(&input.key_id, service)?, tokens: input.grant_tokens.into() })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Resolved, KmsError> {
        self.tokens.check(view).await?;
        view.service.resolve(view, &self.key, request).await
    }

    fn checks(&self, facts: &Resolved, request: &RequestContext) -> Checks {
        let check = match Self::to_make(facts, request) {
            // The key is made with a policy that lets the account look at it.
            Some(_) => {
                Check { action: "kms:DescribeKey", protected: Protected::ByIdentity { arn: "*".to_owned() } }
            }
            None => facts.check_named("kms:DescribeKey", &self.key, request),
        };
        [check].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Resolved, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        condition::of_key(facts, Some(&self.key), name)
    }

    async fn granted(
        &self,
        facts: &Resolved,
        _check: &Check,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<Grant, KmsError> {
        view.service.granted(view, Some(facts), Asked::Look, request).await
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &Resolved,
        env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let (Resolved::NoAlias(alias), Some(service)) = (facts, Self::to_make(facts, request)) else {
            let key = facts.get()?;
            return Ok(Decision::answer(DescribeKeyResponse { key_metadata: Some(metadata::of(key)) }));
        };
        let arn = local_arn(KeyId::from_random(env.rng.array()), request);
        let policy = key_policy::service_managed_policy(&arn, service);
        let description = format!("Default key that protects my {service} data when no other key is defined");
        let new = NewKey {
            arn,
            manager: KeyManager::Service,
            spec: KeySpec::SymmetricDefault,
            usage: KeyUsage::EncryptDecrypt,
            description,
            policy,
            policy_pins: Pins::new(),
        };
        let material = fresh_material(KeySpec::SymmetricDefault, &env);
        let (mut key, mut writes) = new.make(&material, &env);
        key.alias_names.insert(alias.name.to_string());
        writes.insert(&key.to_row());
        writes.insert(&AliasRow {
            account: key.arn.account,
            region: key.arn.region.clone(),
            name: alias.name.clone(),
            key_id: key.arn.key_id,
            created_at: env.now,
            updated_at: env.now,
        });
        Ok(Decision::write(DescribeKeyResponse { key_metadata: Some(metadata::of(&key)) }, writes))
    }
}

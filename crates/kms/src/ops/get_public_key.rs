//! GetPublicKey: the public half of an asymmetric key, with what it may be used for.

use super::key_in_use::{self, KeyInUse};
use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::grant::{Asked, GrantTokens};
use crate::key_spec::{Algorithms, KeySpec};
use crate::ops::symmetric::EncryptionContext;
use crate::service::Kms;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{
    self, CustomerMasterKeySpec, GetPublicKeyRequest, GetPublicKeyResponse, GrantOperation, KeyUsageType,
    operations,
};
use keywright_policy::{ConditionValue, Grant};
use keywright_types::KeyRef;

pub struct GetPublicKey {
    key: KeyRef,
    tokens: GrantTokens,
}

impl Operation for GetPublicKey {
    type Service = Kms;
    type Input = GetPublicKeyRequest;
    type Output = GetPublicKeyResponse;
    type Facts = KeyInUse;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::GET_PUBLIC_KEY;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: GetPublicKeyRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self { key: parse::key(&input.key_id, service)?, tokens: input.grant_tokens.into() })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<KeyInUse, KmsError> {
        self.tokens.check(view).await?;
        KeyInUse::find(view, view.service.resolve(view, &self.key, request).await?).await
    }

    fn checks(&self, facts: &KeyInUse, request: &RequestContext) -> Checks {
        [facts.resolved.check_named("kms:GetPublicKey", &self.key, request)].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a KeyInUse, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        condition::of_key(&facts.resolved, Some(&self.key), name)
    }

    async fn granted(
        &self,
        facts: &KeyInUse,
        _check: &Check,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<Grant, KmsError> {
        let context = EncryptionContext::new();
        let asked = Asked::Crypto { operation: GrantOperation::GetPublicKey, context: &context };
        view.service.granted(view, Some(&facts.resolved), asked, request).await
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &KeyInUse,
        _env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.resolved.get()?;
        match key.spec {
            KeySpec::Pair(_) => {}
            KeySpec::SymmetricDefault | KeySpec::Mac(_) => {
                return Err(KmsError::unsupported(format!("{} is not an asymmetric key.", key.arn_text)));
            }
        }
        key_in_use::usable(key)?;
        let (_, material) = facts.usable()?;
        let algorithms = Algorithms::of(key.spec, key.usage);
        Ok(Decision::answer(GetPublicKeyResponse {
            key_id: Some(key.arn_text.to_string()),
            public_key: Some(material.pair()?.public_key().spki()),
            customer_master_key_spec: CustomerMasterKeySpec::parse(key.spec.as_str()),
            key_spec: kms::KeySpec::parse(key.spec.as_str()),
            key_usage: KeyUsageType::parse(key.usage.as_str()),
            encryption_algorithms: algorithms.encryption,
            signing_algorithms: algorithms.signing,
            key_agreement_algorithms: algorithms.agreement,
            encapsulation_algorithms: algorithms.encapsulation,
        }))
    }
}

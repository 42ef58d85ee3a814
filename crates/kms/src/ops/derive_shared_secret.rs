//! DeriveSharedSecret: the secret that a key's private half and a peer's public key agree on (ECDH).

use super::key_in_use::{self, KeyInUse};
use super::parse;
use crate::census::Use;
use crate::condition;
use crate::error::KmsError;
use crate::grant::{Asked, GrantTokens};
use crate::key_spec::KeyUsage;
use crate::ops::symmetric::EncryptionContext;
use crate::service::Kms;
use keywright_auth::{Authorised, Check, Checks, Decided, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{
    DeriveSharedSecretRequest, DeriveSharedSecretResponse, GrantOperation, KeyAgreementAlgorithmSpec,
    OriginType, operations,
};
use keywright_policy::{ConditionValue, Grant};
use keywright_types::KeyRef;
use std::sync::Arc;

pub struct DeriveSharedSecret {
    key: KeyRef,
    algorithm: KeyAgreementAlgorithmSpec,
    peer: Arc<[u8]>,
    dry_run: bool,
    tokens: GrantTokens,
}

impl Operation for DeriveSharedSecret {
    type Service = Kms;
    type Input = DeriveSharedSecretRequest;
    type Output = DeriveSharedSecretResponse;
    type Facts = KeyInUse;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::DERIVE_SHARED_SECRET;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: DeriveSharedSecretRequest, service: &Kms) -> Result<Self, KmsError> {
        parse::no_recipient(input.recipient)?;
        Ok(Self {
            key: parse::key(&input.key_id, service)?,
            algorithm: input.key_agreement_algorithm,
            peer: input.public_key.into(),
            dry_run: input.dry_run.unwrap_or(false),
            tokens: input.grant_tokens.into(),
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<KeyInUse, KmsError> {
        self.tokens.check(view).await?;
        KeyInUse::find(view, view.service.resolve(view, &self.key, request).await?).await
    }

    fn checks(&self, facts: &KeyInUse, request: &RequestContext) -> Checks {
        [facts.resolved.check_named("kms:DeriveSharedSecret", &self.key, request)].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a KeyInUse, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match name {
            "kms:keyagreementalgorithm" => ConditionValue::Single(self.algorithm.as_str().into()),
            _ => condition::of_key(&facts.resolved, Some(&self.key), name),
        }
    }

    async fn granted(
        &self,
        facts: &KeyInUse,
        _check: &Check,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<Grant, KmsError> {
        // Constraints are on encryption contexts, which these operations have none of.
        let context = EncryptionContext::new();
        let asked = Asked::Crypto { operation: GrantOperation::DeriveSharedSecret, context: &context };
        view.service.granted(view, Some(&facts.resolved), asked, request).await
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &KeyInUse,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.resolved.get()?;
        key_in_use::check_usage(key, KeyUsage::KeyAgreement, "DeriveSharedSecret")?;
        if op.algorithm != KeyAgreementAlgorithmSpec::Ecdh {
            return Err(KmsError::WrongAlgorithm {
                algorithm: op.algorithm.as_str(),
                spec: key.spec.as_str(),
            });
        }
        let (key, material) = facts.usable(env.now)?;
        if op.dry_run {
            return Err(KmsError::DryRun);
        }
        let (arn, material, peer) = (key.arn_text.to_string(), Arc::clone(material), Arc::clone(&op.peer));
        let (algorithm, origin) = (op.algorithm, OriginType::parse(key.origin.as_str()));
        key_in_use::work(key.spec, env, move |_env| {
            let secret = material.pair()?.agree(&peer).map_err(|_| {
                KmsError::validation(
                    "The public key is not a valid DER-encoded public key of the KMS key's curve.",
                )
            })?;
            Ok(DeriveSharedSecretResponse {
                key_id: Some(arn),
                shared_secret: Some(secret),
                ciphertext_for_recipient: None,
                key_agreement_algorithm: Some(algorithm),
                key_origin: origin,
            })
        })
    }

    fn done(&self, facts: &KeyInUse, service: &Kms, request: &RequestContext) {
        if let Ok(key) = facts.resolved.get() {
            service.note_use(key, (facts.current.as_ref(), Use::Consumed), "DeriveSharedSecret", request);
        }
    }
}

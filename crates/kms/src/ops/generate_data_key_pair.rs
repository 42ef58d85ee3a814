//! GenerateDataKeyPair: a fresh key pair; its private half in clear and encrypted under a key.

use super::key_in_use::KeyInUse;
use super::parse;
use super::symmetric::{self, EncryptionContext};
use crate::census::Use;
use crate::condition::{self, Crypto};
use crate::error::KmsError;
use crate::grant::{Asked, GrantTokens};
use crate::service::Kms;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{
    DataKeyPairSpec, GenerateDataKeyPairRequest, GenerateDataKeyPairResponse, GrantOperation, operations,
};
use keywright_crypto::KeyPairSpec;
use keywright_policy::{ConditionValue, Grant};
use keywright_types::KeyRef;
use std::sync::Arc;

pub struct GenerateDataKeyPair {
    key: KeyRef,
    context: EncryptionContext,
    spec: DataKeyPairSpec,
    dry_run: bool,
    tokens: GrantTokens,
}

/// # Errors
/// UnsupportedOperationException for SM2, which AWS offers in China only.
pub(crate) fn pair_spec(spec: DataKeyPairSpec) -> Result<KeyPairSpec, KmsError> {
    KeyPairSpec::from_name(spec.as_str())
        .ok_or_else(|| KmsError::unsupported(format!("Key pair spec {} is not supported.", spec.as_str())))
}

impl Operation for GenerateDataKeyPair {
    type Service = Kms;
    type Input = GenerateDataKeyPairRequest;
    type Output = GenerateDataKeyPairResponse;
    type Facts = KeyInUse;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::GENERATE_DATA_KEY_PAIR;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: GenerateDataKeyPairRequest, service: &Kms) -> Result<Self, KmsError> {
        parse::no_recipient(input.recipient)?;
        Ok(Self {
            key: parse::key(&input.key_id, service)?,
            context: input.encryption_context.unwrap_or_default(),
            spec: input.key_pair_spec,
            dry_run: input.dry_run.unwrap_or(false),
            tokens: input.grant_tokens.into(),
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<KeyInUse, KmsError> {
        self.tokens.check(view).await?;
        KeyInUse::find(view, view.service.resolve(view, &self.key, request).await?).await
    }

    fn checks(&self, facts: &KeyInUse, request: &RequestContext) -> Checks {
        [facts.resolved.check_named("kms:GenerateDataKeyPair", &self.key, request)].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a KeyInUse, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        if name == "kms:datakeypairspec" {
            return ConditionValue::Single(self.spec.as_str().into());
        }
        let crypto = Crypto {
            key_ref: Some(&self.key),
            context: &self.context,
            algorithm: None,
            re_encrypt_on_same_key: None,
        };
        condition::of_crypto(&facts.resolved, &crypto, name)
    }

    async fn granted(
        &self,
        facts: &KeyInUse,
        _check: &Check,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<Grant, KmsError> {
        let asked = Asked::Crypto { operation: GrantOperation::GenerateDataKeyPair, context: &self.context };
        view.service.granted(view, Some(&facts.resolved), asked, request).await
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &KeyInUse,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        symmetric::check_symmetric(facts.resolved.get()?, "GenerateDataKeyPair")?;
        let spec = pair_spec(op.spec)?;
        let (key, material) = facts.usable(env.now)?;
        if op.dry_run {
            return Err(KmsError::DryRun);
        }
        let (key, material, context) = (Arc::clone(key), Arc::clone(material), op.context.clone());
        let name = op.spec;
        Ok(Decision::answer_after(move |env: Env<'_, Kms>| {
            let pair = env.service.stock.take(spec);
            let private = pair.private_key_pkcs8();
            let blob = symmetric::encrypt(&key, &material, &context, private.expose(), &env)?;
            Ok(GenerateDataKeyPairResponse {
                private_key_ciphertext_blob: Some(blob),
                private_key_plaintext: Some(private),
                ciphertext_for_recipient: None,
                public_key: Some(pair.public_key().spki()),
                key_id: Some(key.arn_text.to_string()),
                key_pair_spec: Some(name),
                key_material_id: Some(material.id.to_string()),
            })
        }))
    }

    fn done(&self, facts: &KeyInUse, service: &Kms, request: &RequestContext) {
        if let Ok(key) = facts.resolved.get() {
            service.note_use(key, (facts.current.as_ref(), Use::Produced), "GenerateDataKeyPair", request);
        }
    }
}

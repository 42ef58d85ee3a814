//! Encrypt: at most 4096 bytes under a key's current backing key.

use super::cipher::Cipher;
use super::key_in_use::KeyInUse;
use super::parse;
use super::symmetric::EncryptionContext;
use crate::census::Use;
use crate::condition::{self, Crypto};
use crate::error::KmsError;
use crate::grant::{Asked, GrantTokens};
use crate::service::Kms;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{
    EncryptRequest, EncryptResponse, EncryptionAlgorithmSpec, GrantOperation, operations,
};
use keywright_policy::{ConditionValue, Grant};
use keywright_types::{KeyRef, SecretBytes};

pub struct Encrypt {
    key: KeyRef,
    plaintext: SecretBytes,
    context: EncryptionContext,
    algorithm: Option<EncryptionAlgorithmSpec>,
    dry_run: bool,
    tokens: GrantTokens,
}

impl Operation for Encrypt {
    type Service = Kms;
    type Input = EncryptRequest;
    type Output = EncryptResponse;
    type Facts = KeyInUse;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::ENCRYPT;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: EncryptRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self {
            key: parse::key(&input.key_id, service)?,
            plaintext: input.plaintext,
            context: input.encryption_context.unwrap_or_default(),
            algorithm: input.encryption_algorithm,
            dry_run: input.dry_run.unwrap_or(false),
            tokens: input.grant_tokens.into(),
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<KeyInUse, KmsError> {
        self.tokens.check(view).await?;
        KeyInUse::find(view, view.service.resolve(view, &self.key, request).await?).await
    }

    fn checks(&self, facts: &KeyInUse, request: &RequestContext) -> Checks {
        [facts.resolved.check_named("kms:Encrypt", &self.key, request)].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a KeyInUse, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        let crypto = Crypto {
            key_ref: Some(&self.key),
            context: &self.context,
            algorithm: self.algorithm,
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
        let asked = Asked::Crypto { operation: GrantOperation::Encrypt, context: &self.context };
        view.service.granted(view, Some(&facts.resolved), asked, request).await
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &KeyInUse,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let cipher = Cipher::of(facts.resolved.get()?, op.algorithm, &op.context, "Encrypt")?;
        let (key, material) = facts.usable(env.now)?;
        key.check_makes()?;
        cipher.check_size(key, op.plaintext.expose())?;
        if op.dry_run {
            return Err(KmsError::DryRun);
        }
        let blob = cipher.encrypt(key, material, &op.context, op.plaintext.expose(), &env)?;
        Ok(Decision::answer(EncryptResponse {
            ciphertext_blob: Some(blob),
            key_id: Some(key.arn_text.to_string()),
            encryption_algorithm: cipher.name(),
        }))
    }

    fn done(&self, facts: &KeyInUse, service: &Kms, request: &RequestContext) {
        if let Ok(key) = facts.resolved.get() {
            service.note_use(key, (facts.current.as_ref(), Use::Produced), "Encrypt", request);
        }
    }
}

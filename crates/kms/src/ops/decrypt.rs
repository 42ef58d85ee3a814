//! Decrypt: opens what Encrypt, ReEncrypt or GenerateDataKey made, under whichever backing key it names.

use super::cipher::{self, Cipher};
use super::symmetric::EncryptionContext;
use super::{key_in_use, parse};
use crate::census::Use;
use crate::condition::{self, Crypto};
use crate::error::KmsError;
use crate::grant::{Asked, GrantTokens};
use crate::sealed_blob::{Expected, SealedBlob};
use crate::service::Kms;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{
    DecryptRequest, DecryptResponse, EncryptionAlgorithmSpec, GrantOperation, operations,
};
use keywright_policy::{ConditionValue, Grant};
use keywright_types::KeyRef;

pub struct Decrypt {
    blob: Option<Vec<u8>>,
    key: Option<KeyRef>,
    context: EncryptionContext,
    algorithm: Option<EncryptionAlgorithmSpec>,
    dry_run: bool,
    tokens: GrantTokens,
}

const ACTION: &str = "kms:Decrypt";

impl Operation for Decrypt {
    type Service = Kms;
    type Input = DecryptRequest;
    type Output = DecryptResponse;
    type Facts = SealedBlob;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::DECRYPT;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: DecryptRequest, service: &Kms) -> Result<Self, KmsError> {
        parse::no_recipient(input.recipient)?;
        let dry_run = input.dry_run.unwrap_or(false);
        let ignore_ciphertext = input.dry_run_modifiers.is_some_and(|modifiers| !modifiers.is_empty());
        let key = input.key_id.as_deref().map(|text| parse::key(text, service)).transpose()?;
        let blob = parse::ciphertext(input.ciphertext_blob, dry_run, ignore_ciphertext, key.is_some())?;
        Ok(Self {
            blob,
            key,
            context: input.encryption_context.unwrap_or_default(),
            algorithm: input.encryption_algorithm,
            dry_run,
            tokens: input.grant_tokens.into(),
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<SealedBlob, KmsError> {
        self.tokens.check(view).await?;
        let expected = Expected { key: self.key.as_ref(), blob: self.blob.as_deref() };
        SealedBlob::find(view, expected, request).await
    }

    fn checks(&self, facts: &SealedBlob, request: &RequestContext) -> Checks {
        [facts.check(ACTION, self.key.as_ref(), request)].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a SealedBlob, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        let crypto = Crypto {
            key_ref: self.key.as_ref(),
            context: &self.context,
            algorithm: self.algorithm,
            re_encrypt_on_same_key: None,
        };
        facts.resolved().map_or(ConditionValue::Absent, |key| condition::of_crypto(key, &crypto, name))
    }

    async fn granted(
        &self,
        facts: &SealedBlob,
        _check: &Check,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<Grant, KmsError> {
        let asked = Asked::Crypto { operation: GrantOperation::Decrypt, context: &self.context };
        view.service.granted(view, facts.resolved(), asked, request).await
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &SealedBlob,
        env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.key(ACTION, request)?;
        let cipher = Cipher::of(key, op.algorithm, &op.context, "Decrypt")?;
        key.check_usable(env.now)?;
        let (arn, dry_run) = (key.arn_text.to_string(), op.dry_run);
        let Some(blob) = &op.blob else { return Err(KmsError::DryRun) };
        if let Cipher::Oaep(algorithm) = cipher {
            let (material, blob) = (facts.private_key()?, blob.clone());
            return key_in_use::work(key.spec, env, move |_env| {
                let plaintext = material.pair()?.decrypt(algorithm, &blob).map_err(cipher::opening)?;
                if dry_run {
                    return Err(KmsError::DryRun);
                }
                Ok(DecryptResponse {
                    key_id: Some(arn),
                    plaintext: Some(plaintext),
                    encryption_algorithm: cipher.name(),
                    ciphertext_for_recipient: None,
                    key_material_id: None,
                })
            });
        }
        let opened = facts.open(blob, &op.context)?;
        if dry_run {
            return Err(KmsError::DryRun);
        }
        Ok(Decision::answer(DecryptResponse {
            key_id: Some(arn),
            plaintext: Some(opened.plaintext),
            encryption_algorithm: cipher.name(),
            ciphertext_for_recipient: None,
            key_material_id: Some(opened.material_id.to_string()),
        }))
    }

    fn done(&self, facts: &SealedBlob, service: &Kms, request: &RequestContext) {
        if let Some(key) = facts.found() {
            service.note_use(key, (facts.material(), Use::Consumed), "Decrypt", request);
        }
    }
}

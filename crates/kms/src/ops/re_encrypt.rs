//! ReEncrypt: opens a blob and encrypts it anew under another key, or the same one's current backing
//! key, without the plaintext leaving.

use super::parse;
use super::symmetric::{self, EncryptionContext, Encryptor};
use crate::condition::{self, Crypto};
use crate::error::KmsError;
use crate::grant::{Asked, GrantTokens};
use crate::sealed_blob::{Expected, SealedBlob};
use crate::service::Kms;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{
    EncryptionAlgorithmSpec, GrantOperation, ReEncryptRequest, ReEncryptResponse, operations,
};
use keywright_policy::{ConditionValue, Grant};
use keywright_types::KeyRef;

pub struct ReEncrypt {
    blob: Option<Vec<u8>>,
    source_key: Option<KeyRef>,
    source_context: EncryptionContext,
    source_algorithm: Option<EncryptionAlgorithmSpec>,
    destination_key: KeyRef,
    destination_context: EncryptionContext,
    destination_algorithm: Option<EncryptionAlgorithmSpec>,
    dry_run: bool,
    tokens: GrantTokens,
}

/// The blob to open and the key to encrypt under.
pub struct ReEncryptFacts {
    source: SealedBlob,
    destination: Encryptor,
}

const FROM: &str = "kms:ReEncryptFrom";
const TO: &str = "kms:ReEncryptTo";

impl Operation for ReEncrypt {
    type Service = Kms;
    type Input = ReEncryptRequest;
    type Output = ReEncryptResponse;
    type Facts = ReEncryptFacts;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::RE_ENCRYPT;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: ReEncryptRequest, service: &Kms) -> Result<Self, KmsError> {
        let dry_run = input.dry_run.unwrap_or(false);
        let ignore_ciphertext = input.dry_run_modifiers.is_some_and(|modifiers| !modifiers.is_empty());
        let source_key = input.source_key_id.as_deref().map(|text| parse::key(text, service)).transpose()?;
        Ok(Self {
            blob: parse::ciphertext(input.ciphertext_blob, dry_run, ignore_ciphertext, source_key.is_some())?,
            source_key,
            source_context: input.source_encryption_context.unwrap_or_default(),
            source_algorithm: input.source_encryption_algorithm,
            destination_key: parse::key(&input.destination_key_id, service)?,
            destination_context: input.destination_encryption_context.unwrap_or_default(),
            destination_algorithm: input.destination_encryption_algorithm,
            dry_run,
            tokens: input.grant_tokens.into(),
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<ReEncryptFacts, KmsError> {
        self.tokens.check(view).await?;
        let expected = Expected { key: self.source_key.as_ref(), blob: self.blob.as_deref() };
        let source = SealedBlob::find(view, expected, request).await?;
        let resolved = view.service.resolve(view, &self.destination_key, request).await?;
        Ok(ReEncryptFacts { source, destination: Encryptor::find(view, resolved).await? })
    }

    fn checks(&self, facts: &ReEncryptFacts, request: &RequestContext) -> Checks {
        let from = facts.source.check(FROM, self.source_key.as_ref(), request);
        let to = facts.destination.resolved.check_named(TO, &self.destination_key, request);
        [from, to].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a ReEncryptFacts,
        check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        let same = match (facts.source.found(), facts.destination.resolved.get()) {
            (Some(source), Ok(destination)) => Some(source.arn == destination.arn),
            _ => None,
        };
        let (resolved, key_ref, context) = if check.action == FROM {
            (facts.source.resolved(), self.source_key.as_ref(), &self.source_context)
        } else {
            (Some(&facts.destination.resolved), Some(&self.destination_key), &self.destination_context)
        };
        let crypto = Crypto { key_ref, context, re_encrypt_on_same_key: same };
        resolved.map_or(ConditionValue::Absent, |key| condition::of_crypto(key, &crypto, name))
    }

    async fn granted(
        &self,
        facts: &ReEncryptFacts,
        check: &Check,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<Grant, KmsError> {
        let (resolved, operation, context) = if check.action == FROM {
            (facts.source.resolved(), GrantOperation::ReEncryptFrom, &self.source_context)
        } else {
            (Some(&facts.destination.resolved), GrantOperation::ReEncryptTo, &self.destination_context)
        };
        view.service.granted(view, resolved, Asked::Crypto { operation, context }, request).await
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &ReEncryptFacts,
        env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let source = facts.source.key(FROM, request)?;
        symmetric::check_algorithm(source, op.source_algorithm)?;
        symmetric::usable(source)?;
        symmetric::check_algorithm(facts.destination.resolved.get()?, op.destination_algorithm)?;
        let (destination, current) = facts.destination.usable()?;
        if op.dry_run && op.blob.is_none() {
            return Err(KmsError::DryRun);
        }
        let opened = facts.source.open(op.blob.as_deref().unwrap_or_default(), &op.source_context)?;
        if op.dry_run {
            return Err(KmsError::DryRun);
        }
        let blob = symmetric::encrypt(
            destination,
            current,
            &op.destination_context,
            opened.plaintext.expose(),
            &env,
        )?;
        Ok(Decision::answer(ReEncryptResponse {
            ciphertext_blob: Some(blob),
            source_key_id: Some(source.arn_text.to_string()),
            key_id: Some(destination.arn_text.to_string()),
            source_encryption_algorithm: Some(EncryptionAlgorithmSpec::SymmetricDefault),
            destination_encryption_algorithm: Some(EncryptionAlgorithmSpec::SymmetricDefault),
            source_key_material_id: Some(opened.material_id.to_string()),
            destination_key_material_id: Some(current.id.to_string()),
        }))
    }

    fn done(&self, facts: &ReEncryptFacts, service: &Kms, request: &RequestContext) {
        if let Some(source) = facts.source.found() {
            service.note_use(source, "ReEncrypt", request);
        }
        if let Ok(destination) = facts.destination.resolved.get() {
            service.note_use(destination, "ReEncrypt", request);
        }
    }
}

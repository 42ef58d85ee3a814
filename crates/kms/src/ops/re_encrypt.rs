//! ReEncrypt: opens a blob and encrypts it anew under another key, or the same one's current backing
//! key, without the plaintext leaving.

use super::cipher::{self, Cipher};
use super::key_in_use::{self, KeyInUse};
use super::parse;
use super::symmetric::EncryptionContext;
use crate::census::Use;
use crate::condition::{self, Crypto};
use crate::error::KmsError;
use crate::grant::{Asked, GrantTokens};
use crate::key::Key;
use crate::material::Material;
use crate::sealed_blob::{Expected, SealedBlob};
use crate::service::Kms;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{
    EncryptionAlgorithmSpec, GrantOperation, ReEncryptRequest, ReEncryptResponse, operations,
};
use keywright_policy::{ConditionValue, Grant};
use keywright_types::{KeyRef, MaterialId, SecretBytes};
use std::sync::Arc;

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
    destination: KeyInUse,
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
        Ok(ReEncryptFacts { source, destination: KeyInUse::find(view, resolved).await? })
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
        let from = check.action == FROM;
        let resolved = if from { facts.source.resolved() } else { Some(&facts.destination.resolved) };
        let crypto = Crypto {
            key_ref: if from { self.source_key.as_ref() } else { Some(&self.destination_key) },
            context: if from { &self.source_context } else { &self.destination_context },
            algorithm: if from { self.source_algorithm } else { self.destination_algorithm },
            re_encrypt_on_same_key: same,
        };
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
        let opening = Cipher::of(source, op.source_algorithm, &op.source_context, "ReEncrypt")?;
        source.check_usable(env.now)?;
        let destination = facts.destination.resolved.get()?;
        let sealing =
            Cipher::of(destination, op.destination_algorithm, &op.destination_context, "ReEncrypt")?;
        let (destination, current) = facts.destination.usable(env.now)?;
        destination.check_makes()?;
        let Some(blob) = &op.blob else { return Err(KmsError::DryRun) };
        let again = Again {
            opening,
            source: Arc::clone(source),
            sealing,
            destination: Arc::clone(destination),
            current: Arc::clone(current),
            context: op.destination_context.clone(),
            dry_run: op.dry_run,
        };
        match opening {
            Cipher::Symmetric => {
                let opened = facts.source.open(blob, &op.source_context)?;
                again.seal(&opened.plaintext, Some(opened.material_id), &env).map(Decision::answer)
            }
            Cipher::Oaep(algorithm) => {
                let (material, blob) = (facts.source.private_key()?, blob.clone());
                key_in_use::work(source.spec, env, move |env| {
                    let plaintext = material.pair()?.decrypt(algorithm, &blob).map_err(cipher::opening)?;
                    again.seal(&plaintext, None, env)
                })
            }
        }
    }

    fn done(&self, facts: &ReEncryptFacts, service: &Kms, request: &RequestContext) {
        if let Some(source) = facts.source.found() {
            service.note_use(source, (facts.source.material(), Use::Consumed), "ReEncrypt", request);
        }
        if let Ok(destination) = facts.destination.resolved.get() {
            service.note_use(
                destination,
                (facts.destination.current.as_ref(), Use::Produced),
                "ReEncrypt",
                request,
            );
        }
    }
}

/// What is done once the blob is open.
struct Again {
    opening: Cipher,
    source: Arc<Key>,
    sealing: Cipher,
    destination: Arc<Key>,
    current: Arc<Material>,
    context: EncryptionContext,
    dry_run: bool,
}

impl Again {
    /// # Errors
    /// DryRunOperationException if nothing else is wrong and only that was asked; as [`Cipher::encrypt`].
    fn seal(
        &self,
        plaintext: &SecretBytes,
        opened_by: Option<MaterialId>,
        env: &Env<'_, Kms>,
    ) -> Result<ReEncryptResponse, KmsError> {
        self.sealing.check_size(&self.destination, plaintext.expose())?;
        if self.dry_run {
            return Err(KmsError::DryRun);
        }
        let sealed =
            self.sealing.encrypt(&self.destination, &self.current, &self.context, plaintext.expose(), env)?;
        Ok(ReEncryptResponse {
            ciphertext_blob: Some(sealed),
            source_key_id: Some(self.source.arn_text.to_string()),
            key_id: Some(self.destination.arn_text.to_string()),
            source_encryption_algorithm: self.opening.name(),
            destination_encryption_algorithm: self.sealing.name(),
            source_key_material_id: opened_by.map(|id| id.to_string()),
            destination_key_material_id: match self.sealing {
                Cipher::Symmetric => Some(self.current.id.to_string()),
                Cipher::Oaep(_) => None,
            },
        })
    }
}

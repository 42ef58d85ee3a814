//! GenerateDataKey: a fresh data key, in clear and encrypted under a key.

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
    DataKeySpec, GenerateDataKeyRequest, GenerateDataKeyResponse, GrantOperation, operations,
};
use keywright_policy::{ConditionValue, Grant};
use keywright_types::{KeyRef, Rng, SecretBytes};

pub struct GenerateDataKey {
    key: KeyRef,
    context: EncryptionContext,
    length: usize,
    dry_run: bool,
    tokens: GrantTokens,
}

/// The length of a data key in bytes: exactly one of the two members says it.
///
/// # Errors
/// ValidationException for none or both.
pub(crate) fn data_key_length(
    spec: Option<DataKeySpec>,
    number_of_bytes: Option<i32>,
) -> Result<usize, KmsError> {
    match (spec, number_of_bytes) {
        (Some(DataKeySpec::Aes128), None) => Ok(16),
        (Some(DataKeySpec::Aes256), None) => Ok(32),
        // The model bounds it to 1..=1024.
        (None, Some(bytes)) => Ok(usize::try_from(bytes).unwrap_or_default()),
        (None, None) | (Some(_), Some(_)) => {
            Err(KmsError::validation("Please specify either number of bytes or key spec."))
        }
    }
}

/// Random bytes that are a secret.
pub(crate) fn random_secret(length: usize, rng: &dyn Rng) -> SecretBytes {
    let mut bytes = vec![0; length];
    rng.fill(&mut bytes);
    SecretBytes::new(bytes)
}

impl Operation for GenerateDataKey {
    type Service = Kms;
    type Input = GenerateDataKeyRequest;
    type Output = GenerateDataKeyResponse;
    type Facts = KeyInUse;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::GENERATE_DATA_KEY;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: GenerateDataKeyRequest, service: &Kms) -> Result<Self, KmsError> {
        parse::no_recipient(input.recipient)?;
        Ok(Self {
            length: data_key_length(input.key_spec, input.number_of_bytes)?,
            key: parse::key(&input.key_id, service)?,
            context: input.encryption_context.unwrap_or_default(),
            dry_run: input.dry_run.unwrap_or(false),
            tokens: input.grant_tokens.into(),
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<KeyInUse, KmsError> {
        self.tokens.check(view).await?;
        KeyInUse::find(view, view.service.resolve(view, &self.key, request).await?).await
    }

    fn checks(&self, facts: &KeyInUse, request: &RequestContext) -> Checks {
        [facts.resolved.check_named("kms:GenerateDataKey", &self.key, request)].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a KeyInUse, _check: &'a Check, name: &str) -> ConditionValue<'a> {
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
        let asked = Asked::Crypto { operation: GrantOperation::GenerateDataKey, context: &self.context };
        view.service.granted(view, Some(&facts.resolved), asked, request).await
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &KeyInUse,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        symmetric::check_symmetric(facts.resolved.get()?, "GenerateDataKey")?;
        let (key, material) = facts.usable(env.now)?;
        if op.dry_run {
            return Err(KmsError::DryRun);
        }
        let plaintext = random_secret(op.length, env.rng);
        let blob = symmetric::encrypt(key, material, &op.context, plaintext.expose(), &env)?;
        Ok(Decision::answer(GenerateDataKeyResponse {
            ciphertext_blob: Some(blob),
            plaintext: Some(plaintext),
            key_id: Some(key.arn_text.to_string()),
            ciphertext_for_recipient: None,
            key_material_id: Some(material.id.to_string()),
        }))
    }

    fn done(&self, facts: &KeyInUse, service: &Kms, request: &RequestContext) {
        if let Ok(key) = facts.resolved.get() {
            service.note_use(key, (facts.current.as_ref(), Use::Produced), "GenerateDataKey", request);
        }
    }
}

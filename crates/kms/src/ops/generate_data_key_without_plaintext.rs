//! GenerateDataKeyWithoutPlaintext: a fresh data key, encrypted only: for those who hand it on.

use super::generate_data_key::{data_key_length, random_secret};
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
    GenerateDataKeyWithoutPlaintextRequest, GenerateDataKeyWithoutPlaintextResponse, GrantOperation,
    operations,
};
use keywright_policy::{ConditionValue, Grant};
use keywright_types::KeyRef;

pub struct GenerateDataKeyWithoutPlaintext {
    key: KeyRef,
    context: EncryptionContext,
    length: usize,
    dry_run: bool,
    tokens: GrantTokens,
}

impl Operation for GenerateDataKeyWithoutPlaintext {
    type Service = Kms;
    type Input = GenerateDataKeyWithoutPlaintextRequest;
    type Output = GenerateDataKeyWithoutPlaintextResponse;
    type Facts = KeyInUse;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::GENERATE_DATA_KEY_WITHOUT_PLAINTEXT;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: GenerateDataKeyWithoutPlaintextRequest, service: &Kms) -> Result<Self, KmsError> {
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
        [facts.resolved.check_named("kms:GenerateDataKeyWithoutPlaintext", &self.key, request)]
            .into_iter()
            .collect()
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
        let asked = Asked::Crypto {
            operation: GrantOperation::GenerateDataKeyWithoutPlaintext,
            context: &self.context,
        };
        view.service.granted(view, Some(&facts.resolved), asked, request).await
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &KeyInUse,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        symmetric::check_symmetric(facts.resolved.get()?, "GenerateDataKeyWithoutPlaintext")?;
        let (key, material) = facts.usable(env.now)?;
        if op.dry_run {
            return Err(KmsError::DryRun);
        }
        let plaintext = random_secret(op.length, env.rng);
        let blob = symmetric::encrypt(key, material, &op.context, plaintext.expose(), &env)?;
        Ok(Decision::answer(GenerateDataKeyWithoutPlaintextResponse {
            ciphertext_blob: Some(blob),
            key_id: Some(key.arn_text.to_string()),
            key_material_id: Some(material.id.to_string()),
        }))
    }

    fn done(&self, facts: &KeyInUse, service: &Kms, request: &RequestContext) {
        if let Ok(key) = facts.resolved.get() {
            service.note_use(
                key,
                (facts.current.as_ref(), Use::Produced),
                "GenerateDataKeyWithoutPlaintext",
                request,
            );
        }
    }
}

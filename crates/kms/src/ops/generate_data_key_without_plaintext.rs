//! GenerateDataKeyWithoutPlaintext: a fresh data key, encrypted only: for those who hand it on.

use super::generate_data_key::{data_key_length, random_secret};
use super::parse;
use super::symmetric::{self, EncryptionContext, Encryptor};
use crate::condition::{self, Crypto};
use crate::error::KmsError;
use crate::service::Kms;
use keywright_auth::{Authorised, Check, Checks, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{
    GenerateDataKeyWithoutPlaintextRequest, GenerateDataKeyWithoutPlaintextResponse, operations,
};
use keywright_policy::ConditionValue;
use keywright_types::KeyRef;

pub struct GenerateDataKeyWithoutPlaintext {
    key: KeyRef,
    context: EncryptionContext,
    length: usize,
    dry_run: bool,
}

impl Operation for GenerateDataKeyWithoutPlaintext {
    type Service = Kms;
    type Input = GenerateDataKeyWithoutPlaintextRequest;
    type Output = GenerateDataKeyWithoutPlaintextResponse;
    type Facts = Encryptor;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::GENERATE_DATA_KEY_WITHOUT_PLAINTEXT;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: GenerateDataKeyWithoutPlaintextRequest, service: &Kms) -> Result<Self, KmsError> {
        parse::grant_tokens(input.grant_tokens)?;
        Ok(Self {
            length: data_key_length(input.key_spec, input.number_of_bytes)?,
            key: parse::key(&input.key_id, service)?,
            context: input.encryption_context.unwrap_or_default(),
            dry_run: input.dry_run.unwrap_or(false),
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Encryptor, KmsError> {
        Encryptor::find(view, view.service.resolve(view, &self.key, request).await?).await
    }

    fn checks(&self, facts: &Encryptor, _request: &RequestContext) -> Checks {
        [facts.resolved.check("kms:GenerateDataKeyWithoutPlaintext")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Encryptor, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        let crypto =
            Crypto { key_ref: Some(&self.key), context: &self.context, re_encrypt_on_same_key: None };
        condition::of_crypto(&facts.resolved, &crypto, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Encryptor,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Result<Decision<GenerateDataKeyWithoutPlaintextResponse>, KmsError> {
        let (key, material) = facts.usable()?;
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

    fn done(&self, facts: &Encryptor, service: &Kms, request: &RequestContext) {
        if let Ok(key) = facts.resolved.get() {
            service.note_use(key, "GenerateDataKeyWithoutPlaintext", request);
        }
    }
}

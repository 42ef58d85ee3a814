//! Sign: a signature of a message, or of its digest, by a key's private half.

use super::key_in_use::{self, KeyInUse};
use super::parse;
use super::signed_message::SignedMessage;
use crate::census::Use;
use crate::condition;
use crate::error::KmsError;
use crate::grant::{Asked, GrantTokens};
use crate::key_spec::KeyUsage;
use crate::ops::symmetric::EncryptionContext;
use crate::service::Kms;
use keywright_auth::{Authorised, Check, Checks, Decided, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{GrantOperation, SignRequest, SignResponse, operations};
use keywright_policy::{ConditionValue, Grant};
use keywright_types::KeyRef;
use std::sync::Arc;

pub struct Sign {
    key: KeyRef,
    message: SignedMessage,
    dry_run: bool,
    tokens: GrantTokens,
}

impl Operation for Sign {
    type Service = Kms;
    type Input = SignRequest;
    type Output = SignResponse;
    type Facts = KeyInUse;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::SIGN;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: SignRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self {
            key: parse::key(&input.key_id, service)?,
            message: SignedMessage::new(input.message, input.message_type, input.signing_algorithm),
            dry_run: input.dry_run.unwrap_or(false),
            tokens: input.grant_tokens.into(),
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<KeyInUse, KmsError> {
        self.tokens.check(view).await?;
        KeyInUse::find(view, view.service.resolve(view, &self.key, request).await?).await
    }

    fn checks(&self, facts: &KeyInUse, request: &RequestContext) -> Checks {
        [facts.resolved.check_named("kms:Sign", &self.key, request)].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a KeyInUse, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match name {
            "kms:signingalgorithm" => ConditionValue::Single(self.message.algorithm.as_str().into()),
            "kms:messagetype" => ConditionValue::Single(self.message.message_type.as_str().into()),
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
        let asked = Asked::Crypto { operation: GrantOperation::Sign, context: &context };
        view.service.granted(view, Some(&facts.resolved), asked, request).await
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &KeyInUse,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.resolved.get()?;
        key_in_use::check_usage(key, KeyUsage::SignVerify, "Sign")?;
        let algorithm = op.message.check_algorithm(key)?;
        let (key, material) = facts.usable(env.now)?;
        key.check_makes()?;
        op.message.check_length()?;
        if op.dry_run {
            return Err(KmsError::DryRun);
        }
        let (arn, material, message) = (key.arn_text.to_string(), Arc::clone(material), op.message.clone());
        key_in_use::work(key.spec, env, move |_env| {
            let signature = material.pair()?.sign(algorithm, message.form(), message.bytes());
            Ok(SignResponse {
                key_id: Some(arn),
                signature: Some(signature.map_err(KmsError::signing)?),
                signing_algorithm: Some(message.algorithm),
            })
        })
    }

    fn done(&self, facts: &KeyInUse, service: &Kms, request: &RequestContext) {
        if let Ok(key) = facts.resolved.get() {
            service.note_use(key, (facts.current.as_ref(), Use::Produced), "Sign", request);
        }
    }
}

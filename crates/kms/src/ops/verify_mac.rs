//! VerifyMac: whether a MAC is that of a message under a key. One that is not is an error, as on AWS.

use super::key_in_use::{self, KeyInUse};
use super::parse;
use crate::census::Use;
use crate::condition;
use crate::error::KmsError;
use crate::grant::{Asked, GrantTokens};
use crate::key_spec::KeyUsage;
use crate::ops::symmetric::EncryptionContext;
use crate::service::Kms;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{GrantOperation, MacAlgorithmSpec, VerifyMacRequest, VerifyMacResponse, operations};
use keywright_policy::{ConditionValue, Grant};
use keywright_types::{KeyRef, SecretBytes};

pub struct VerifyMac {
    key: KeyRef,
    message: SecretBytes,
    algorithm: MacAlgorithmSpec,
    mac: Vec<u8>,
    dry_run: bool,
    tokens: GrantTokens,
}

impl Operation for VerifyMac {
    type Service = Kms;
    type Input = VerifyMacRequest;
    type Output = VerifyMacResponse;
    type Facts = KeyInUse;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::VERIFY_MAC;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: VerifyMacRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self {
            key: parse::key(&input.key_id, service)?,
            message: input.message,
            algorithm: input.mac_algorithm,
            mac: input.mac,
            dry_run: input.dry_run.unwrap_or(false),
            tokens: input.grant_tokens.into(),
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<KeyInUse, KmsError> {
        self.tokens.check(view).await?;
        KeyInUse::find(view, view.service.resolve(view, &self.key, request).await?).await
    }

    fn checks(&self, facts: &KeyInUse, request: &RequestContext) -> Checks {
        [facts.resolved.check_named("kms:VerifyMac", &self.key, request)].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a KeyInUse, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match name {
            "kms:macalgorithm" => ConditionValue::Single(self.algorithm.as_str().into()),
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
        let asked = Asked::Crypto { operation: GrantOperation::VerifyMac, context: &context };
        view.service.granted(view, Some(&facts.resolved), asked, request).await
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &KeyInUse,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.resolved.get()?;
        key_in_use::check_usage(key, KeyUsage::GenerateVerifyMac, "VerifyMac")?;
        super::generate_mac::check_algorithm(key, op.algorithm)?;
        let (key, material) = facts.usable(env.now)?;
        if op.dry_run {
            return Err(KmsError::DryRun);
        }
        if !material.mac()?.verify(op.message.expose(), &op.mac) {
            return Err(KmsError::InvalidMac);
        }
        Ok(Decision::answer(VerifyMacResponse {
            key_id: Some(key.arn_text.to_string()),
            mac_valid: Some(true),
            mac_algorithm: Some(op.algorithm),
        }))
    }

    fn done(&self, facts: &KeyInUse, service: &Kms, request: &RequestContext) {
        if let Ok(key) = facts.resolved.get() {
            service.note_use(key, (facts.current.as_ref(), Use::Consumed), "VerifyMac", request);
        }
    }
}

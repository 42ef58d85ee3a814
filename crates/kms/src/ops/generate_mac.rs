//! GenerateMac: the HMAC of a message under a key.

use super::key_in_use::{self, KeyInUse};
use super::parse;
use crate::census::Use;
use crate::condition;
use crate::error::KmsError;
use crate::grant::{Asked, GrantTokens};
use crate::key::Key;
use crate::key_spec::{KeySpec, KeyUsage};
use crate::ops::symmetric::EncryptionContext;
use crate::service::Kms;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{
    GenerateMacRequest, GenerateMacResponse, GrantOperation, MacAlgorithmSpec, operations,
};
use keywright_policy::{ConditionValue, Grant};
use keywright_types::{KeyRef, SecretBytes};

pub struct GenerateMac {
    key: KeyRef,
    message: SecretBytes,
    algorithm: MacAlgorithmSpec,
    dry_run: bool,
    tokens: GrantTokens,
}

/// A key has the one algorithm of its length.
///
/// # Errors
/// InvalidKeyUsageException.
pub(crate) fn check_algorithm(key: &Key, algorithm: MacAlgorithmSpec) -> Result<(), KmsError> {
    match key.spec {
        KeySpec::Mac(spec) if spec.algorithm_name() == algorithm.as_str() => Ok(()),
        other => Err(KmsError::WrongAlgorithm { algorithm: algorithm.as_str(), spec: other.as_str() }),
    }
}

impl Operation for GenerateMac {
    type Service = Kms;
    type Input = GenerateMacRequest;
    type Output = GenerateMacResponse;
    type Facts = KeyInUse;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::GENERATE_MAC;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: GenerateMacRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self {
            key: parse::key(&input.key_id, service)?,
            message: input.message,
            algorithm: input.mac_algorithm,
            dry_run: input.dry_run.unwrap_or(false),
            tokens: input.grant_tokens.into(),
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<KeyInUse, KmsError> {
        self.tokens.check(view).await?;
        KeyInUse::find(view, view.service.resolve(view, &self.key, request).await?).await
    }

    fn checks(&self, facts: &KeyInUse, request: &RequestContext) -> Checks {
        [facts.resolved.check_named("kms:GenerateMac", &self.key, request)].into_iter().collect()
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
        let asked = Asked::Crypto { operation: GrantOperation::GenerateMac, context: &context };
        view.service.granted(view, Some(&facts.resolved), asked, request).await
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &KeyInUse,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.resolved.get()?;
        key_in_use::check_usage(key, KeyUsage::GenerateVerifyMac, "GenerateMac")?;
        check_algorithm(key, op.algorithm)?;
        let (key, material) = facts.usable(env.now)?;
        key.check_makes()?;
        if op.dry_run {
            return Err(KmsError::DryRun);
        }
        Ok(Decision::answer(GenerateMacResponse {
            mac: Some(material.mac()?.mac(op.message.expose())),
            mac_algorithm: Some(op.algorithm),
            key_id: Some(key.arn_text.to_string()),
        }))
    }

    fn done(&self, facts: &KeyInUse, service: &Kms, request: &RequestContext) {
        if let Ok(key) = facts.resolved.get() {
            service.note_use(key, (facts.current.as_ref(), Use::Produced), "GenerateMac", request);
        }
    }
}

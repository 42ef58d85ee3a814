//! Encapsulate: a fresh shared secret, and its form that only the key's private half opens (ML-KEM, FIPS 203).

use super::key_in_use::{self, KeyInUse};
use super::parse;
use crate::census::Use;
use crate::condition;
use crate::error::KmsError;
use crate::grant::{Asked, GrantTokens};
use crate::key_spec::KeyUsage;
use crate::ops::symmetric::EncryptionContext;
use crate::service::Kms;
use keywright_auth::{Authorised, Check, Checks, Decided, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{
    EncapsulateRequest, EncapsulateResponse, EncapsulationAlgorithmSpec, GrantOperation, operations,
};
use keywright_policy::{ConditionValue, Grant};
use keywright_types::KeyRef;
use std::sync::Arc;

pub struct Encapsulate {
    key: KeyRef,
    algorithm: EncapsulationAlgorithmSpec,
    dry_run: bool,
    tokens: GrantTokens,
}

impl Operation for Encapsulate {
    type Service = Kms;
    type Input = EncapsulateRequest;
    type Output = EncapsulateResponse;
    type Facts = KeyInUse;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::ENCAPSULATE;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: EncapsulateRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self {
            key: parse::key(&input.key_id, service)?,
            algorithm: input.encapsulation_algorithm,
            dry_run: input.dry_run.unwrap_or(false),
            tokens: input.grant_tokens.into(),
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<KeyInUse, KmsError> {
        self.tokens.check(view).await?;
        KeyInUse::find(view, view.service.resolve(view, &self.key, request).await?).await
    }

    fn checks(&self, facts: &KeyInUse, request: &RequestContext) -> Checks {
        [facts.resolved.check_named("kms:Encapsulate", &self.key, request)].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a KeyInUse, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match name {
            "kms:encapsulationalgorithm" => ConditionValue::Single(self.algorithm.as_str().into()),
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
        let asked = Asked::Crypto { operation: GrantOperation::Encapsulate, context: &context };
        view.service.granted(view, Some(&facts.resolved), asked, request).await
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &KeyInUse,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.resolved.get()?;
        key_in_use::check_usage(key, KeyUsage::EncapsulateDecapsulate, "Encapsulate")?;
        if op.algorithm != EncapsulationAlgorithmSpec::MlKem {
            return Err(KmsError::WrongAlgorithm {
                algorithm: op.algorithm.as_str(),
                spec: key.spec.as_str(),
            });
        }
        let (key, material) = facts.usable(env.now)?;
        key.check_makes()?;
        if op.dry_run {
            return Err(KmsError::DryRun);
        }
        let (arn, material, algorithm) = (key.arn_text.to_string(), Arc::clone(material), op.algorithm);
        key_in_use::work(key.spec, env, move |_env| {
            let (secret, blob) =
                material.pair()?.public_key().encapsulate().map_err(KmsError::encapsulation)?;
            Ok(EncapsulateResponse {
                key_id: Some(arn),
                shared_secret: Some(secret),
                shared_secret_ciphertext_blob: Some(blob),
                encapsulation_algorithm: Some(algorithm),
            })
        })
    }

    fn done(&self, facts: &KeyInUse, service: &Kms, request: &RequestContext) {
        if let Ok(key) = facts.resolved.get() {
            service.note_use(key, (facts.current.as_ref(), Use::Produced), "Encapsulate", request);
        }
    }
}

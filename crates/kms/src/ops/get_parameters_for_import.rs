//! GetParametersForImport: a public key to wrap key material for, and the token that goes with it.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::import_token;
use crate::key::Key;
use crate::key_spec::KeySpec;
use crate::key_state::KeyUse;
use crate::service::{Kms, Resolved};
use keywright_auth::{
    Authorised, Cause, Check, Checks, Decided, Decision, Env, Operation, RequestContext, ServiceError as _,
    View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{GetParametersForImportRequest, GetParametersForImportResponse, operations};
use keywright_crypto::{ImportWrappingKey, KeyPairSpec, WrappingAlgorithm};
use keywright_policy::ConditionValue;
use keywright_types::{KeyRef, SecretBytes};
use std::sync::Arc;

pub struct GetParametersForImport {
    key: KeyRef,
    algorithm: WrappingAlgorithm,
    spec: KeyPairSpec,
}

impl Operation for GetParametersForImport {
    type Service = Kms;
    type Input = GetParametersForImportRequest;
    type Output = GetParametersForImportResponse;
    type Facts = Resolved;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::GET_PARAMETERS_FOR_IMPORT;
    const READ_ONLY: bool = true;

    fn parse(input: GetParametersForImportRequest, service: &Kms) -> Result<Self, KmsError> {
        let (algorithm, spec) = (input.wrapping_algorithm.as_str(), input.wrapping_key_spec.as_str());
        Ok(Self {
            key: parse::key_without_alias(&input.key_id, service)?,
            algorithm: WrappingAlgorithm::from_name(algorithm).ok_or_else(|| {
                KmsError::unsupported(format!("The wrapping algorithm {algorithm} is not supported."))
            })?,
            spec: ImportWrappingKey::SPECS.into_iter().find(|one| one.name() == spec).ok_or_else(|| {
                KmsError::unsupported(format!("The wrapping key spec {spec} is not supported."))
            })?,
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Resolved, KmsError> {
        view.service.resolve(view, &self.key, request).await
    }

    fn checks(&self, facts: &Resolved, _request: &RequestContext) -> Checks {
        [facts.check("kms:GetParametersForImport")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Resolved, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match name {
            "kms:wrappingalgorithm" => ConditionValue::Single(self.algorithm.name().into()),
            "kms:wrappingkeyspec" => ConditionValue::Single(self.spec.name().into()),
            _ => condition::of_key(facts, Some(&self.key), name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Resolved,
        _env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.get()?;
        key.check_external()?;
        key.state.allows(KeyUse::Import).map_err(|fault| KmsError::state(&key.arn_text, fault))?;
        check_fits(key, op.algorithm, op.spec)?;
        let (key, algorithm, spec) = (Arc::clone(key), op.algorithm, op.spec);
        Ok(Decision::answer_after(move |env: Env<'_, Kms>| {
            let pair = env.service.stock.take(spec);
            let wrapping_key = ImportWrappingKey::from_pair(pair)
                .ok_or_else(|| KmsError::internal(Cause::new("the stock gave a key of another spec")))?;
            let made = import_token::seal(&key.arn, algorithm, &wrapping_key, &env);
            Ok(GetParametersForImportResponse {
                key_id: Some(key.arn_text.to_string()),
                import_token: Some(made.token),
                public_key: Some(SecretBytes::new(made.public_key)),
                parameters_valid_to: Some(made.valid_to),
            })
        }))
    }
}

/// Whether key material of the key's spec can come that way: RSA's own OAEP takes short material only.
///
/// # Errors
/// UnsupportedOperationException (KMS Developer Guide, "Select a wrapping algorithm").
fn check_fits(key: &Key, algorithm: WrappingAlgorithm, spec: KeyPairSpec) -> Result<(), KmsError> {
    let too_long = match (algorithm, key.spec) {
        (WrappingAlgorithm::RsaAesKeyWrapSha1 | WrappingAlgorithm::RsaAesKeyWrapSha256, _) => false,
        (_, KeySpec::Pair(KeyPairSpec::Rsa2048 | KeyPairSpec::Rsa3072 | KeyPairSpec::Rsa4096)) => true,
        (_, KeySpec::Pair(KeyPairSpec::P521)) => spec == KeyPairSpec::Rsa2048,
        (_, KeySpec::SymmetricDefault | KeySpec::Mac(_) | KeySpec::Pair(_)) => false,
    };
    if !too_long {
        return Ok(());
    }
    Err(KmsError::unsupported(format!(
        "The wrapping algorithm {} with the wrapping key spec {} cannot wrap key material of key spec {}; use an \
         RSA_AES_KEY_WRAP algorithm.",
        algorithm.name(),
        spec.name(),
        key.spec.as_str()
    )))
}

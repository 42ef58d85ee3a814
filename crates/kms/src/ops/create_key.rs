//! CreateKey: a new customer key with its first backing key.

use super::parse;
use crate::error::KmsError;
use crate::key::KeyManager;
use crate::key_policy::{self, Principals};
use crate::key_spec::{KeySpec, KeyUsage};
use crate::new_key::{NewKey, fresh_material};
use crate::service::{Kms, local_arn};
use crate::{custom_key_store, metadata, tagging};
use keywright_auth::identities::Pins;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Done, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{CreateKeyRequest, CreateKeyResponse, OriginType, operations};
use keywright_policy::{ConditionValue, Document};
use keywright_types::{KeyId, Tags};
use std::sync::Arc;

pub struct CreateKey {
    spec: KeySpec,
    usage: KeyUsage,
    description: String,
    policy: Option<Arc<Document>>,
    bypass_lockout_check: Option<bool>,
    tags: Tags,
}

impl Operation for CreateKey {
    type Service = Kms;
    type Input = CreateKeyRequest;
    type Output = CreateKeyResponse;
    type Facts = Principals;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::CREATE_KEY;
    const READ_ONLY: bool = false;

    fn parse(input: CreateKeyRequest, _service: &Kms) -> Result<Self, KmsError> {
        let (spec, usage) = kind(&input)?;
        Ok(Self {
            spec,
            usage,
            description: parse::description(input.description.unwrap_or_default())?,
            policy: input.policy.as_deref().map(key_policy::parse).transpose()?,
            bypass_lockout_check: input.bypass_policy_lockout_safety_check,
            tags: tagging::parse(input.tags.unwrap_or_default())?,
        })
    }

    async fn facts(&self, view: View<'_, Kms>, _request: &RequestContext) -> Result<Principals, KmsError> {
        match &self.policy {
            Some(policy) => Principals::find(view.store, policy).await,
            None => Ok(Principals::Known(Pins::new())),
        }
    }

    fn checks(&self, _facts: &Principals, _request: &RequestContext) -> Checks {
        let any = |action| Check { action, protected: Protected::ByIdentity { arn: "*".to_owned() } };
        let mut checks = Checks::new();
        checks.push(any("kms:CreateKey"));
        if !self.tags.is_empty() {
            checks.push(any("kms:TagResource"));
        }
        if tagging::sets_rotation(&self.tags) {
            checks.push(any("kms:EnableKeyRotation"));
        }
        checks
    }

    fn condition<'a>(&'a self, _facts: &'a Principals, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match name {
            "kms:keyspec" | "kms:customermasterkeyspec" => ConditionValue::Single(self.spec.as_str().into()),
            "kms:keyusage" | "kms:customermasterkeyusage" => {
                ConditionValue::Single(self.usage.as_str().into())
            }
            "kms:keyorigin" => ConditionValue::Single("AWS_KMS".into()),
            "kms:multiregion" => ConditionValue::Bool(false),
            // Of all parameters the one without a default in conditions: AWS's own example asks for its absence.
            "kms:bypasspolicylockoutsafetycheck" => {
                self.bypass_lockout_check.map_or(ConditionValue::Absent, ConditionValue::Bool)
            }
            _ => request_tags(&self.tags, name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Principals,
        env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let arn = local_arn(KeyId::from_random(env.rng.array()), request);
        let (policy, policy_pins) = match &op.policy {
            Some(policy) => {
                let (policy, pins) = facts.pin(policy)?;
                if op.bypass_lockout_check != Some(true) {
                    key_policy::check_lockout(&policy, &arn, request)?;
                }
                (policy, pins)
            }
            None => (key_policy::default_policy(arn.account), Pins::new()),
        };
        let new = NewKey {
            arn,
            manager: KeyManager::Customer,
            spec: op.spec,
            usage: op.usage,
            description: op.description.clone(),
            policy,
            policy_pins,
        };
        let (op_spec, tags) = (op.spec, op.tags.clone());
        let make = move |env: &Env<'_, Kms>| {
            let (mut key, mut writes) = new.make(&fresh_material(op_spec, env), env);
            tagging::replace(&mut key, tags, env.now)?;
            writes.insert(&key.to_row());
            Ok(Done { output: CreateKeyResponse { key_metadata: Some(metadata::of(&key)) }, writes })
        };
        match op.spec {
            KeySpec::SymmetricDefault | KeySpec::Mac(_) => {
                make(&env).map(|Done { output, writes }| Decision::write(output, writes))
            }
            // An RSA key takes up to some seconds when there is none in stock.
            KeySpec::Pair(_) => Ok(Decision::After(Box::new(move |env| make(&env)))),
        }
    }
}

/// `aws:RequestTag/KEY` and `aws:TagKeys`.
pub(crate) fn request_tags<'a>(tags: &'a Tags, name: &str) -> ConditionValue<'a> {
    if name == "aws:tagkeys" {
        return if tags.is_empty() {
            ConditionValue::Absent
        } else {
            ConditionValue::Multi(tags.iter().map(|(key, _)| key).collect())
        };
    }
    match name.strip_prefix("aws:requesttag/") {
        Some(tag) => tags
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(tag))
            .map_or(ConditionValue::Absent, |(_, value)| ConditionValue::Single(value.into())),
        None => ConditionValue::Absent,
    }
}

/// What kind of key is asked for.
///
/// # Errors
/// UnsupportedOperationException for kinds that this release does not make, ValidationException for
/// members that contradict each other; the texts are AWS's.
fn kind(input: &CreateKeyRequest) -> Result<(KeySpec, KeyUsage), KmsError> {
    custom_key_store::check_new_key(input)?;
    let old_name = input.customer_master_key_spec.map(|spec| spec.as_str());
    let new_name = input.key_spec.map(|spec| spec.as_str());
    if old_name.is_some() && new_name.is_some() {
        return Err(KmsError::validation(
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.",
        ));
    }
    let name = new_name.or(old_name).unwrap_or(KeySpec::SymmetricDefault.as_str());
    let usage = input.key_usage.and_then(|usage| KeyUsage::parse(usage.as_str()));
    let usage = match usage {
        Some(usage) => usage,
        None if name == KeySpec::SymmetricDefault.as_str() => KeyUsage::EncryptDecrypt,
        None => {
            return Err(KmsError::validation(
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
            ));
        }
    };
    let Some(spec) = KeySpec::parse(name) else {
        return Err(KmsError::unsupported(format!(
            "Key spec {name} is not supported: AWS offers it in China Regions only."
        )));
    };
    if !spec.allows(usage) {
        return Err(KmsError::validation(format!(
            "KeyUsage {} is not compatible with KeySpec {name}",
            usage.as_str()
        )));
    }
    match input.origin {
        None | Some(OriginType::AwsKms) => {}
        Some(other) => {
            return Err(KmsError::unsupported(format!(
                "Origin {} is not supported by this release.",
                other.as_str()
            )));
        }
    }
    if input.multi_region == Some(true) {
        return Err(KmsError::unsupported("Multi-Region keys are not supported by this release."));
    }
    Ok((spec, usage))
}

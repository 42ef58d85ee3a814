//! CreateKey: a new customer key with its first backing key.

use super::parse;
use crate::error::KmsError;
use crate::key::{KeyManager, Origin};
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
use keywright_store::WriteSet;
use keywright_types::{KeyId, Tags};
use std::sync::Arc;

pub struct CreateKey {
    kind: Kind,
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
        Ok(Self {
            kind: Kind::of(&input)?,
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
        if tagging::sets_publication(&self.tags) {
            checks.push(any("kms:GetPublicKey"));
        }
        checks
    }

    fn condition<'a>(&'a self, _facts: &'a Principals, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match name {
            "kms:keyspec" | "kms:customermasterkeyspec" => {
                ConditionValue::Single(self.kind.spec.as_str().into())
            }
            "kms:keyusage" | "kms:customermasterkeyusage" => {
                ConditionValue::Single(self.kind.usage.as_str().into())
            }
            "kms:keyorigin" => ConditionValue::Single(self.kind.origin.as_str().into()),
            "kms:multiregion" => ConditionValue::Bool(self.kind.multi_region),
            "kms:multiregionkeytype" if self.kind.multi_region => ConditionValue::Single("PRIMARY".into()),
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
        let key_id = if op.kind.multi_region {
            KeyId::multi_region_from_random(env.rng.array())
        } else {
            KeyId::from_random(env.rng.array())
        };
        let arn = local_arn(key_id, request);
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
            spec: op.kind.spec,
            usage: op.kind.usage,
            description: op.description.clone(),
            policy,
            policy_pins,
        };
        let (kind, tags) = (op.kind, op.tags.clone());
        let make = move |env: &Env<'_, Kms>| {
            let (mut key, mut writes) = match kind.origin {
                Origin::Generated => new.make(&fresh_material(kind.spec, env), env),
                Origin::External => (new.make_empty(env), WriteSet::default()),
            };
            tagging::replace(&mut key, tags, env.now)?;
            writes.insert(&key.to_row());
            Ok(Done { output: CreateKeyResponse { key_metadata: Some(metadata::of(&key, &[])) }, writes })
        };
        match (kind.origin, kind.spec) {
            (Origin::External, _) | (Origin::Generated, KeySpec::SymmetricDefault | KeySpec::Mac(_)) => {
                make(&env).map(|Done { output, writes }| Decision::write(output, writes))
            }
            // An RSA key takes up to some seconds when there is none in stock.
            (Origin::Generated, KeySpec::Pair(_)) => Ok(Decision::After(Box::new(move |env| make(&env)))),
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
#[derive(Clone, Copy)]
struct Kind {
    spec: KeySpec,
    usage: KeyUsage,
    origin: Origin,
    multi_region: bool,
}

impl Kind {
    /// # Errors
    /// UnsupportedOperationException for kinds that this release does not make, ValidationException for
    /// members that contradict each other; the texts are AWS's.
    fn of(input: &CreateKeyRequest) -> Result<Self, KmsError> {
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
        let origin = match input.origin {
            None | Some(OriginType::AwsKms) => Origin::Generated,
            Some(OriginType::External) => Origin::External,
            Some(other) => {
                return Err(KmsError::unsupported(format!(
                    "Origin {} is not supported by this release.",
                    other.as_str()
                )));
            }
        };
        Ok(Self { spec, usage, origin, multi_region: input.multi_region == Some(true) })
    }
}

//! ImportKeyMaterial: key material that its owner made, into a key of Origin EXTERNAL.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::import_token::ImportToken;
use crate::imported::{Admitted, Offer, Presence};
use crate::key::Key;
use crate::key_spec::{KeyClass, KeySpec};
use crate::key_state::{KeyState, KeyUse};
use crate::material::NewMaterial;
use crate::multi_region::Family;
use crate::service::Kms;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Done, Env, Operation, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{
    ExpirationModelType, ImportKeyMaterialRequest, ImportKeyMaterialResponse, ImportType, operations,
};
use keywright_crypto::{KeyMaterial, KeyPair};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;
use keywright_types::{KeyRef, MaterialId, SecretBytes, Timestamp};

/// The longest validity, in days.
const VALID_DAYS_MAX: u32 = 365;
/// An AES-256 key.
const SYMMETRIC_LEN: usize = 32;

pub struct ImportKeyMaterial {
    key: KeyRef,
    token: Vec<u8>,
    wrapped: Vec<u8>,
    model: ExpirationModelType,
    valid_to: Option<Timestamp>,
    import_type: Option<ImportType>,
    description: Option<String>,
    expected: Option<MaterialId>,
}

impl Operation for ImportKeyMaterial {
    type Service = Kms;
    type Input = ImportKeyMaterialRequest;
    type Output = ImportKeyMaterialResponse;
    type Facts = Family;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::IMPORT_KEY_MATERIAL;
    const READ_ONLY: bool = false;

    fn parse(input: ImportKeyMaterialRequest, service: &Kms) -> Result<Self, KmsError> {
        let model = input.expiration_model.unwrap_or(ExpirationModelType::KeyMaterialExpires);
        match (model, input.valid_to) {
            (ExpirationModelType::KeyMaterialExpires, None) => {
                return Err(KmsError::validation(
                    "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
                ));
            }
            (ExpirationModelType::KeyMaterialDoesNotExpire, Some(_)) => {
                return Err(KmsError::validation(
                    "A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
                ));
            }
            (ExpirationModelType::KeyMaterialExpires, Some(_))
            | (ExpirationModelType::KeyMaterialDoesNotExpire, None) => {}
        }
        if input.key_material_id.is_some() && input.import_type == Some(ImportType::NewKeyMaterial) {
            return Err(KmsError::validation(
                "A KeyMaterialId cannot be specified if the ImportType is NEW_KEY_MATERIAL",
            ));
        }
        Ok(Self {
            key: parse::key_without_alias(&input.key_id, service)?,
            token: input.import_token,
            wrapped: input.encrypted_key_material,
            model,
            valid_to: input.valid_to,
            import_type: input.import_type,
            description: input.key_material_description,
            expected: parse::material(input.key_material_id.as_deref())?,
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Family, KmsError> {
        Family::find(view, view.service.resolve(view, &self.key, request).await?).await
    }

    fn checks(&self, facts: &Family, _request: &RequestContext) -> Checks {
        [facts.resolved.check("kms:ImportKeyMaterial")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Family, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match name {
            "kms:expirationmodel" => ConditionValue::Single(self.model.as_str().into()),
            "kms:validto" => self
                .valid_to
                .map_or(ConditionValue::Absent, |end| ConditionValue::Single(end.rfc3339().into())),
            _ => condition::of_key(&facts.resolved, Some(&self.key), name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Family,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.get()?;
        key.check_external()?;
        key.state.allows(KeyUse::Import).map_err(|fault| KmsError::state(&key.arn_text, fault))?;
        op.check_members(key)?;
        check_valid_to(op.valid_to, env.now)?;
        let token = ImportToken::open(&key.arn, &op.token, &env)?;
        let (facts, wrapped, valid_to) = (facts.clone(), op.wrapped.clone(), op.valid_to);
        let (import_type, description, expected) = (op.import_type, op.description.clone(), op.expected);
        // A private key's work, and a check of an RSA key's parts: not on the threads that serve requests.
        Ok(Decision::After(Box::new(move |env| {
            let key = facts.get()?;
            let material = material_of(key.spec, token.unwrap(&wrapped)?)?;
            let id = env.keyring.material_id(key.arn.key_id, &material);
            let offer = Offer {
                id,
                is_new: import_type.map(|import_type| import_type == ImportType::NewKeyMaterial),
                expected,
                description,
                presence: Presence { imported_at: env.now, valid_to },
            };
            let writes = import(&facts, key, &material, offer, &env)?;
            let shown = (key.spec.class() == KeyClass::Symmetric).then(|| id.to_string());
            let output =
                ImportKeyMaterialResponse { key_id: Some(key.arn_text.to_string()), key_material_id: shown };
            Ok(Done { output, writes })
        })))
    }
}

impl ImportKeyMaterial {
    /// Some members go with symmetric encryption keys alone: the others keep their first key material.
    fn check_members(&self, key: &Key) -> Result<(), KmsError> {
        if key.spec.rotates() {
            return Ok(());
        }
        let given = [
            ("ImportType", self.import_type.is_some()),
            ("KeyMaterialDescription", self.description.is_some()),
            ("KeyMaterialId", self.expected.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((member, _)) => Err(KmsError::validation(format!(
                "{member} is only supported for symmetric encryption keys; the key spec of {} is {}.",
                key.arn_text,
                key.spec.as_str()
            ))),
            None => Ok(()),
        }
    }
}

/// # Errors
/// ValidationException for a date that is over or too far away.
fn check_valid_to(valid_to: Option<Timestamp>, now: Timestamp) -> Result<(), KmsError> {
    match valid_to {
        Some(end) if end <= now => Err(KmsError::validation("ValidTo must be a date in the future.")),
        Some(end) if end > now.plus_days(VALID_DAYS_MAX) => {
            Err(KmsError::validation("ValidTo must be at most 365 days from now."))
        }
        Some(_) | None => Ok(()),
    }
}

/// Key material of what was unwrapped: raw bytes, or a private key as PKCS #8.
///
/// # Errors
/// IncorrectKeyMaterialException, without saying more of a private key than that it does not fit.
fn material_of(spec: KeySpec, bytes: SecretBytes) -> Result<KeyMaterial, KmsError> {
    let unfit = |wanted: &str| KmsError::IncorrectKeyMaterial {
        message: format!("The key material is not valid for key spec {}: {wanted}.", spec.as_str()).into(),
    };
    match spec {
        KeySpec::SymmetricDefault if bytes.expose().len() == SYMMETRIC_LEN => {
            Ok(KeyMaterial::from_secret(bytes))
        }
        KeySpec::SymmetricDefault => Err(unfit("it must be 32 bytes")),
        KeySpec::Mac(spec) => {
            let shortest = spec.bytes();
            spec.import(bytes).map_err(|_| unfit(&format!("it must be {shortest} to 128 bytes")))
        }
        KeySpec::Pair(spec) => KeyPair::import_pkcs8(spec, bytes.expose())
            .map(|pair| pair.material())
            .map_err(|_| unfit("it must be a private key of that spec, as DER-encoded PKCS #8")),
    }
}

/// What makes an import durable.
///
/// # Errors
/// What the key does not take.
fn import(
    family: &Family,
    key: &Key,
    material: &KeyMaterial,
    offer: Offer,
    env: &Env<'_, Kms>,
) -> Result<WriteSet, KmsError> {
    let id = offer.id;
    let mut changed = key.clone();
    let Admitted { ordinal, is_new, was_absent } =
        changed.imported.admit(offer).map_err(|fault| KmsError::import(key, fault))?;
    if is_new && key.is_replica() {
        return Err(KmsError::unsupported(format!(
            "{} is a multi-Region replica key: import new key material into the primary key first.",
            key.arn_text
        )));
    }
    if is_new && ordinal > 1 && !key.spec.rotates() {
        return Err(KmsError::IncorrectKeyMaterial {
            message: format!("Keys of key spec {} keep their first key material.", key.spec.as_str()).into(),
        });
    }
    if is_new && ordinal == 1 {
        changed.current_material = Some(id);
        changed.current_material_at = env.now;
        changed.material_count = ordinal;
    }
    if changed.state == KeyState::PendingImport && changed.imported.is_complete() {
        changed.state = KeyState::Enabled;
    }
    let mut writes = WriteSet::default();
    writes.update(&changed.to_row(), key.version);
    if was_absent {
        writes.insert(&NewMaterial::make(&key.arn, key.spec, material, ordinal, None, env).row);
    }
    if is_new {
        let entry = changed.imported.find(id);
        for other in &family.related {
            let mut told = Key::clone(other);
            if let Some(entry) = entry {
                told.imported.expect(entry);
            }
            told.current_material = changed.current_material;
            told.material_count = changed.material_count;
            writes.update(&told.to_row(), other.version);
        }
    }
    Ok(writes)
}

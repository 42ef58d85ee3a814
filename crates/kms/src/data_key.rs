//! Data keys for other services of ours: what GenerateDataKey and Decrypt give, for who keeps secrets.
//!
//! A service that keeps something under a key of its caller's asks for a data key as the caller (`via` that service).
//! Under its own managed key, which may not be there yet, the key is made in the same commit.

use crate::alias::predefined_service;
use crate::error::KmsError;
use crate::key::{Key, KeyManager};
use crate::key_spec::KeySpec;
use crate::material::Material;
use crate::new_key::new_service_key;
use crate::ops::create_grant::CreateGrant;
use crate::ops::decrypt::Decrypt;
use crate::ops::generate_data_key::{GenerateDataKey, random_secret};
use crate::ops::retire_grant::RetireGrant;
use crate::ops::symmetric::{self, EncryptionContext};
use crate::service::{Kms, Resolved};
use keywright_auth::{Env, InnerAnswer, InnerCall, RequestContext, View};
use keywright_aws::kms::{
    CreateGrantRequest, DataKeySpec, DecryptRequest, DryRunModifierType, GenerateDataKeyRequest,
    GrantConstraints, GrantOperation, RetireGrantRequest, SERVICE,
};
use keywright_store::WriteSet;
use keywright_types::{AliasName, KeyArn, KeyRef, SecretBytes};
use std::sync::{Arc, OnceLock};

/// A data key that a service may have; it is made when it is decided.
pub enum DataKeyCall {
    Under(Box<InnerCall<GenerateDataKey>>),
    /// The service's own key is not there yet.
    UnderNew(Box<UnderNew>),
}

/// What a data key under a key takes that is yet to be made.
pub struct UnderNew {
    name: AliasName,
    service: &'static str,
    context: EncryptionContext,
    request: RequestContext,
    key: NewServiceKey,
}

/// The service's own key, if one decision makes it: shared by all its calls, so that it is made once.
#[derive(Clone, Default)]
pub struct NewServiceKey(Arc<OnceLock<(Key, Material)>>);

/// A data key of 32 bytes: in clear, encrypted, and what is to be written with it.
pub struct DataKey {
    pub plaintext: SecretBytes,
    pub ciphertext: Vec<u8>,
    /// The ARN of the key it is encrypted under.
    pub key_arn: String,
    pub writes: WriteSet,
}

impl DataKeyCall {
    /// `key` is what the owner named, or the alias of the service's own key. `request` is the caller's, through the
    /// service.
    ///
    /// # Errors
    /// What GenerateDataKey refuses before rights are asked, and faults of the store.
    pub async fn prepare(
        key: &str,
        context: EncryptionContext,
        new_key: &NewServiceKey,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<Self, KmsError> {
        if let Some(name) = AliasName::parse(key)
            && let Some(service) = predefined_service(&name)
            && let Resolved::NoAlias(_) =
                view.service.resolve(view, &KeyRef::Alias(name.clone()), request).await?
        {
            let key = new_key.clone();
            return Ok(Self::UnderNew(Box::new(UnderNew {
                name,
                service,
                context,
                request: request.clone(),
                key,
            })));
        }
        let input = GenerateDataKeyRequest {
            key_id: key.to_owned(),
            encryption_context: Some(context),
            number_of_bytes: None,
            key_spec: Some(DataKeySpec::Aes256),
            grant_tokens: None,
            recipient: None,
            dry_run: None,
        };
        InnerCall::prepare(input, &SERVICE, view, request).await.map(|call| Self::Under(Box::new(call)))
    }

    /// # Errors
    /// The denial, or GenerateDataKey's own errors.
    pub fn decide(&self, env: Env<'_, Kms>) -> Result<DataKey, KmsError> {
        match self {
            Self::Under(call) => {
                let InnerAnswer { output, writes } = call.decide(env)?;
                Ok(DataKey {
                    plaintext: output.plaintext.unwrap_or_else(|| SecretBytes::new(Vec::new())),
                    ciphertext: output.ciphertext_blob.unwrap_or_default(),
                    key_arn: output.key_id.unwrap_or_default(),
                    writes,
                })
            }
            Self::UnderNew(new) => {
                let UnderNew { name, service, context, request, key } = &**new;
                let mut writes = WriteSet::default();
                let (key, material) = key.0.get_or_init(|| {
                    let (key, material, of_key) = new_service_key(name, service, request, &env);
                    writes = of_key;
                    let id = env.keyring.material_id(key.arn.key_id, &material);
                    (key, Material::symmetric_of(id, &material))
                });
                let plaintext = random_secret(32, env.rng);
                let ciphertext = symmetric::encrypt(key, material, context, plaintext.expose(), &env)?;
                Ok(DataKey { plaintext, ciphertext, key_arn: key.arn_text.to_string(), writes })
            }
        }
    }

    /// Whether the caller may have a data key: the service's own key is there for everybody in its account.
    ///
    /// # Errors
    /// As [`DataKeyCall::decide`].
    pub fn check(&self, env: Env<'_, Kms>) -> Result<(), KmsError> {
        match self {
            Self::Under(call) => call.decide(env).map(|_| ()),
            Self::UnderNew(_) => Ok(()),
        }
    }

    /// To be called once the decision is durable.
    pub fn done(&self, kms: &Kms) {
        match self {
            Self::Under(call) => call.done(kms),
            Self::UnderNew(_) => {}
        }
    }
}

/// Opens a data key under the key that it was made under.
///
/// # Errors
/// As [`DataKeyCall::prepare`].
pub async fn open_data_key(
    key_arn: &str,
    ciphertext: &[u8],
    context: EncryptionContext,
    view: View<'_, Kms>,
    request: &RequestContext,
) -> Result<InnerCall<Decrypt>, KmsError> {
    let input = DecryptRequest {
        ciphertext_blob: Some(ciphertext.to_vec()),
        encryption_context: Some(context),
        key_id: Some(key_arn.to_owned()),
        ..no_decrypt()
    };
    InnerCall::prepare(input, &SERVICE, view, request).await
}

/// Whether the caller may open what is encrypted under `key`: a dry run without a ciphertext.
///
/// # Errors
/// As [`DataKeyCall::prepare`].
pub async fn may_open(
    key: &str,
    context: EncryptionContext,
    view: View<'_, Kms>,
    request: &RequestContext,
) -> Result<InnerCall<Decrypt>, KmsError> {
    let input = DecryptRequest {
        encryption_context: Some(context),
        key_id: Some(key.to_owned()),
        dry_run: Some(true),
        dry_run_modifiers: Some(vec![DryRunModifierType::IgnoreCiphertext]),
        ..no_decrypt()
    };
    InnerCall::prepare(input, &SERVICE, view, request).await
}

fn no_decrypt() -> DecryptRequest {
    DecryptRequest {
        ciphertext_blob: None,
        encryption_context: None,
        grant_tokens: None,
        key_id: None,
        encryption_algorithm: None,
        recipient: None,
        dry_run: None,
        dry_run_modifiers: None,
    }
}

/// A grant by which `service` may make and open data keys of one context by itself, given in the caller's name.
///
/// # Errors
/// As [`DataKeyCall::prepare`].
pub async fn grant_to_service(
    key_arn: &str,
    service: &str,
    context: EncryptionContext,
    view: View<'_, Kms>,
    request: &RequestContext,
) -> Result<InnerCall<CreateGrant>, KmsError> {
    let input = CreateGrantRequest {
        key_id: key_arn.to_owned(),
        grantee_principal: None,
        retiring_principal: None,
        operations: vec![
            GrantOperation::GenerateDataKey,
            GrantOperation::Decrypt,
            GrantOperation::RetireGrant,
        ],
        constraints: Some(GrantConstraints {
            encryption_context_subset: Some(context),
            encryption_context_equals: None,
            source_arn: None,
        }),
        grant_tokens: None,
        name: None,
        dry_run: None,
        grantee_service_principal: Some(service.to_owned()),
        retiring_service_principal: None,
    };
    InnerCall::prepare(input, &SERVICE, view, request).await
}

/// Ends a grant that the service has; `request` is the service's own.
///
/// # Errors
/// As [`DataKeyCall::prepare`].
pub async fn retire_grant(
    key_arn: &str,
    grant: &str,
    view: View<'_, Kms>,
    request: &RequestContext,
) -> Result<InnerCall<RetireGrant>, KmsError> {
    let input = RetireGrantRequest {
        grant_token: None,
        key_id: Some(key_arn.to_owned()),
        grant_id: Some(grant.to_owned()),
        dry_run: None,
    };
    InnerCall::prepare(input, &SERVICE, view, request).await
}

/// What a key is, to a service that is to use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyForService {
    /// Whether it is managed by a service.
    pub is_managed: bool,
    pub is_symmetric: bool,
}

impl Kms {
    /// The key that `key` names, as far as a service must know before it uses it; none if there is none.
    ///
    /// # Errors
    /// Text that is no key, and faults of the store.
    pub async fn key_for_service(
        &self,
        view: View<'_, Self>,
        key: &str,
        request: &RequestContext,
    ) -> Result<Option<(KeyArn, KeyForService)>, KmsError> {
        let key = KeyRef::parse(key, &self.regions)?;
        Ok(match self.resolve(view, &key, request).await? {
            Resolved::Key(key) => Some((
                key.arn.clone(),
                KeyForService {
                    is_managed: key.manager == KeyManager::Service,
                    is_symmetric: key.spec == KeySpec::SymmetricDefault,
                },
            )),
            Resolved::NoKey(_) | Resolved::NoAlias(_) => None,
        })
    }
}

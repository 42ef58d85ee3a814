//! A ciphertext as Decrypt and ReEncrypt meet it: which key and backing key it names, and opening it.

use crate::error::KmsError;
use crate::key::Key;
use crate::key_spec::KeySpec;
use crate::material::Material;
use crate::ops::symmetric::EncryptionContext;
use crate::service::{Kms, Resolved, local_arn};
use keywright_auth::{Cause, Check, Protected, RequestContext, ServiceError as _, View};
use keywright_crypto::Header;
use keywright_types::{KeyRef, MaterialId, SecretBytes};
use std::sync::Arc;

/// What the caller sent: a key, a blob, or both.
pub(crate) struct Expected<'a> {
    pub(crate) key: Option<&'a KeyRef>,
    pub(crate) blob: Option<&'a [u8]>,
}

/// What was found for it.
///
/// The key comes from the blob's own header before anything is authorised, so that the policy of the
/// very key decides; a blob that is none of ours, or of a key that is not here, is answered by the one
/// denial that tells nothing.
pub struct SealedBlob {
    header: Option<Header>,
    /// The key that the blob names, or, without a blob, the one the caller names.
    named: Option<Resolved>,
    /// The key that the caller names, when there is a blob too.
    wanted: Option<Resolved>,
    material: Option<Arc<Material>>,
}

/// A blob, opened.
pub(crate) struct Opened {
    pub(crate) plaintext: SecretBytes,
    pub(crate) material_id: MaterialId,
}

impl SealedBlob {
    pub(crate) async fn find(
        view: View<'_, Kms>,
        expected: Expected<'_>,
        request: &RequestContext,
    ) -> Result<Self, KmsError> {
        let wanted = match expected.key {
            Some(key_ref) => Some(view.service.resolve(view, key_ref, request).await?),
            None => None,
        };
        let Some(blob) = expected.blob else {
            return Ok(Self { header: None, named: wanted, wanted: None, material: None });
        };
        if let Some(Resolved::Key(key)) = &wanted
            && key.spec != KeySpec::SymmetricDefault
        {
            // Such a ciphertext is bare: it names nothing, and may begin like one of ours by chance.
            let material = view.service.find_current_material(view, key).await;
            let material = material.map_err(KmsError::from_store)?;
            return Ok(Self { header: None, named: None, wanted, material });
        }
        let header = Header::parse(blob);
        let Some(header) = header else {
            return Ok(Self { header: None, named: None, wanted, material: None });
        };
        // The key lives where its caller says; else it is the caller's own, or whoever's has that id.
        let named = match &wanted {
            Some(Resolved::Key(key)) if key.arn.key_id == header.key_id() => Resolved::Key(Arc::clone(key)),
            Some(Resolved::Key(_) | Resolved::NoKey(_) | Resolved::NoAlias(_)) | None => {
                view.service.find_key_by_id(view, header.key_id(), request).await?
            }
        };
        let material = match &named {
            Resolved::Key(key) => view
                .service
                .find_material(view, key, header.material_tag())
                .await
                .map_err(KmsError::from_store)?,
            Resolved::NoKey(_) | Resolved::NoAlias(_) => None,
        };
        Ok(Self { header: Some(header), named: Some(named), wanted, material })
    }

    /// The key whose policy decides: the one that the caller names, else the blob's own.
    pub(crate) fn resolved(&self) -> Option<&Resolved> {
        self.wanted.as_ref().or(self.named.as_ref())
    }

    /// The key, where only whether there is one matters.
    pub(crate) fn found(&self) -> Option<&Arc<Key>> {
        match self.resolved() {
            Some(Resolved::Key(key)) => Some(key),
            Some(Resolved::NoKey(_) | Resolved::NoAlias(_)) | None => None,
        }
    }

    /// The question whether the caller, who named the key by `key_ref` or not at all, may do `action` to it.
    pub(crate) fn check(
        &self,
        action: &'static str,
        key_ref: Option<&KeyRef>,
        request: &RequestContext,
    ) -> Check {
        match (self.resolved(), key_ref) {
            (Some(resolved), Some(key_ref)) => resolved.check_named(action, key_ref, request),
            (Some(Resolved::Key(key)), None) => {
                let known = local_arn(key.arn.key_id, request).to_string();
                Resolved::Key(Arc::clone(key)).check_veiled(action, known, request)
            }
            (Some(resolved), None) => resolved.check(action),
            (None, _) => Check { action, protected: Protected::Unreadable },
        }
    }

    /// The key, once the caller may know of it.
    ///
    /// # Errors
    /// InvalidCiphertextException when the blob is none of ours, the denial that tells nothing when it
    /// names a key that is not here, IncorrectKeyException when the caller named another key,
    /// NotFoundException when the caller named one that is not there.
    pub(crate) fn key(&self, action: &'static str, request: &RequestContext) -> Result<&Arc<Key>, KmsError> {
        let wanted = self.wanted.as_ref().map(Resolved::get).transpose()?;
        if let Some(key) = wanted
            && key.spec != KeySpec::SymmetricDefault
        {
            return Ok(key);
        }
        let named = match (&self.named, &self.header) {
            // Without a blob the caller named the key.
            (Some(resolved), None) => return resolved.get(),
            (Some(Resolved::Key(key)), Some(_)) => key,
            (Some(Resolved::NoKey(_) | Resolved::NoAlias(_)), Some(_)) if wanted.is_some() => {
                return Err(KmsError::IncorrectKey);
            }
            (Some(Resolved::NoKey(_) | Resolved::NoAlias(_)), Some(_)) => {
                return Err(KmsError::CiphertextKeyAbsent {
                    principal: request.caller.principal.to_string(),
                    action,
                });
            }
            (None, _) => return Err(KmsError::InvalidCiphertext),
        };
        match wanted {
            Some(wanted) if wanted.arn != named.arn => Err(KmsError::IncorrectKey),
            Some(_) | None => Ok(named),
        }
    }

    /// The key material that the blob names, or the asymmetric key's.
    pub(crate) fn material(&self) -> Option<&Arc<Material>> {
        self.material.as_ref()
    }

    /// The private key of the asymmetric key that the caller names.
    ///
    /// # Errors
    /// An internal one if the store lost it.
    pub(crate) fn private_key(&self) -> Result<Arc<Material>, KmsError> {
        let lost =
            || KmsError::internal(Cause::new("an asymmetric key's backing key is missing from the store"));
        self.material.clone().ok_or_else(lost)
    }

    /// # Errors
    /// InvalidCiphertextException, the same for every fault of blob, context or key material.
    pub(crate) fn open(&self, blob: &[u8], context: &EncryptionContext) -> Result<Opened, KmsError> {
        let (Some(header), Some(material)) = (&self.header, &self.material) else {
            return Err(KmsError::InvalidCiphertext);
        };
        let pairs = context.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let plaintext = keywright_crypto::decrypt(material.symmetric()?, header, material.id, pairs, blob)
            .map_err(|_| KmsError::InvalidCiphertext)?;
        Ok(Opened { plaintext, material_id: material.id })
    }
}

//! What a ciphertext's header tells of its key and key material, for whoever asks without opening it.
//!
//! Nothing is unwrapped here: who may look need not be able to decrypt, and cannot by this.

use crate::condition;
use crate::error::KmsError;
use crate::grant::Asked;
use crate::imported::{ImportedMaterial, Standing};
use crate::key::Key;
use crate::material::MaterialRow;
use crate::service::{Kms, Resolved, key_values, local_arn};
use keywright_auth::{Check, RequestContext, ServiceError as _, View, no_right_to_open};
use keywright_crypto::{Header, OVERHEAD, Unrecognised, recognise};
use keywright_policy::{ConditionValue, Grant};
use keywright_store::Column as _;
use keywright_types::{KeyArn, MaterialId, Timestamp};
use std::sync::Arc;

/// What whoever inspects a ciphertext must be allowed, on its key.
const ACTION: &str = "kms:DescribeKey";

/// A ciphertext that names a key.
pub struct InspectedCiphertext {
    pub header: Header,
    /// Bytes of the plaintext, empty or not.
    pub plaintext_bytes: usize,
    resolved: Resolved,
    material: Option<InspectedMaterial>,
    /// The number of the key's current key material.
    current_number: u32,
}

/// The key material that a ciphertext names.
#[derive(Debug, Clone)]
pub struct InspectedMaterial {
    pub id: MaterialId,
    /// 1 for the first of a key.
    pub number: u32,
    pub made_at: Timestamp,
    /// Why it was made; none for the first.
    pub rotation_type: Option<String>,
}

/// Imported key material is told of whether or not it is there.
fn imported_material(key: &Key, material: &ImportedMaterial) -> InspectedMaterial {
    let imported_at = material.presence.map_or(key.created_at, |presence| presence.imported_at);
    let (made_at, rotation_type) = match material.standing {
        Standing::Rotated { at } => (at, Some("ON_DEMAND".to_owned())),
        Standing::First | Standing::PendingRotation => (imported_at, None),
    };
    InspectedMaterial { id: material.id, number: material.ordinal, made_at, rotation_type }
}

/// What may be told once the caller may know of the key.
#[derive(Debug)]
pub struct Inspected<'a> {
    pub key: &'a Arc<Key>,
    /// None if the key has no key material of the ciphertext's tag: it was damaged or made up.
    pub material: Option<&'a InspectedMaterial>,
    pub current_number: u32,
}

impl InspectedCiphertext {
    /// Reads the header and finds what it names in the request's Region.
    ///
    /// # Errors
    /// The store's. What is no ciphertext of ours is a fact: it names no key to ask about.
    pub async fn find(
        view: View<'_, Kms>,
        blob: &[u8],
        request: &RequestContext,
    ) -> Result<Result<Self, Unrecognised>, KmsError> {
        let header = match recognise(blob) {
            Ok(header) => header,
            Err(unrecognised) => return Ok(Err(unrecognised)),
        };
        let resolved = view.service.find_key_by_id(view, header.key_id(), request).await?;
        let (material, current_number) = match &resolved {
            Resolved::Key(key) => {
                let [account, region, key_id] = key_values(&key.arn);
                let of_material = [account, region, key_id, header.material_tag().to_value()];
                let stored = view.store.find::<MaterialRow>(&of_material).await;
                let stored = stored.map_err(KmsError::from_store)?.map(|stored| InspectedMaterial {
                    id: stored.row.material_id,
                    number: stored.row.ordinal,
                    made_at: stored.row.created_at,
                    rotation_type: stored.row.rotation_type,
                });
                let tag = header.material_tag();
                let imported = key.imported.iter().find(|material| material.id.tag() == tag);
                (imported.map(|material| imported_material(key, material)).or(stored), key.material_count)
            }
            Resolved::NoKey(_) | Resolved::NoAlias(_) => (None, 0),
        };
        let plaintext_bytes = blob.len() - OVERHEAD;
        Ok(Ok(Self { header, plaintext_bytes, resolved, material, current_number }))
    }

    /// The key's ARN as the ciphertext gives it to whoever has it: the id, in the asker's account and Region.
    #[must_use]
    pub fn known_arn(&self, request: &RequestContext) -> KeyArn {
        local_arn(self.header.key_id(), request)
    }

    /// The question whether the caller may know of the key.
    #[must_use]
    pub fn check(&self, request: &RequestContext) -> Check {
        self.resolved.check_veiled(ACTION, self.known_arn(request).to_string(), request)
    }

    /// Whether a grant lets the caller look at the key.
    ///
    /// # Errors
    /// The store's.
    pub async fn granted(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Grant, KmsError> {
        view.service.granted(view, Some(&self.resolved), Asked::Look, request).await
    }

    /// KMS's own condition keys; `name` is in lower case.
    #[must_use]
    pub fn condition<'a>(&'a self, name: &str) -> ConditionValue<'a> {
        condition::of_key(&self.resolved, None, name)
    }

    /// What it names, for a caller who was allowed.
    ///
    /// # Errors
    /// For a key that is not here the denial that a key which the caller may not know of gets.
    pub fn tell(&self, request: &RequestContext) -> Result<Inspected<'_>, KmsError> {
        match &self.resolved {
            Resolved::Key(key) => {
                Ok(Inspected { key, material: self.material.as_ref(), current_number: self.current_number })
            }
            Resolved::NoKey(_) | Resolved::NoAlias(_) => {
                Err(KmsError::AccessDenied { message: no_right_to_open(&request.caller.arn, ACTION) })
            }
        }
    }
}

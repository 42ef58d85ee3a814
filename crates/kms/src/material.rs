//! Backing keys: the versions of a key's material, wrapped in the store, unwrapped in a bounded cache.

use crate::error::KmsError;
use crate::key::Key;
use crate::key_spec::KeySpec;
use crate::multi_region::find_related;
use crate::service::Kms;
use keywright_auth::{Cause, Env, ServiceError as _, View};
use keywright_crypto::{HmacKey, KeyMaterial, KeyPair, Keyring, MaterialKey, WrapContext, Wrapped};
use keywright_store::{Column as _, Row as _, StoreError, Tampering, Versioned, row};
use keywright_types::{AccountId, KeyArn, KeyId, MaterialId, Region, Timestamp};
use std::sync::Arc;

row! {
    /// A backing key as stored: wrapped under a domain key, bound to its key, Region and account.
    pub struct MaterialRow in "key_materials" maced true {
        key {
            account: AccountId,
            region: Region,
            key_id: KeyId,
            /// What a ciphertext carries of the material id: its first 16 bytes.
            material_tag: [u8; 16],
        }
        columns {
            material_id: MaterialId,
            /// 1 for the first backing key of a key, then counting up.
            ordinal: u32,
            domain_epoch: u32,
            wrapped: Vec<u8>,
            /// When it was made and became current.
            created_at: Timestamp,
            /// Why it was made; none for the first.
            rotation_type: Option<String>,
        }
    }
}

impl MaterialRow {
    /// The same backing key for a related key: what binds the wrapping of a multi-Region key's names no Region.
    pub(crate) fn in_region(&self, region: &Region) -> Self {
        Self {
            account: self.account,
            region: region.clone(),
            key_id: self.key_id,
            material_tag: self.material_tag,
            material_id: self.material_id,
            ordinal: self.ordinal,
            domain_epoch: self.domain_epoch,
            wrapped: self.wrapped.clone(),
            created_at: self.created_at,
            rotation_type: self.rotation_type.clone(),
        }
    }
}

/// An unwrapped backing key, ready for use. Shared by an `Arc` and zeroed when the last goes.
pub struct Material {
    pub id: MaterialId,
    secret: Secret,
}

/// The secret by its kind.
enum Secret {
    Symmetric(MaterialKey),
    Mac(Box<HmacKey>),
    Pair(Box<KeyPair>),
}

impl Material {
    /// # Errors
    /// [`StoreError::Tampered`] if the row does not open as what it says it is.
    pub fn unwrap(row: &MaterialRow, spec: KeySpec, keyring: &Keyring) -> Result<Arc<Self>, StoreError> {
        let tampered = || StoreError::Tampered {
            table: MaterialRow::TABLE.name,
            key: row.material_id.to_string(),
            how: Tampering::Changed,
        };
        let context = wrap_context(&row.account, &row.region, row.key_id, row.material_id, spec);
        let wrapped = Wrapped { epoch: row.domain_epoch, bytes: row.wrapped.clone() };
        let material = keyring.unwrap(&context, &wrapped).map_err(|_| tampered())?;
        let secret = match spec {
            KeySpec::SymmetricDefault => Secret::Symmetric(MaterialKey::new(&material)),
            KeySpec::Mac(spec) => {
                let key = HmacKey::from_material(spec, &material).map_err(|_| tampered())?;
                Secret::Mac(Box::new(key))
            }
            KeySpec::Pair(spec) => {
                let pair = KeyPair::from_material(spec, &material).map_err(|_| tampered())?;
                Secret::Pair(Box::new(pair))
            }
        };
        Ok(Arc::new(Self { id: row.material_id, secret }))
    }

    /// A symmetric backing key that was made a moment ago.
    pub(crate) fn symmetric_of(id: MaterialId, material: &KeyMaterial) -> Self {
        Self { id, secret: Secret::Symmetric(MaterialKey::new(material)) }
    }

    /// # Errors
    /// An internal error for a key of another kind: which operations a key takes is checked before.
    pub(crate) fn symmetric(&self) -> Result<&MaterialKey, KmsError> {
        match &self.secret {
            Secret::Symmetric(key) => Ok(key),
            Secret::Mac(_) | Secret::Pair(_) => Err(self.other_kind("symmetric")),
        }
    }

    /// # Errors
    /// As [`Material::symmetric`].
    pub(crate) fn mac(&self) -> Result<&HmacKey, KmsError> {
        match &self.secret {
            Secret::Mac(key) => Ok(key),
            Secret::Symmetric(_) | Secret::Pair(_) => Err(self.other_kind("MAC")),
        }
    }

    /// # Errors
    /// As [`Material::symmetric`].
    pub(crate) fn pair(&self) -> Result<&KeyPair, KmsError> {
        match &self.secret {
            Secret::Pair(pair) => Ok(pair),
            Secret::Symmetric(_) | Secret::Mac(_) => Err(self.other_kind("asymmetric")),
        }
    }

    fn other_kind(&self, wanted: &str) -> KmsError {
        KmsError::internal(Cause::new(format!("backing key {} is no {wanted} one", self.id)))
    }
}

/// The stored rows of one backing key of `key`: in the key's Region and in those of related keys.
///
/// # Errors
/// The store's.
pub(crate) async fn find_materials(
    view: View<'_, Kms>,
    key: &Key,
    id: Option<MaterialId>,
) -> Result<Vec<Versioned<MaterialRow>>, KmsError> {
    let Some(id) = id else { return Ok(Vec::new()) };
    let mut regions = vec![key.arn.region.clone()];
    regions.extend(find_related(view, key).await?.iter().map(|other| other.arn.region.clone()));
    let mut rows = Vec::new();
    for region in regions {
        let name =
            [key.arn.account.to_value(), region.to_value(), key.arn.key_id.to_value(), id.tag().to_value()];
        rows.extend(view.store.find::<MaterialRow>(&name).await.map_err(KmsError::from_store)?);
    }
    Ok(rows)
}

/// A new backing key for `arn`, wrapped.
pub(crate) struct NewMaterial {
    pub row: MaterialRow,
}

impl NewMaterial {
    pub(crate) fn make(
        arn: &KeyArn,
        spec: KeySpec,
        material: &KeyMaterial,
        ordinal: u32,
        rotation_type: Option<&str>,
        env: &Env<'_, Kms>,
    ) -> Self {
        let material_id = env.keyring.material_id(arn.key_id, material);
        let context = wrap_context(&arn.account, &arn.region, arn.key_id, material_id, spec);
        let wrapped = env.keyring.wrap(&context, material, env.rng);
        Self {
            row: MaterialRow {
                account: arn.account,
                region: arn.region.clone(),
                key_id: arn.key_id,
                material_tag: material_id.tag(),
                material_id,
                ordinal,
                domain_epoch: wrapped.epoch,
                wrapped: wrapped.bytes,
                created_at: env.now,
                rotation_type: rotation_type.map(str::to_owned),
            },
        }
    }
}

fn wrap_context<'a>(
    account: &'a AccountId,
    region: &'a Region,
    key_id: KeyId,
    material_id: MaterialId,
    spec: KeySpec,
) -> WrapContext<'a> {
    WrapContext {
        account,
        // A multi-Region key's material is the same in every Region, and so is what binds it.
        region: match key_id {
            KeyId::Uuid(_) => region.as_str(),
            KeyId::MultiRegion(_) => "mrk",
        },
        key_id,
        material_id,
        spec: spec.as_str(),
    }
}

//! Backing keys: the versions of a key's material, wrapped in the store, unwrapped in a bounded cache.

use keywright_crypto::{KeyMaterial, Keyring, MaterialKey, WrapContext, Wrapped};
use keywright_store::{Row as _, StoreError, Tampering, row};
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

/// An unwrapped backing key, ready for messages. Shared by an `Arc` and zeroed when the last goes.
pub struct Material {
    pub id: MaterialId,
    pub key: MaterialKey,
}

impl Material {
    /// # Errors
    /// [`StoreError::Tampered`] if the row does not open as what it says it is.
    pub fn unwrap(row: &MaterialRow, spec: &str, keyring: &Keyring) -> Result<Arc<Self>, StoreError> {
        let context = wrap_context(&row.account, &row.region, row.key_id, row.material_id, spec);
        let wrapped = Wrapped { epoch: row.domain_epoch, bytes: row.wrapped.clone() };
        let material = keyring.unwrap(&context, &wrapped).map_err(|_| StoreError::Tampered {
            table: MaterialRow::TABLE.name,
            key: row.material_id.to_string(),
            how: Tampering::Changed,
        })?;
        Ok(Arc::new(Self { id: row.material_id, key: MaterialKey::new(&material) }))
    }
}

/// A new backing key for `arn`, wrapped.
pub(crate) struct NewMaterial {
    pub row: MaterialRow,
}

impl NewMaterial {
    pub(crate) fn make(
        arn: &KeyArn,
        spec: &str,
        ordinal: u32,
        rotation_type: Option<&str>,
        keyring: &Keyring,
        rng: &dyn keywright_types::Rng,
        now: Timestamp,
    ) -> Self {
        let material = KeyMaterial::generate(rng);
        let material_id = keyring.material_id(arn.key_id, &material);
        let context = wrap_context(&arn.account, &arn.region, arn.key_id, material_id, spec);
        let wrapped = keyring.wrap(&context, &material, rng);
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
                created_at: now,
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
    spec: &'a str,
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
        spec,
    }
}

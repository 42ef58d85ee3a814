//! Sealed columns: secrets inside rows, such as an access key's.

use crate::aead;
use crate::binding::Binding;
use crate::keyring::Keyring;
use crate::wrap::UnwrapError;
use keywright_types::{Rng, SecretBytes};

/// Where a sealed value stands: it opens there and nowhere else.
pub struct ColumnContext<'a> {
    pub table: &'a str,
    pub row_id: &'a str,
    pub column: &'a str,
}

/// A sealed value: `epoch (4, big-endian) ‖ nonce ‖ ciphertext ‖ tag` in the column.
pub struct SealedColumn {
    epoch: u32,
    bytes: Vec<u8>,
}

impl SealedColumn {
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut stored = self.epoch.to_be_bytes().to_vec();
        stored.extend_from_slice(&self.bytes);
        stored
    }

    #[must_use]
    pub fn from_bytes(stored: &[u8]) -> Option<Self> {
        let (epoch, bytes) = stored.split_first_chunk::<4>()?;
        Some(Self { epoch: u32::from_be_bytes(*epoch), bytes: bytes.to_vec() })
    }
}

impl Keyring {
    #[must_use]
    pub fn seal_column(&self, context: &ColumnContext<'_>, value: &[u8], rng: &dyn Rng) -> SealedColumn {
        let (epoch, key) = self.current_domain();
        let binding = self.column_binding(context, epoch);
        SealedColumn { epoch, bytes: aead::seal(key, binding.bytes(), value, rng) }
    }

    /// # Errors
    /// [`UnwrapError`] when it was sealed for another place, or changed.
    pub fn open_column(
        &self,
        context: &ColumnContext<'_>,
        sealed: &SealedColumn,
    ) -> Result<SecretBytes, UnwrapError> {
        let key = self.domain.get(&sealed.epoch).ok_or(UnwrapError)?;
        let binding = self.column_binding(context, sealed.epoch);
        aead::open(key, binding.bytes(), &sealed.bytes).map_err(|aead::NotAuthentic| UnwrapError)
    }

    fn column_binding(&self, context: &ColumnContext<'_>, epoch: u32) -> Binding {
        Binding::new("keywright/column/v1")
            .part(self.store.as_bytes())
            .part(context.table.as_bytes())
            .part(context.row_id.as_bytes())
            .part(context.column.as_bytes())
            .part(&epoch.to_be_bytes())
    }
}

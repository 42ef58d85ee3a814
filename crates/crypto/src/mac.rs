//! MACs over rows and over markers.

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Authenticates rows: who can write the database and lacks this key cannot change one unnoticed.
pub struct RowMac(hmac::Key);

impl RowMac {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    pub(crate) fn share(&self) -> Self {
        Self(self.0.clone())
    }

    /// The MAC of a row of `table`: each part is preceded by its length, so that content cannot move from
    /// one column into another.
    #[must_use]
    pub fn mac<'a>(&self, table: &str, parts: impl Iterator<Item = &'a [u8]>) -> [u8; 32] {
        let mut hmac = hmac::Context::with_key(&self.0);
        hmac.update(b"keywright/row/v1");
        update_part(&mut hmac, table.as_bytes());
        for part in parts {
            update_part(&mut hmac, part);
        }
        digest(&hmac.sign())
    }
}

fn update_part(hmac: &mut hmac::Context, part: &[u8]) {
    hmac.update(&(part.len() as u64).to_be_bytes());
    hmac.update(part);
}

/// Not a marker of ours, or of another list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSeal;

/// Makes markers that can be checked: `base64url(MAC (16 bytes) ‖ payload)`.
pub struct MarkerKey(hmac::Key);

const MAC_LEN: usize = 16;

impl MarkerKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// `payload`, bound to `context`.
    #[must_use]
    pub fn seal(&self, context: &[&[u8]], payload: &[u8]) -> String {
        let mut bytes = self.mac(context, payload).to_vec();
        bytes.extend_from_slice(payload);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// # Errors
    /// [`InvalidSeal`] unless `marker` was sealed by this key for this context.
    pub fn open(&self, context: &[&[u8]], marker: &str) -> Result<Vec<u8>, InvalidSeal> {
        let bytes = URL_SAFE_NO_PAD.decode(marker).map_err(|_| InvalidSeal)?;
        let (mac, payload) = bytes.split_at_checked(MAC_LEN).ok_or(InvalidSeal)?;
        constant_time::verify_slices_are_equal(mac, &self.mac(context, payload)).map_err(|_| InvalidSeal)?;
        Ok(payload.to_vec())
    }

    fn mac(&self, context: &[&[u8]], payload: &[u8]) -> [u8; MAC_LEN] {
        let mut hmac = hmac::Context::with_key(&self.0);
        hmac.update(b"keywright/marker/v1");
        for part in context.iter().copied().chain(std::iter::once(payload)) {
            update_part(&mut hmac, part);
        }
        let whole = digest(&hmac.sign());
        let mut mac = [0; MAC_LEN];
        mac.copy_from_slice(&whole[..MAC_LEN]);
        mac
    }
}

fn digest(tag: &hmac::Tag) -> [u8; 32] {
    tag.as_ref().try_into().expect("HMAC-SHA-256 gives 32 bytes")
}

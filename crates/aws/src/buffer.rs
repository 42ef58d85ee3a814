//! The buffer that documents are written into.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::{self, Write};
use zeroize::Zeroize;

/// A byte buffer that zeroes the block it leaves, when it grows and when it is dropped: answers carry
/// plaintexts, secret values and credentials.
pub(crate) struct WipedBuffer(Vec<u8>);

impl WipedBuffer {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The content; the buffer is empty afterwards.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }

    fn reserve(&mut self, more: usize) {
        if self.0.capacity() - self.0.len() >= more {
            return;
        }
        let wanted = (self.0.len() + more).max(self.0.capacity() * 2);
        let mut larger = Vec::with_capacity(wanted);
        larger.extend_from_slice(&self.0);
        self.0.zeroize();
        self.0 = larger;
    }

    pub(crate) fn push_all(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    /// Appends `value` in standard base64 with padding (RFC 4648 section 4).
    pub(crate) fn push_base64(&mut self, value: &[u8]) {
        let length =
            base64::encoded_len(value.len(), true).expect("a blob is far smaller than the address space");
        let at = self.0.len();
        self.reserve(length);
        self.0.resize(at + length, 0);
        STANDARD.encode_slice(value, &mut self.0[at..]).expect("the room was measured for this length");
    }
}

impl Write for WipedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for WipedBuffer {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

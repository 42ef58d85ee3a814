//! What binds a ciphertext to its place: length-prefixed parts under a domain tag.

/// Builds additional authenticated data: each part is preceded by its length as 32 bits, big-endian.
pub(crate) struct Binding(Vec<u8>);

impl Binding {
    pub(crate) fn new(domain: &str) -> Self {
        Self(Vec::with_capacity(160)).part(domain.as_bytes())
    }

    #[must_use]
    pub(crate) fn part(mut self, part: &[u8]) -> Self {
        let length = u32::try_from(part.len()).expect("parts are names and ids, far below 4 GiB");
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

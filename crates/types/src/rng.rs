//! The one source of randomness; tests pass a seeded one.

/// Gives random bytes fit for keys. The product's implementation is in `keywright-crypto`.
pub trait Rng: Send + Sync + 'static {
    /// Fills `out`. A system without randomness cannot go on, so this cannot fail: it panics.
    fn fill(&self, out: &mut [u8]);
}

impl dyn Rng {
    /// `N` random bytes.
    pub fn array<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

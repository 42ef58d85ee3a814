//! The crate's tests: published vectors, what must be refused, and what was written once and opens for ever.

mod frozen;
mod imports;
mod jws;
mod key_pairs;
mod key_vectors;
mod negative;
mod tokens;
mod vectors;

use keywright_types::Rng;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that differ from call to call and are the same in every run: never for keys outside tests.
pub(super) struct CountingRng(AtomicU64);

impl CountingRng {
    pub(super) const fn new(start: u64) -> Self {
        Self(AtomicU64::new(start))
    }
}

impl Rng for CountingRng {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&number.to_be_bytes()[..chunk.len()]);
        }
    }
}

pub(super) fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

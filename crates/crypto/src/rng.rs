//! The product's randomness: aws-lc's CTR-DRBG, seeded by the operating system.

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use keywright_types::Rng;

/// Random bytes fit for keys.
#[derive(Debug, Clone, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    fn fill(&self, out: &mut [u8]) {
        SystemRandom::new().fill(out).expect("a system without randomness cannot make keys");
    }
}

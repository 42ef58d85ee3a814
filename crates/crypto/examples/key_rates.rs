//! How fast keys of each spec are, on one core: `cargo run --release -p keywright-crypto --example key_rates`.
//!
//! Operations per second of this process's CPU time, so that a busy machine tells the same.

#![allow(clippy::cast_precision_loss, clippy::print_stdout)]

use keywright_crypto::{EncryptionAlgorithm, HmacKey, KeyPair, KeyPairSpec, MacSpec, PublicKey, SystemRng};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;

fn cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// Operations per second, over at least half a second.
fn rate(mut operation: impl FnMut()) -> f64 {
    operation();
    let start = cpu_seconds();
    let mut count = 0_u32;
    loop {
        operation();
        count += 1;
        let spent = cpu_seconds() - start;
        if spent > 0.5 {
            return f64::from(count) / spent;
        }
    }
}

fn row(what: &str, operation: impl FnMut()) {
    let rate = rate(operation);
    println!("  {what:<44} {rate:>12.0}/s {:>10.1} us", 1e6 / rate);
}

fn main() {
    for spec in KeyPairSpec::ALL {
        println!("{}", spec.name());
        let key = KeyPair::generate(spec);
        let material = key.material();
        row("generate", || drop(black_box(KeyPair::generate(spec))));
        row("from_material", || drop(black_box(KeyPair::from_material(spec, &material))));
        let spki = key.public_key().spki();
        row("PublicKey::from_spki", || drop(black_box(PublicKey::from_spki(&spki))));
        for algorithm in spec.signing_algorithms() {
            for kind in algorithm.message_types() {
                let message = vec![7; algorithm.digest_len()];
                let name = format!("{} {}", algorithm.name(), kind.name());
                row(&format!("sign {name}"), || drop(black_box(key.sign(*algorithm, *kind, &message))));
                let signature = key.sign(*algorithm, *kind, &message).expect("it signs");
                row(&format!("verify {name}"), || {
                    assert_eq!(key.public_key().verify(*algorithm, *kind, &message, &signature), Ok(true));
                });
            }
            if *algorithm == spec.signing_algorithms()[0] {
                let (kind, message) = (algorithm.message_types()[0], vec![7; algorithm.digest_len()]);
                row("parse and sign", || {
                    let key = KeyPair::from_material(spec, &material).expect("our own material");
                    drop(black_box(key.sign(*algorithm, kind, &message)));
                });
            }
        }
        for algorithm in spec.encryption_algorithms() {
            let ciphertext = key.public_key().encrypt(*algorithm, b"plaintext").expect("it encrypts");
            row(&format!("encrypt {}", algorithm.name()), || {
                drop(black_box(key.public_key().encrypt(*algorithm, b"plaintext")));
            });
            row(&format!("decrypt {}", algorithm.name()), || {
                drop(black_box(key.decrypt(*algorithm, &ciphertext)));
            });
        }
        if !spec.encryption_algorithms().is_empty() {
            let algorithm = EncryptionAlgorithm::RsaesOaepSha256;
            let ciphertext = key.public_key().encrypt(algorithm, b"plaintext").expect("it encrypts");
            row("parse and decrypt", || {
                let key = KeyPair::from_material(spec, &material).expect("our own material");
                drop(black_box(key.decrypt(algorithm, &ciphertext)));
            });
        }
        if spec.agrees() {
            row("agree", || drop(black_box(key.agree(&spki))));
        }
        if spec.encapsulated_len().is_some() {
            let (_, ciphertext) = key.public_key().encapsulate().expect("it encapsulates");
            row("encapsulate", || drop(black_box(key.public_key().encapsulate())));
            row("decapsulate", || drop(black_box(key.decapsulate(&ciphertext))));
        }
    }
    for spec in MacSpec::ALL {
        println!("{}", spec.name());
        let material = spec.generate(&SystemRng);
        let key = HmacKey::from_material(spec, &material).expect("our own material");
        row("from_material", || drop(black_box(HmacKey::from_material(spec, &material))));
        row("mac, 64 bytes", || drop(black_box(key.mac(&[7; 64]))));
    }
}

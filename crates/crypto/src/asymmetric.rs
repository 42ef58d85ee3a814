//! Asymmetric keys: what a key pair of each spec can do.
//!
//! What: [`KeyPairSpec`] says by tables which algorithms a key takes; [`KeyPair`] signs, decrypts, agrees and decapsulates;
//! [`PublicKey`] verifies, encrypts and encapsulates. Names are the API's, as texts; there is nothing of the wire here.
//! Why here: nobody else chooses primitives, parameters or encodings.
//!
//! ```
//! use keywright_crypto::{KeyPair, KeyPairSpec, MessageType, SigningAlgorithm};
//!
//! let spec = KeyPairSpec::from_name("ECC_NIST_P256").unwrap();
//! let material = KeyPair::generate(spec).material(); // to be wrapped and stored
//! let key = KeyPair::from_material(spec, &material).unwrap(); // to be kept in a cache
//! let algorithm = SigningAlgorithm::from_name("ECDSA_SHA_256").unwrap();
//! let signature = key.sign(algorithm, MessageType::Raw, b"message").unwrap();
//! assert_eq!(key.public_key().verify(algorithm, MessageType::Raw, b"message", &signature), Ok(true));
//! ```
//!
//! Invariants
//! - Material is PKCS #8 and is parsed strictly, ours and others' alike; the same key is always the same bytes.
//! - A private key has no Debug and no Clone, and is wiped when it goes.
//! - Whatever fails to open looks the same.
//! - aws-lc does everything but three things that aws-lc-rs does not offer, each in one file: Ed25519ph (`ed25519.rs`),
//!   ML-DSA over a given µ (`ml_dsa.rs`), ML-KEM keys from a seed (`ml_kem.rs`).
//!
//! Not here: lengths that the API limits a message to; which usage a key was made for.

mod ec;
mod ed25519;
mod error;
mod jwk;
mod key_pair;
mod ml_dsa;
mod ml_kem;
mod pkcs8;
mod public_key;
mod rsa;
mod seed;
mod spec;
mod spki;

pub use error::{
    AgreementError, DecapsulationError, InvalidKeyMaterial, InvalidPublicKey, OaepError, SignatureError,
    Unsupported,
};
pub use jwk::JwkParts;
pub use key_pair::KeyPair;
pub use public_key::PublicKey;
pub use spec::{EncryptionAlgorithm, KeyPairSpec, MessageType, SigningAlgorithm};

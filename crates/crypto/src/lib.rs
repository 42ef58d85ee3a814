//! Cryptography: the key hierarchy, wrapping, the ciphertext format, MACs, the seal.
//!
//! What: root key (sealed) → domain keys, by epochs → backing keys (wrapped rows) → a message key for each
//! message. That is AES-256-GCM, HMAC-SHA-256 and Ed25519 of aws-lc-rs, and Argon2id for passwords; nothing
//! here is an algorithm of our own. Signatures of others' tokens (JWS) are verified, never made.
//! Customers' other keys: key pairs of every spec (`asymmetric.rs`), HMAC keys (`hmac_key.rs`), and the unwrapping of
//! material that is imported (`import.rs`).
//! Why here: this crate knows no accounts, no policies and no SQL, and is the only author of nonces.
//!
//! Invariants
//! - Key bytes are in types that are zeroed on drop and have no Debug, Clone or Serialize.
//! - What is authenticated beside a ciphertext is length-prefixed and starts with a domain tag, so that
//!   nothing wrapped for one place opens in another.
//! - A message's key commitment is compared before its tag; every failure to open looks the same.
//!
//! The formats are in docs/ciphertext.md; what a released version wrote opens for ever.

mod aead;
mod asymmetric;
mod binding;
mod column;
mod der;
mod digest;
mod envelope;
mod harden;
mod hmac_key;
mod import;
mod jws;
mod kdf;
mod keyring;
mod login_hash;
mod mac;
mod material;
mod message;
mod one_time_code;
mod password_hash;
mod recognise;
mod rng;
mod root_key;
mod seal;
mod signer;
#[cfg(test)]
mod tests;
mod token;
mod wrap;

pub use asymmetric::JwkParts;
pub use asymmetric::{
    AgreementError, DecapsulationError, EncryptionAlgorithm, InvalidKeyMaterial, InvalidPublicKey, KeyPair,
    KeyPairSpec, MessageType, OaepError, PublicKey, SignatureError, SigningAlgorithm, Unsupported,
};
pub use column::{ColumnContext, SealedColumn};
pub use digest::sha256;
pub use envelope::{ValueContext, open_value, seal_value};
pub use harden::harden_process;
pub use hmac_key::{HmacKey, MacSpec};
pub use import::{ImportWrappingKey, InvalidWrapping, WrappingAlgorithm};
pub use jws::{JwsAlgorithm, JwsKey};
pub use keyring::{KeyPurpose, Keyring, KeyringError, SealedKey};
pub use login_hash::{mysql_native_hash, redis_acl_hash};
pub use mac::{InvalidSeal, MarkerKey, RowMac};
pub use material::{KeyMaterial, MaterialKey};
pub use message::{ContextTooLong, DecryptError, HEADER_LEN, Header, OVERHEAD, decrypt, encrypt};
pub use one_time_code::{STEP_SECONDS, matching_step};
pub use password_hash::{InvalidHash, PasswordHash};
pub use recognise::{Unrecognised, recognise};
pub use rng::SystemRng;
pub use root_key::RootKey;
pub use seal::{FileSeal, SealError};
pub use signer::{TrailSigner, verify_trail_signature};
pub use wrap::{UnwrapError, WrapContext, Wrapped};

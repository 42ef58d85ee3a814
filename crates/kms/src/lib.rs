//! The key management service.
//!
//! What: keys, aliases, tags, key policies, grants, symmetric encryption, rotation of key material, deletion.
//! Each operation is one file of `ops`, named after the API's verb.
//!
//! Invariants
//! - No operation holds a transaction: it decides on facts and hands over a write set that relies on
//!   the key's row version.
//! - Old backing keys stay for the life of their key; a ciphertext names the one it needs.
//! - Caches hold what was committed and nothing else (`service`).
//!
//! Not here: who may do what (auth, policy), ciphertext and wrapping (crypto), the timers (server).

mod alias;
mod census;
mod condition;
mod custom_key_store;
mod data_key;
mod deletion;
mod error;
mod expiry;
mod explain;
mod grant;
mod import_token;
mod imported;
mod inspect;
mod key;
mod key_pair_stock;
mod key_policy;
mod key_spec;
mod key_state;
mod last_usage;
mod line;
mod material;
mod material_usage;
mod metadata;
mod multi_region;
mod new_key;
pub mod ops;
mod published;
pub mod rotation;
mod sealed_blob;
mod service;
mod succession;
mod tagging;

pub use alias::AliasRow;
pub use census::{MaterialCallersRow, MaterialUsesRow};
pub use data_key::{
    DataKey, DataKeyCall, KeyForService, NewServiceKey, grant_to_service, may_open, open_data_key,
    retire_grant,
};
pub use deletion::{DestroyKey, keys_to_destroy};
pub use error::KmsError;
pub use expiry::{ExpireKeyMaterial, keys_with_expired_material};
pub use explain::KeyInQuestion;
pub use grant::{Constraint, Grant, GrantId, GrantRow};
pub use imported::{ImportedMaterial, ImportedMaterials};
pub use inspect::{Inspected, InspectedCiphertext, InspectedMaterial};
pub use key::{Key, KeyManager, KeyRow, MultiRegion, Origin};
pub use key_pair_stock::KeyPairStock;
pub use key_spec::{KeyClass, KeySpec, KeyUsage};
pub use key_state::{KeyState, KeyUse, StateFault};
pub use line::KeyLine;
pub use material::MaterialRow;
pub use material_usage::{MaterialUsage, OldestInUse, UsageFilter, UsageOfKey, find_usage, oldest_in_use};
pub use published::PublishedKey;
pub use service::{Kms, KmsSettings};
pub use succession::{JWKS_TAG, LEAD_TAG, Lineage, RETIRE_TAG, Step, Superseded};

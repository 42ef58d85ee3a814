//! The vocabulary of Keywright: ids, names, instants and secrets as types.
//!
//! What: small value types that every other crate speaks, so that two arguments of one kind cannot
//! be swapped and a secret cannot be printed.
//! Why here: no IO, no async, no SQL and no wire format, so that anything may depend on it.

mod account;
mod arn;
mod clock;
mod key_id;
mod key_ref;
mod principal;
mod region;
mod rng;
mod secret;
mod tags;
mod timestamp;

pub use account::{AccessKeyId, AccountId, EventId, InvalidId, NodeId, RequestId, StoreId};
pub use arn::{AliasArn, KeyArn, PARTITION};
pub use clock::{Clock, ManualClock, SystemClock};
pub use key_id::{KeyId, MaterialId};
pub use key_ref::{AliasName, InvalidKeyRef, KeyRef};
pub use principal::{Principal, UniqueId, UniqueIdKind, root_arn};
pub use region::{Region, RegionSet};
pub use rng::Rng;
pub use secret::{SecretBytes, SecretText};
pub use tags::Tags;
pub use timestamp::Timestamp;

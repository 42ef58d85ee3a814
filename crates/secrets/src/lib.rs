//! The secrets manager.
//!
//! What: secrets, their versions and staging labels, resource policies, deletion with a recovery window. Each operation
//! is one file of `ops`, named after the API's verb.
//!
//! Invariants
//! - A value is stored under a data key that KMS gave for it to the caller, bound to the secret's ARN and the version's id;
//!   nothing keeps a value in clear beyond the request that reads or writes it.
//! - Each staging label is at one version at most; `labels` alone moves them.
//! - A version's value never changes once it is there.
//! - One row decides about one secret: labels, policy, deletion and rotation change in it, so that one read is consistent.
//!
//! Not here: keys and who may use them (kms), the timers (server).
//! Source: Secrets Manager API Reference and User Guide.

mod access;
mod arn;
mod condition;
mod consumers;
mod deletion;
mod error;
mod filter;
mod labels;
mod listing;
pub mod ops;
mod password;
mod policy;
pub mod replication;
pub mod rotation;
mod sealing;
mod secret;
mod service;
mod setup;
mod tagging;
mod target;
mod value;
mod version;

pub use access::AccessRow;
pub use consumers::ConsumerRow;
pub use deletion::{EndDeletion, secrets_to_delete};
pub use error::SecretsError;
pub use labels::{CURRENT, PENDING, PREVIOUS, Version, Versions};
pub use secret::{Secret, SecretKey, SecretRow};
pub use service::Secrets;
pub use setup::Problem;
pub use value::SecretValue;
pub use version::VersionRow;

/// The service's name in addresses and in `kms:ViaService`.
pub const SERVICE: &str = "secretsmanager";
/// Its name as a principal.
pub const PRINCIPAL: &str = "secretsmanager.amazonaws.com";

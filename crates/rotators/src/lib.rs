//! Built-in rotators: native code that plays a rotation function for a database or a service.
//!
//! What: the steps createSecret, setSecret and testSecret for PostgreSQL, MySQL and MariaDB, Redis, and services with an
//! HTTP interface, for one user or two that take turns. finishSecret moves labels and needs no database.
//! Why here: a rotator knows databases and one secret's value, neither a store nor who may do what.
//!
//! Invariants
//! - Every step may be repeated and ends the same: who logs in with the pending password already has nothing to set.
//! - A password is never in an error, in a log or, where the database lets us, in a statement: PostgreSQL gets a SCRAM
//!   verifier, MariaDB and Redis a hash.
//! - Nothing waits for ever: connecting and every step have limits.
//! - TLS is demanded and verified, unless the host is loopback or the secret says `"ssl": false`.
//!
//! Not here: when and how often (secrets), where values are kept (secrets).
//! Source of the values' form: Secrets Manager User Guide, "JSON structure of secrets"; database manuals as cited.

mod error;
mod http_service;
mod kind;
mod mysql;
mod password;
mod postgres;
mod redis_acl;
mod rotators;
mod settings;
#[cfg(test)]
mod tests;
mod tls;
mod value;

pub use error::{Place, StepError, ValueFault};
pub use kind::{RotatorKind, Strategy};
pub use rotators::{Problem, Rotators, Step};
pub use settings::{RotatorSettings, RotatorsError};
pub use value::{SecretDocument, admin_arn};

//! One transactional store, two engines.
//!
//! What: typed rows, write sets with expected row versions, audit and outbox rows in the same commit,
//! migrations, and the caches that follow commits. SQLite is the embedded engine; the statements are
//! written once, in the SQL that SQLite and PostgreSQL share.
//! Why here: a service decides without a transaction open and hands over a [`WriteSet`]; only this
//! crate knows how it becomes durable.
//!
//! Invariants
//! - A write set is committed whole or not at all, and is durable (fsynced) before `commit` returns.
//! - An update or delete names the row version it relied on; if another commit came first, the answer is
//!   [`CommitError::Conflict`] and nothing was written.
//! - Every row of a table that decides something carries a MAC over all its columns and its version; a
//!   row whose MAC does not fit is refused on read.
//! - Caches are told of a change after it is durable and before its commit is answered.
//! - A failed fsync or I/O error stops the store for good ([`Store::failure`]); nothing is retried.
//!
//! Not here: what the rows mean (the services), wrapping of secrets (crypto).

mod audit;
mod cache;
mod changes;
mod check;
mod dialect;
mod engine;
mod error;
mod freshness;
mod leases;
mod migrations;
mod postgres;
mod row;
mod sql;
mod sqlite;
mod statement;
mod store;
mod value;
mod watermarks;
mod write_set;

pub use audit::{AuditRecord, AuditRow, OutboxRow};
pub use cache::EntityCache;
pub use changes::{Change, Changes};
pub use check::CheckReport;
pub use error::{CommitError, StoreError, Tampering};
pub use freshness::Freshness;
pub use leases::{Lease, LeaseRow};
pub use postgres::{Bootstrapping, Connections, DatabaseReport, PostgresOptions, PostgresUrlError};
pub use row::{Row, RowVersion, TableSpec, Versioned};
pub use store::{Alarm, Store, StoreLocation};
pub use value::{Column, Record, Value};
pub use watermarks::WatermarksError;
pub use write_set::WriteSet;

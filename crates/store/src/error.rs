//! What can go wrong below a request.

use std::path::PathBuf;

/// A read, an open or a migration failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or not in time; trying again later may help.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// A row whose MAC does not fit its content: somebody changed the database behind the service.
    #[error(
        "a row of table {table} does not carry the MAC of its content: the database was changed from outside"
    )]
    Tampered { table: &'static str },
    /// A column holds what no version of this program writes.
    #[error("table {table}, column {column}: not a valid {wanted}")]
    Corrupt { table: &'static str, column: usize, wanted: &'static str },
    /// The database was written by a newer program.
    #[error(
        "the store has schema version {found}, this program knows up to {known}: start the newer release \
         again, or restore the backup made before the upgrade"
    )]
    NewerSchema { found: i64, known: i64 },
    /// An applied migration differs from the one in this program.
    #[error("migration {version} of the store differs from this program's: it was not made by a release")]
    ForeignSchema { version: i64 },
    #[error("cannot open the store {path}: {cause}")]
    Open { path: PathBuf, cause: String },
    /// The database of `--store` cannot be used.
    #[error("cannot use the database {database}: {cause}")]
    Database { database: String, cause: String },
    /// The SQLite library in use has a known fault.
    #[error("SQLite {found} is too old: {needed} or later is needed (WAL-reset race)")]
    OldSqlite { found: String, needed: &'static str },
    /// Another process has the store open.
    #[error("the store {path} is in use by another process")]
    InUse { path: PathBuf },
}

/// A commit was not made.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A row changed since it was read, or exists already: read again and decide again.
    #[error("a row changed since it was read")]
    Conflict,
    /// No space left; nothing was written, and writes work again once there is space.
    #[error("no space left for the store")]
    DiskFull,
    /// Nothing is known to be written; a later attempt may work.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The store has stopped after a failed fsync or I/O error. Whether this commit is durable is unknown.
    #[error("the store has stopped: {0}")]
    Stopped(String),
}

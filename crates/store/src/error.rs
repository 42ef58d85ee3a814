//! What can go wrong below a request.

use std::path::PathBuf;

/// A read, an open or a migration failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or not in time; trying again later may help.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// A row that the service did not write, or not as its last: somebody changed the database behind it.
    #[error("the row {key} of table {table} {how}")]
    Tampered { table: &'static str, key: String, how: Tampering },
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
    #[error(transparent)]
    Watermarks(#[from] crate::WatermarksError),
    #[error("cannot use the database {database}: {cause}")]
    Database { database: String, cause: String },
    /// The SQLite library in use has a known fault.
    #[error("SQLite {found} is too old: {needed} or later is needed (WAL-reset race)")]
    OldSqlite { found: String, needed: &'static str },
    /// Another process has the store open.
    #[error("the store {path} is in use by another process")]
    InUse { path: PathBuf },
}

/// What was done to a row behind the service's back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tampering {
    /// Its MAC does not fit its content.
    Changed,
    /// It is an older one than this node has seen, or one that was deleted.
    RolledBack,
    /// It is not there, and the service did not delete it. Only a check of the whole store tells.
    Removed,
}

impl Tampering {
    /// In one word, for records and counters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "CHANGED",
            Self::RolledBack => "ROLLED_BACK",
            Self::Removed => "REMOVED",
        }
    }
}

impl std::fmt::Display for Tampering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Changed => "does not carry the MAC of its content: the database was changed from outside",
            Self::Removed => "is not there any more, and the service did not delete it",
            Self::RolledBack => {
                "is older than one that this node has seen: it was put back from outside, or the database was restored \
                 from a backup; in that case remove watermarks.db from the data folder of every node"
            }
        })
    }
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

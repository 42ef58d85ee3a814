//! What an engine does.

use crate::dialect::{self, Dialect};
use crate::postgres::PostgresEngine;
use crate::sqlite::SqliteEngine;
use crate::value::Value;
use crate::write_set::WriteSet;
use crate::{CommitError, StoreError};

/// Rows as they come from the database, column by column.
pub(crate) type Rows = Vec<Vec<Value>>;

/// The store's engines. A variant and not a trait object, so that a read costs no allocation for a
/// boxed future.
#[derive(Debug)]
pub(crate) enum Engine {
    Sqlite(SqliteEngine),
    Postgres(PostgresEngine),
}

impl Engine {
    pub(crate) fn dialect(&self) -> &'static Dialect {
        match self {
            Self::Sqlite(_) => &dialect::SQLITE,
            Self::Postgres(_) => &dialect::POSTGRES,
        }
    }

    /// Reads committed rows.
    pub(crate) async fn query(&self, sql: &str, params: &[Value]) -> Result<Rows, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.query(sql, params),
            Self::Postgres(engine) => engine.query(sql, params).await,
        }
    }

    /// Runs one statement that changes rows, in a transaction of its own.
    pub(crate) async fn run(&self, sql: String, params: Vec<Value>) -> Result<Rows, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.run(sql, params).await,
            Self::Postgres(engine) => engine.query(&sql, &params).await,
        }
    }

    /// Makes a finished write set durable.
    pub(crate) async fn commit(&self, writes: WriteSet) -> Result<(), CommitError> {
        match self {
            Self::Sqlite(engine) => engine.commit(writes).await,
            Self::Postgres(engine) => engine.commit(writes).await,
        }
    }

    /// Resolves, with the cause, once the engine has stopped for good.
    pub(crate) async fn failure(&self) -> String {
        match self {
            Self::Sqlite(engine) => engine.failure().await,
            // A database that is away comes back.
            Self::Postgres(_) => std::future::pending().await,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(engine) => engine.close().await,
            Self::Postgres(engine) => engine.close().await,
        }
    }
}

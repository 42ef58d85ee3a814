//! What an engine does; SQLite is the first, PostgreSQL joins as a second variant.

use crate::sqlite::SqliteEngine;
use crate::value::Value;
use crate::write_set::{Change, WriteSet};
use crate::{CommitError, StoreError};

/// Called with the changed rows after they are durable and before the commit is answered.
pub(crate) type ChangeObserver = Box<dyn Fn(&[Change]) + Send + Sync>;

/// The store's engines. A variant and not a trait object, so that a read costs no allocation for a
/// boxed future.
#[derive(Debug)]
pub(crate) enum Engine {
    Sqlite(SqliteEngine),
}

impl Engine {
    /// Reads committed rows.
    pub(crate) async fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Vec<Value>>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.query(sql, params),
        }
    }

    /// Makes a finished write set durable.
    pub(crate) async fn commit(&self, writes: WriteSet) -> Result<(), CommitError> {
        match self {
            Self::Sqlite(engine) => engine.commit(writes).await,
        }
    }

    pub(crate) fn observe(&self, observer: ChangeObserver) {
        match self {
            Self::Sqlite(engine) => engine.observe(observer),
        }
    }

    /// Resolves, with the cause, once the engine has stopped for good.
    pub(crate) async fn failure(&self) -> String {
        match self {
            Self::Sqlite(engine) => engine.failure().await,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(engine) => engine.close().await,
        }
    }
}

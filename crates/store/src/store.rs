//! The store as services see it: typed reads and one `commit`.

use crate::changes::{Changes, Observers};
use crate::engine::{Engine, Rows};
use crate::postgres::{Bootstrapping, PostgresEngine, PostgresOptions};
use crate::row::{Row, RowVersion, Versioned};
use crate::sqlite::SqliteEngine;
use crate::value::{Record, Value};
use crate::write_set::{WriteSet, row_mac};
use crate::{CommitError, Freshness, StoreError, sql};
use keywright_crypto::RowMac;
use keywright_types::Timestamp;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use subtle::ConstantTimeEq as _;

/// Where the store is.
#[derive(Debug, Clone)]
pub enum StoreLocation {
    /// A SQLite file; its folder must exist.
    Sqlite { path: PathBuf },
    /// A database on a PostgreSQL, or on a cluster that speaks as one.
    Postgres(PostgresOptions),
}

/// The store; clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    observers: Arc<Observers>,
    freshness: Freshness,
    mac: OnceLock<RowMac>,
}

impl Store {
    /// Opens the store and brings its schema up to date. Until [`Store::unlock`] only tables without
    /// MACs can be used.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be opened, is in use, or was written by a newer program.
    pub async fn open(location: &StoreLocation, now: Timestamp) -> Result<Self, StoreError> {
        let observers: Arc<Observers> = Arc::default();
        let heard = Arc::clone(&observers);
        let (engine, freshness) = match location {
            StoreLocation::Sqlite { path } => {
                (Engine::Sqlite(SqliteEngine::open(path, heard, now)?), Freshness::exact())
            }
            StoreLocation::Postgres(options) => {
                let freshness = Freshness::within(options.max_staleness);
                let engine = PostgresEngine::open(options, heard, freshness.clone(), now).await?;
                (Engine::Postgres(engine), freshness)
            }
        };
        Ok(Self { inner: Arc::new(Inner { engine, observers, freshness, mac: OnceLock::new() }) })
    }

    /// Whether other nodes may change this store too.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.inner.engine, Engine::Postgres(_))
    }

    /// Whether this node hears of the changes of others: for caches, and for whoever watches.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.inner.freshness.clone()
    }

    /// Keeps other nodes from initialising the store as long as the answer lives.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn bootstrapping(&self) -> Result<Option<Bootstrapping>, StoreError> {
        match &self.inner.engine {
            // The data folder's lock does it.
            Engine::Sqlite(_) => Ok(None),
            Engine::Postgres(engine) => engine.bootstrapping().await.map(Some),
        }
    }

    /// The database's clock.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn database_now(&self) -> Result<Timestamp, StoreError> {
        let rows = self.inner.engine.query(&self.inner.engine.dialect().fill("SELECT {now}"), &[]).await?;
        let mut row = Record::new("clock", rows.into_iter().next().unwrap_or_default());
        row.take()
    }

    /// What an operator wants to know of the connection to the database; none for a file.
    #[must_use]
    pub fn connections(&self) -> Option<crate::Connections> {
        match &self.inner.engine {
            Engine::Sqlite(_) => None,
            Engine::Postgres(engine) => Some(engine.connections()),
        }
    }

    /// Drops what other nodes have heard of long ago.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_old_changes(&self) -> Result<(), StoreError> {
        if self.is_shared() {
            self.run("DELETE FROM changes WHERE at < {now} - 3600000", &[]).await?;
        }
        Ok(())
    }

    /// Gives the store the key of its row MACs, once the root of trust was opened.
    pub fn unlock(&self, mac: RowMac) {
        let first = self.inner.mac.set(mac).is_ok();
        debug_assert!(first, "a store is unlocked once");
    }

    /// Calls `observer` with the rows that each commit changed, after they are durable and before the commit is
    /// answered; with those of other nodes' commits as soon as this node hears of them.
    pub fn observe(&self, observer: impl Fn(Changes<'_>) + Send + Sync + 'static) {
        self.inner.observers.add(Box::new(observer));
    }

    /// The row with that primary key (its columns in the table's order).
    ///
    /// # Errors
    /// [`StoreError`], among them a row whose MAC does not fit.
    pub async fn find<R: Row>(&self, key: &[Value]) -> Result<Option<Versioned<R>>, StoreError> {
        debug_assert_eq!(key.len(), R::TABLE.key_len, "a whole primary key");
        let mut rows = self.inner.engine.query(&sql::select_by_key(R::TABLE), key).await?;
        rows.pop().map(|values| self.typed(values)).transpose()
    }

    /// The rows that satisfy `condition` (what stands behind `FROM table`, such as
    /// `WHERE account = $1 ORDER BY name LIMIT $2`; parameters in order of first appearance).
    ///
    /// # Errors
    /// [`StoreError`], among them a row whose MAC does not fit.
    pub async fn select<R: Row>(
        &self,
        condition: &str,
        params: &[Value],
    ) -> Result<Vec<Versioned<R>>, StoreError> {
        let sql = format!("{} {condition}", sql::select(R::TABLE));
        let rows = self.inner.engine.query(&sql, params).await?;
        rows.into_iter().map(|values| self.typed(values)).collect()
    }

    /// Some columns of some rows, without checking MACs: for lists and counts, never for a decision.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn query(
        &self,
        table: &'static str,
        sql: &str,
        params: &[Value],
    ) -> Result<Vec<Record>, StoreError> {
        let rows = self.inner.engine.query(sql, params).await?;
        Ok(rows.into_iter().map(|values| Record::new(table, values)).collect())
    }

    /// Makes a write set durable, whole or not at all.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] when a row it relied on changed: read and decide again.
    pub async fn commit(&self, mut writes: WriteSet) -> Result<(), CommitError> {
        if writes.is_empty() {
            return Ok(());
        }
        writes.finish(self.inner.mac.get());
        self.inner.engine.commit(writes).await
    }

    /// Resolves, with the cause, once the store has stopped for good (a failed fsync, an I/O error).
    pub async fn failure(&self) -> String {
        self.inner.engine.failure().await
    }

    /// Finishes the commits under way and closes the files.
    pub async fn close(&self) {
        self.inner.engine.close().await;
    }

    /// Runs one statement that changes rows; gives what it returns. Words of the dialect stand in braces.
    pub(crate) async fn run(&self, template: &str, params: &[Value]) -> Result<Rows, StoreError> {
        let engine = &self.inner.engine;
        engine.run(engine.dialect().fill(template), params.to_vec()).await
    }

    fn typed<R: Row>(&self, mut values: Vec<Value>) -> Result<Versioned<R>, StoreError> {
        let table = R::TABLE;
        if table.maced {
            let corrupt = StoreError::Tampered { table: table.name };
            let Some(Value::Blob(stored)) = values.pop() else { return Err(corrupt) };
            let mac = self.inner.mac.get().ok_or_else(|| {
                StoreError::Unavailable("the root of trust has not been opened yet".to_owned())
            })?;
            if !bool::from(row_mac(mac, table, &values).as_slice().ct_eq(stored.as_slice())) {
                return Err(corrupt);
            }
        }
        let mut record = Record::new(table.name, values);
        let row = R::from_record(&mut record)?;
        let version: RowVersion = record.take()?;
        Ok(Versioned { row, version })
    }
}

//! The store as services see it: typed reads and one `commit`.

use crate::changes::{Changes, Observers};
use crate::engine::{Engine, Rows};
use crate::freshness::system_millis;
use crate::postgres::{Bootstrapping, PostgresEngine, PostgresOptions};
use crate::row::{Row, RowVersion, TableSpec, Versioned};
use crate::sqlite::SqliteEngine;
use crate::value::{Record, Value};
use crate::watermarks::{RowName, Watermark, Watermarks, key_text};
use crate::write_set::{WriteSet, row_mac};
use crate::{Column as _, CommitError, Freshness, StoreError, Tampering, sql};
use keywright_crypto::RowMac;
use keywright_types::Timestamp;
use parking_lot::RwLock;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use subtle::ConstantTimeEq as _;

/// Where the store is.
#[derive(Debug, Clone)]
pub enum StoreLocation {
    /// A SQLite file; its folder must exist.
    Sqlite { path: PathBuf },
    /// A database on a PostgreSQL, or on a cluster that speaks as one.
    Postgres(Box<PostgresOptions>),
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
    watermarks: Watermarks,
    /// How far the database's clock is ahead of this machine's, in milliseconds.
    clock: Arc<AtomicI64>,
    alarms: RwLock<Vec<AlarmObserver>>,
    reads: AtomicU64,
}

/// A row that is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Alarm {
    pub table: &'static str,
    /// Its primary key as a JSON array.
    pub key: String,
    pub how: Tampering,
}

type AlarmObserver = Box<dyn Fn(&Alarm) + Send + Sync>;

impl Store {
    /// Opens the store and brings its schema up to date. `watermarks` is the file of this node's memory of row
    /// versions, outside the database. Until [`Store::unlock`] only tables without
    /// MACs can be used.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be opened, is in use, or was written by a newer program.
    pub async fn open(
        location: &StoreLocation,
        watermarks: &Path,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let watermarks = Watermarks::open(watermarks)?;
        let observers: Arc<Observers> = Arc::default();
        let remembering = watermarks.clone();
        // The first to hear: what a cache loads anew must be as new as what it was told of.
        observers.add(Box::new(move |changes| remember(&remembering, changes)));
        let clock: Arc<AtomicI64> = Arc::default();
        let heard = Arc::clone(&observers);
        let (engine, freshness) = match location {
            StoreLocation::Sqlite { path } => {
                (Engine::Sqlite(SqliteEngine::open(path, heard, now)?), Freshness::exact())
            }
            StoreLocation::Postgres(options) => {
                let freshness = Freshness::within(options.max_staleness);
                let told = (freshness.clone(), Arc::clone(&clock));
                let engine = PostgresEngine::open(options, heard, told.0, told.1, now).await?;
                (Engine::Postgres(engine), freshness)
            }
        };
        let inner = Inner {
            engine,
            observers,
            freshness,
            mac: OnceLock::new(),
            watermarks,
            clock,
            alarms: RwLock::default(),
            reads: AtomicU64::new(0),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Opens a store to look at it: nothing is written, no schema is brought up to date, and a server may run on it.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be opened.
    pub async fn open_read_only(location: &StoreLocation, watermarks: &Path) -> Result<Self, StoreError> {
        let watermarks = Watermarks::open_read_only(watermarks)?;
        let engine = match location {
            StoreLocation::Sqlite { path } => Engine::Sqlite(SqliteEngine::open_read_only(path)?),
            StoreLocation::Postgres(options) => {
                Engine::Postgres(PostgresEngine::open_read_only(options).await?)
            }
        };
        let inner = Inner {
            engine,
            observers: Arc::default(),
            freshness: Freshness::exact(),
            mac: OnceLock::new(),
            watermarks,
            clock: Arc::default(),
            alarms: RwLock::default(),
            reads: AtomicU64::new(0),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Calls `observer` whenever a row is not believed.
    pub fn watch(&self, observer: impl Fn(&Alarm) + Send + Sync + 'static) {
        self.inner.alarms.write().push(Box::new(observer));
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

    /// What the database says of itself; none for a file.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn diagnose(&self) -> Result<Option<crate::DatabaseReport>, StoreError> {
        match &self.inner.engine {
            Engine::Sqlite(_) => Ok(None),
            Engine::Postgres(engine) => engine.diagnose().await.map(Some),
        }
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
        let sql = sql::select_by_key(R::TABLE);
        let Some(values) = self.read(&sql, key).await?.pop() else { return Ok(None) };
        let found = self.typed::<R>(values)?;
        let Some(known) = self.doubt(R::TABLE, key, found.version) else { return Ok(Some(found)) };
        // It may have changed between the read and the look at the watermark. What is read now is newer than that.
        let Some(values) = self.read(&sql, key).await?.pop() else { return Ok(None) };
        let found = self.typed::<R>(values)?;
        if is_below(found.version, known) {
            return Err(self.alarm(R::TABLE, key, Tampering::RolledBack));
        }
        Ok(Some(found))
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
        let rows = self.read(&sql, params).await?;
        let mut found = Vec::with_capacity(rows.len());
        for values in rows {
            let row = self.typed::<R>(values)?;
            if Watermarks::concern(R::TABLE) {
                let key = row.row.key_values();
                if self.doubt(R::TABLE, &key, row.version).is_some() {
                    found.extend(self.find::<R>(&key).await?);
                    continue;
                }
            }
            found.push(row);
        }
        Ok(found)
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
        let rows = self.read(sql, params).await?;
        Ok(rows.into_iter().map(|values| Record::new(table, values)).collect())
    }

    /// How many times rows were read from the database so far: what caches are there to keep low.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.inner.reads.load(Ordering::Relaxed)
    }

    async fn read(&self, sql: &str, params: &[Value]) -> Result<Rows, StoreError> {
        self.inner.reads.fetch_add(1, Ordering::Relaxed);
        self.inner.engine.query(sql, params).await
    }

    /// Makes a write set durable, whole or not at all.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] when a row it relied on changed: read and decide again.
    pub async fn commit(&self, mut writes: WriteSet) -> Result<(), CommitError> {
        if writes.is_empty() {
            return Ok(());
        }
        writes.finish(self.inner.mac.get(), |table, key| self.first_version(table, key));
        self.inner.engine.commit(writes).await
    }

    /// Resolves, with the cause, once the store has stopped for good (a failed fsync, an I/O error).
    pub async fn failure(&self) -> String {
        self.inner.engine.failure().await
    }

    /// Finishes the commits under way and closes the files.
    pub async fn close(&self) {
        self.inner.engine.close().await;
        let watermarks = self.inner.watermarks.clone();
        let _closed = tokio::task::spawn_blocking(move || watermarks.close()).await;
    }

    /// Runs one statement that changes rows; gives what it returns. Words of the dialect stand in braces.
    pub(crate) async fn run(&self, template: &str, params: &[Value]) -> Result<Rows, StoreError> {
        let engine = &self.inner.engine;
        engine.run(engine.dialect().fill(template), params.to_vec()).await
    }

    fn typed<R: Row>(&self, mut values: Vec<Value>) -> Result<Versioned<R>, StoreError> {
        let table = R::TABLE;
        if table.maced {
            if !self.mac_fits(table, &values)? {
                let key = values.get(..table.key_len).unwrap_or_default();
                return Err(self.alarm(table, key, Tampering::Changed));
            }
            values.pop();
        }
        let mut record = Record::new(table.name, values);
        let row = R::from_record(&mut record)?;
        let version: RowVersion = record.take()?;
        Ok(Versioned { row, version })
    }

    /// Whether the last value is the MAC of those before it.
    fn mac_fits(&self, table: &TableSpec, values: &[Value]) -> Result<bool, StoreError> {
        let Some((Value::Blob(stored), values)) = values.split_last() else { return Ok(false) };
        let mac =
            self.inner.mac.get().ok_or_else(|| {
                StoreError::Unavailable("the root of trust has not been opened yet".to_owned())
            })?;
        Ok(row_mac(mac, table, values).as_slice().ct_eq(stored.as_slice()).into())
    }

    /// The version of a row as stored, or none if its MAC does not fit.
    pub(crate) fn checked_version(
        &self,
        table: &TableSpec,
        values: Vec<Value>,
    ) -> Result<Option<RowVersion>, StoreError> {
        if !self.mac_fits(table, &values)? {
            return Ok(None);
        }
        Ok(values.into_iter().nth(table.columns.len()).and_then(RowVersion::from_value))
    }

    /// Rows as they are.
    pub(crate) async fn raw(&self, sql: &str, params: &[Value]) -> Result<Rows, StoreError> {
        self.inner.engine.query(sql, params).await
    }

    pub(crate) fn watermark(&self, table: &TableSpec, key: &[Value]) -> Option<Watermark> {
        self.watermark_named(&RowName::new(table.name, key))
    }

    pub(crate) fn watermark_named(&self, name: &RowName) -> Option<Watermark> {
        self.inner.watermarks.find(name)
    }

    pub(crate) fn went_with_its_parent(&self, name: &RowName) -> bool {
        self.inner.watermarks.went_with_its_parent(name)
    }

    /// The rows of a table that this node remembers as there.
    pub(crate) fn remembered(&self, table: &TableSpec) -> Vec<RowName> {
        self.inner.watermarks.live(table.name)
    }

    /// The version of a row that is inserted: later than that of any row of this key before it, on any node, which
    /// is what the database's clock is good for.
    fn first_version(&self, table: &TableSpec, key: &[Value]) -> RowVersion {
        if !Watermarks::concern(table) {
            return RowVersion::FIRST;
        }
        let now = system_millis() + self.inner.clock.load(Ordering::Relaxed);
        let known = self.inner.watermarks.find(&RowName::new(table.name, key));
        RowVersion(known.map_or(now, |known| now.max(known.version + 1)))
    }

    /// The watermark that a row read in `version` is below; none if it is not, and then it is the watermark.
    fn doubt(&self, table: &TableSpec, key: &[Value], version: RowVersion) -> Option<Watermark> {
        if !Watermarks::concern(table) {
            return None;
        }
        let name = RowName::new(table.name, key);
        let known = self.inner.watermarks.find(&name);
        if known.is_none_or(|known| known.version < version.0) {
            self.inner.watermarks.raise(name, Watermark { version: version.0, deleted: false });
        }
        known.filter(|known| is_below(version, *known))
    }

    fn alarm(&self, table: &'static TableSpec, key: &[Value], how: Tampering) -> StoreError {
        let alarm = Alarm { table: table.name, key: key_text(key), how };
        for observer in self.inner.alarms.read().iter() {
            observer(&alarm);
        }
        StoreError::Tampered { table: alarm.table, key: alarm.key, how }
    }
}

pub(crate) fn is_below(version: RowVersion, known: Watermark) -> bool {
    version.0 < known.version || (version.0 == known.version && known.deleted)
}

fn remember(watermarks: &Watermarks, changes: Changes<'_>) {
    let Changes::Rows(changes) = changes else { return };
    for change in changes {
        if Watermarks::concern_named(&change.table) {
            let mark = Watermark { version: change.version, deleted: change.deleted };
            watermarks.raise(RowName::new(&change.table, &change.key), mark);
        }
    }
}

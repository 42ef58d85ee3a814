//! The engine for many nodes: a database on PostgreSQL, or on a cluster that speaks as one.
//!
//! Nothing rests on SERIALIZABLE or on replicas: row versions and row locks under READ COMMITTED, and every read
//! goes to the primary. What other nodes change is heard of through `changes` rows (see `feed`).

mod commit;
mod diagnose;
mod fault;
mod feed;
mod migrate;
mod options;
mod pool;
mod tls;
mod values;

use crate::changes::Observers;
use crate::engine::Rows;
use crate::value::Value;
use crate::{Freshness, StoreError};
pub use diagnose::DatabaseReport;
use fault::Fault;
use feed::Feed;
use keywright_types::Timestamp;
use migrate::MIGRATION_LOCK;
pub use options::{PostgresOptions, PostgresUrlError};
pub use pool::Connections;
use pool::Pool;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

/// The oldest PostgreSQL with 64-bit transaction ids in SQL (`pg_current_xact_id`).
const OLDEST_VERSION: i64 = 130_000;

pub(crate) struct PostgresEngine {
    pool: Pool,
    timeout: Duration,
    flavour: Flavour,
    observers: Arc<Observers>,
    own: Own,
    feed: parking_lot::Mutex<Option<tokio::task::JoinHandle<()>>>,
    closing: AtomicBool,
    database: String,
}

/// The change ids of this node's own commits, which its caches hear of before the answer and not from the feed.
#[derive(Clone, Default)]
struct Own(Arc<parking_lot::Mutex<HashSet<String>>>);

/// More than a node commits while its feed is away; beyond it changes are heard of twice, which does no harm.
const OWN_MAX: usize = 100_000;

impl Own {
    fn add(&self, change_id: &str) {
        let mut own = self.0.lock();
        if own.len() >= OWN_MAX {
            own.clear();
        }
        own.insert(change_id.to_owned());
    }

    /// Whether it was this node's; asked once for each.
    fn take(&self, change_id: &str) -> bool {
        self.0.lock().remove(change_id)
    }
}

/// What kind of database answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flavour {
    Postgres,
    /// A cluster that speaks PostgreSQL's protocol without its transaction ids.
    Other,
}

impl Flavour {
    /// The id of the transaction under way.
    const fn txid(self) -> &'static str {
        match self {
            Self::Postgres => "CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)",
            Self::Other => "0",
        }
    }

    /// The oldest transaction not finished in this statement's view.
    const fn xmin(self) -> &'static str {
        match self {
            Self::Postgres => "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)",
            Self::Other => "CAST(0 AS BIGINT)",
        }
    }
}

impl std::fmt::Debug for PostgresEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresEngine").field("database", &self.database).finish_non_exhaustive()
    }
}

/// Held while a node initialises an empty store; dropping it lets the next one look.
#[derive(Debug)]
pub struct Bootstrapping {
    _connection: deadpool_postgres::ClientWrapper,
}

impl PostgresEngine {
    pub(crate) async fn open(
        options: &PostgresOptions,
        observers: Arc<Observers>,
        freshness: Freshness,
        clock: Arc<AtomicI64>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let engine = Self::connect(options, observers).await?;
        engine.migrate(now).await?;
        let pool = Pool::new(options, 1);
        let observers = Arc::clone(&engine.observers);
        let mut feed = Feed::new(pool, engine.flavour, observers, engine.own.clone(), freshness, clock);
        feed.look().await.map_err(StoreError::Unavailable)?;
        *engine.feed.lock() = Some(tokio::spawn(feed.run()));
        Ok(engine)
    }

    /// For whoever only reads.
    pub(crate) async fn open_read_only(options: &PostgresOptions) -> Result<Self, StoreError> {
        Self::connect(options, Arc::default()).await
    }

    async fn connect(options: &PostgresOptions, observers: Arc<Observers>) -> Result<Self, StoreError> {
        let mut engine = Self {
            pool: Pool::new(options, options.connections_max),
            timeout: options.timeout,
            flavour: Flavour::Other,
            observers,
            own: Own::default(),
            feed: parking_lot::Mutex::new(None),
            closing: AtomicBool::new(false),
            database: options.to_string(),
        };
        let found = engine.flavour_found().await.map_err(|fault| StoreError::Database {
            database: engine.database.clone(),
            cause: match fault {
                StoreError::Unavailable(cause) => cause,
                other => other.to_string(),
            },
        })?;
        if !options.without_transaction_ids {
            engine.flavour = found;
        }
        Ok(engine)
    }

    async fn flavour_found(&self) -> Result<Flavour, StoreError> {
        let rows = self
            .query("SELECT version(), CAST(current_setting('server_version_num') AS BIGINT)", &[])
            .await?;
        let Some([Value::Text(version), Value::Int(number)]) = rows.first().map(Vec::as_slice) else {
            return Err(StoreError::Unavailable("the server does not say its version".to_owned()));
        };
        if !version.starts_with("PostgreSQL") || version.contains("YB") {
            tracing::warn!(
                version,
                "this is not PostgreSQL itself: see docs/postgresql.md for what was tested"
            );
            return Ok(Flavour::Other);
        }
        if *number < OLDEST_VERSION {
            return Err(StoreError::Unavailable(format!(
                "PostgreSQL 13 or later is needed, this is {version}"
            )));
        }
        Ok(Flavour::Postgres)
    }

    /// Runs one statement. It is tried a second time on a new connection if the first was lost before the database
    /// can have begun, as after its restart.
    pub(crate) async fn query(&self, sql: &str, params: &[Value]) -> Result<Rows, StoreError> {
        match self.query_once(sql, params).await {
            Err(Fault::Lost(cause)) if is_read(sql) => {
                tracing::debug!(cause, "a read lost its connection; it is tried again");
                self.query_once(sql, params).await
            }
            other => other,
        }
        .map_err(Fault::into_store_error)
    }

    async fn query_once(&self, sql: &str, params: &[Value]) -> Result<Rows, Fault> {
        let connection = self.pool.get().await?;
        let answer = async {
            let statement = connection.prepare_cached(sql).await?;
            connection.query(&statement, &values::params(params)).await.and_then(values::rows)
        };
        let outcome = match tokio::time::timeout(self.timeout, answer).await {
            Ok(Ok(rows)) => return Ok(rows),
            Ok(Err(error)) => Fault::of(&error),
            Err(_) => Fault::silent(self.timeout),
        };
        if outcome.spoils_the_connection() {
            self.pool.discard(connection, &outcome);
        }
        Err(outcome)
    }

    /// Waits until no other node initialises this store.
    pub(crate) async fn bootstrapping(&self) -> Result<Bootstrapping, StoreError> {
        let connection = self.pool.get().await.map_err(Fault::into_store_error)?;
        let connection = deadpool_postgres::Object::take(connection);
        // The other node needs a second or two; a minute means that it hangs.
        let lock = format!(
            "SET lock_timeout = 0; SET statement_timeout = 60000; SELECT pg_advisory_lock({})",
            MIGRATION_LOCK + 1
        );
        let failed = |error: tokio_postgres::Error| Fault::of(&error).into_store_error();
        connection.batch_execute(&lock).await.map_err(failed)?;
        Ok(Bootstrapping { _connection: connection })
    }

    pub(crate) fn connections(&self) -> Connections {
        self.pool.status(self.database.clone())
    }

    pub(crate) async fn close(&self) {
        self.closing.store(true, Ordering::Release);
        let feed = self.feed.lock().take();
        if let Some(feed) = feed {
            feed.abort();
            let _ended = feed.await;
        }
        self.pool.close();
    }
}

fn is_read(sql: &str) -> bool {
    sql.starts_with("SELECT")
}

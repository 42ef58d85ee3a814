//! The embedded engine: one SQLite file in WAL mode.
//!
//! One writer thread owns the only writing connection and commits many write sets in one transaction
//! (group commit): each in its own savepoint, so that one conflict does not spoil its neighbours, with
//! one fsync for all. Readers use a small pool of read-only connections and run where they are asked: a
//! point read takes microseconds, less than a hop to another thread. Only the writer checkpoints.

mod open;
mod writer;

use crate::changes::Observers;
use crate::engine::Rows;
use crate::value::Value;
use crate::write_set::WriteSet;
use crate::{CommitError, StoreError};
use keywright_types::Timestamp;
use parking_lot::Mutex;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use writer::{Job, Task};

/// Write sets waiting for the writer before a committer has to wait in turn.
const QUEUE_LEN: usize = 1024;
/// Idle read connections kept for reuse.
const READERS_KEPT: usize = 8;

pub(crate) struct SqliteEngine {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    failed: watch::Receiver<Option<String>>,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl std::fmt::Debug for SqliteEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteEngine").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SqliteEngine {
    pub(crate) fn open(path: &Path, observers: Arc<Observers>, now: Timestamp) -> Result<Self, StoreError> {
        let connection = open::writer(path, now)?;
        let (jobs, queue) = mpsc::channel(QUEUE_LEN);
        let (failing, failed) = watch::channel(None);
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer::run(connection, queue, &observers, &failing))
            .map_err(|cause| StoreError::Unavailable(cause.to_string()))?;
        Ok(Self {
            path: path.to_owned(),
            readers: Mutex::new(Vec::new()),
            jobs: Mutex::new(Some(jobs)),
            failed,
            writer: Mutex::new(Some(writer)),
        })
    }

    /// For whoever only reads, beside a server that writes.
    pub(crate) fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let first = open::reader(path)?;
        let (_, failed) = watch::channel(None);
        Ok(Self {
            path: path.to_owned(),
            readers: Mutex::new(vec![first]),
            jobs: Mutex::new(None),
            failed,
            writer: Mutex::new(None),
        })
    }

    pub(crate) fn query(&self, sql: &str, params: &[Value]) -> Result<Rows, StoreError> {
        let pooled = self.readers.lock().pop();
        let connection = match pooled {
            Some(connection) => connection,
            None => open::reader(&self.path)?,
        };
        let rows = run_query(&connection, sql, params);
        if rows.is_ok() {
            let mut readers = self.readers.lock();
            if readers.len() < READERS_KEPT {
                readers.push(connection);
            }
        }
        rows.map_err(|cause| StoreError::Unavailable(cause.to_string()))
    }

    pub(crate) async fn commit(&self, writes: WriteSet) -> Result<(), CommitError> {
        self.queue(Task::Commit(writes)).await.map(drop)
    }

    /// A statement on its own that changes rows and gives some back.
    pub(crate) async fn run(&self, sql: String, params: Vec<Value>) -> Result<Rows, StoreError> {
        let done = self.queue(Task::Statement { sql, params }).await;
        done.map_err(|fault| StoreError::Unavailable(fault.to_string()))
    }

    async fn queue(&self, task: Task) -> Result<Rows, CommitError> {
        let stopped =
            || CommitError::Stopped(self.failed.borrow().clone().unwrap_or_else(|| "closed".to_owned()));
        let jobs = self.jobs.lock().clone().ok_or_else(stopped)?;
        let (answer, answered) = oneshot::channel();
        jobs.send(Job { task, answer }).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }

    pub(crate) async fn failure(&self) -> String {
        let mut failed = self.failed.clone();
        let cause = failed.wait_for(Option::is_some).await.ok().and_then(|cause| cause.clone());
        match cause {
            Some(cause) => cause,
            // Closed in good order: there will be no failure.
            None => std::future::pending().await,
        }
    }

    pub(crate) async fn close(&self) {
        self.jobs.lock().take();
        let writer = self.writer.lock().take();
        if let Some(writer) = writer {
            // The thread ends once the queue is drained; joining it blocks, so not on a worker.
            let _ended = tokio::task::spawn_blocking(move || writer.join()).await;
        }
        self.readers.lock().clear();
    }
}

/// Binds in order of first appearance, which is how SQLite numbers `$1`, `$2`, ….
fn bind(statement: &mut rusqlite::CachedStatement<'_>, params: &[Value]) -> rusqlite::Result<()> {
    for (at, value) in params.iter().enumerate() {
        match value {
            Value::Null => statement.raw_bind_parameter(at + 1, rusqlite::types::Null)?,
            Value::Int(number) => statement.raw_bind_parameter(at + 1, number)?,
            Value::Text(text) => statement.raw_bind_parameter(at + 1, text)?,
            Value::Blob(blob) => statement.raw_bind_parameter(at + 1, blob)?,
        }
    }
    Ok(())
}

fn run_query(connection: &Connection, sql: &str, params: &[Value]) -> rusqlite::Result<Rows> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    bind(&mut statement, params)?;
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(columns);
        for at in 0..columns {
            values.push(match row.get_ref(at)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Int(number),
                ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(blob) => Value::Blob(blob.to_vec()),
                // No column of ours is a float; the typed read then says which one it was.
                ValueRef::Real(_) => Value::Null,
            });
        }
        found.push(values);
    }
    Ok(found)
}

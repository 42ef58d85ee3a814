//! The writer thread: group commit.

use super::bind;
use crate::engine::ChangeObserver;
use crate::row::RowVersion;
use crate::value::Value;
use crate::write_set::{Change, Write, WriteSet};
use crate::{CommitError, sql};
use parking_lot::RwLock;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot, watch};

/// A write set and who waits for it.
pub(super) struct Job {
    pub(super) writes: WriteSet,
    pub(super) answer: oneshot::Sender<Result<(), CommitError>>,
}

/// Write sets in one transaction, at most; bounds how long the first of them waits for the last.
const GROUP_LEN: usize = 256;

/// Why a whole group failed.
enum GroupError {
    /// Nothing of the group is written; later groups may be.
    Refused(CommitError),
    /// It is unknown what is on the disk: stop.
    Broken(String),
}

pub(super) fn run(
    mut connection: Connection,
    mut queue: mpsc::Receiver<Job>,
    observers: &RwLock<Vec<ChangeObserver>>,
    failing: &watch::Sender<Option<String>>,
) {
    while let Some(first) = queue.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP_LEN {
            match queue.try_recv() {
                Ok(job) => group.push(job),
                Err(_) => break,
            }
        }
        match commit_group(&mut connection, &group) {
            Ok(outcomes) => {
                for (job, outcome) in group.into_iter().zip(outcomes) {
                    if outcome.is_ok() {
                        tell(observers, &job.writes.changes());
                    }
                    // The committer may have gone away; its write is durable all the same.
                    let _ignored = job.answer.send(outcome);
                }
            }
            Err(GroupError::Refused(cause)) => {
                tracing::warn!(%cause, "a group of commits was refused");
                for job in group {
                    let _ignored = job.answer.send(Err(match &cause {
                        CommitError::DiskFull => CommitError::DiskFull,
                        other => CommitError::Unavailable(other.to_string()),
                    }));
                }
            }
            Err(GroupError::Broken(cause)) => {
                tracing::error!(%cause, "the store cannot be written any more; stopping");
                for job in group {
                    let _ignored = job.answer.send(Err(CommitError::Stopped(cause.clone())));
                }
                failing.send_replace(Some(cause));
                return;
            }
        }
    }
}

fn tell(observers: &RwLock<Vec<ChangeObserver>>, changes: &[Change]) {
    for observer in observers.read().iter() {
        observer(changes);
    }
}

fn commit_group(
    connection: &mut Connection,
    group: &[Job],
) -> Result<Vec<Result<(), CommitError>>, GroupError> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(classify)?;
    let mut outcomes = Vec::with_capacity(group.len());
    for job in group {
        transaction.execute_batch("SAVEPOINT one").map_err(classify)?;
        let outcome = apply(&transaction, &job.writes).map_err(classify)?;
        match outcome {
            Applied::Whole => outcomes.push(Ok(())),
            Applied::Conflict => {
                transaction.execute_batch("ROLLBACK TO one").map_err(classify)?;
                outcomes.push(Err(CommitError::Conflict));
            }
        }
        transaction.execute_batch("RELEASE one").map_err(classify)?;
    }
    transaction.commit().map_err(classify)?;
    Ok(outcomes)
}

enum Applied {
    Whole,
    Conflict,
}

fn apply(connection: &Connection, writes: &WriteSet) -> rusqlite::Result<Applied> {
    for write in &writes.writes {
        let rows = match write {
            Write::Insert { table, values } => execute(connection, &sql::insert(table), values)?,
            Write::Put { table, values } => execute(connection, &sql::put(table), values)?,
            Write::Update { table, values, expected } => {
                let mut params = values[table.key_len..].to_vec();
                params.extend_from_slice(&values[..table.key_len]);
                params.push(version(*expected));
                execute(connection, &sql::update(table), &params)?
            }
            Write::Delete { table, key, expected } => {
                let mut params = key.clone();
                params.push(version(*expected));
                execute(connection, &sql::delete(table), &params)?
            }
            Write::DeleteChildren { table, parent } => {
                execute(connection, &sql::delete_children(table, parent.len()), parent)?;
                continue;
            }
            Write::Expect { table, key, expected } => {
                let mut params = key.clone();
                params.push(version(*expected));
                super::run_query(connection, &sql::expect(table), &params)?.len()
            }
        };
        if rows != 1 {
            return Ok(Applied::Conflict);
        }
    }
    Ok(Applied::Whole)
}

fn version(expected: RowVersion) -> Value {
    Value::Int(expected.0)
}

fn execute(connection: &Connection, sql: &str, params: &[Value]) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, params)?;
    statement.raw_execute()
}

/// Sorts SQLite's errors into those after which the file is as before and those after which nobody knows.
fn classify(cause: rusqlite::Error) -> GroupError {
    match cause.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => GroupError::Refused(CommitError::DiskFull),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OutOfMemory) => {
            GroupError::Refused(CommitError::Unavailable(cause.to_string()))
        }
        _ => GroupError::Broken(cause.to_string()),
    }
}

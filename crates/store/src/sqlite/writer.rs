//! The writer thread: group commit.

use super::{bind, run_query};
use crate::CommitError;
use crate::changes::{Changes, Observers};
use crate::engine::Rows;
use crate::statement::Must;
use crate::value::Value;
use crate::write_set::WriteSet;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot, watch};

/// Something to write and who waits for it.
pub(super) struct Job {
    pub(super) task: Task,
    pub(super) answer: oneshot::Sender<Result<Rows, CommitError>>,
}

pub(super) enum Task {
    Commit(WriteSet),
    /// A statement on its own, for the rows that it gives back.
    Statement {
        sql: String,
        params: Vec<Value>,
    },
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
    observers: &Observers,
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
                    if let (Ok(_), Task::Commit(writes)) = (&outcome, &job.task) {
                        observers.tell(Changes::Rows(&writes.changes()));
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

fn commit_group(
    connection: &mut Connection,
    group: &[Job],
) -> Result<Vec<Result<Rows, CommitError>>, GroupError> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(classify)?;
    let mut outcomes = Vec::with_capacity(group.len());
    for job in group {
        transaction.execute_batch("SAVEPOINT one").map_err(classify)?;
        let outcome = match &job.task {
            Task::Commit(writes) => match apply(&transaction, writes) {
                // Another row has what must be unique: as much a conflict as a row that changed.
                Err(cause) if is_unique_violation(&cause) => None,
                outcome => outcome.map_err(classify)?,
            },
            Task::Statement { sql, params } => Some(run_query(&transaction, sql, params).map_err(classify)?),
        };
        if outcome.is_none() {
            transaction.execute_batch("ROLLBACK TO one").map_err(classify)?;
        }
        outcomes.push(outcome.ok_or(CommitError::Conflict));
        transaction.execute_batch("RELEASE one").map_err(classify)?;
    }
    transaction.commit().map_err(classify)?;
    Ok(outcomes)
}

/// Writes a whole write set; none if something that it relied on is no longer so.
fn apply(connection: &Connection, writes: &WriteSet) -> rusqlite::Result<Option<Rows>> {
    for write in &writes.writes {
        let statement = write.statement();
        let as_relied_on = match statement.must {
            Must::WriteOne => execute(connection, &statement.sql, &statement.params)? == 1,
            Must::SeeOne => run_query(connection, &statement.sql, &statement.params)?.len() == 1,
            Must::Run => {
                execute(connection, &statement.sql, &statement.params)?;
                true
            }
        };
        if !as_relied_on {
            return Ok(None);
        }
    }
    Ok(Some(Rows::new()))
}

fn execute(connection: &Connection, sql: &str, params: &[Value]) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, params)?;
    statement.raw_execute()
}

fn is_unique_violation(cause: &rusqlite::Error) -> bool {
    cause.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE)
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

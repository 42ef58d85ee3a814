//! Commit, then record: the one way a change becomes an answer.
//!
//! The trail is the chain of record; the audit rows of a commit are its write-ahead. After the commit their
//! records go to the trail, and only then may the answer leave. If the process dies in between, the next
//! start appends what the trail lacks (`audit_log`), or another node does, after a while.

use crate::app::App;
use crate::audit_log;
use keywright_store::{AuditRecord, CommitError, WriteSet};
use keywright_trail::TrailError;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// A client is told after this long that it is not known yet whether its change was made.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// A commit that took longer than this may have been taken for a dead node's by another.
const SURELY_OURS: Duration = Duration::from_secs(10);

/// A commit that is on its way, or whose outcome is being found out.
pub(crate) type Settling = JoinHandle<Result<(), JournalError>>;

/// Why a change is not answered.
#[derive(Debug)]
pub(crate) enum JournalError {
    Commit(CommitError),
    /// The database went away in the middle: the change may be made or not. It ends by itself, and is recorded then.
    Unsettled(Settling),
    /// Committed, but not recorded: the request fails, and the record follows at the next start.
    Trail(TrailError),
}

/// What a client is told then.
pub(crate) fn unsettled() -> CommitError {
    CommitError::Unavailable(
        "the database went away in the middle of a commit: its outcome is not known yet".to_owned(),
    )
}

/// Makes a write set durable and appends its audit records to the trail.
///
/// It runs as a task of its own: a client that hangs up in between must not keep the record of a committed
/// change out of the trail.
pub(crate) async fn commit(app: &Arc<App>, writes: WriteSet) -> Result<(), JournalError> {
    let app = Arc::clone(app);
    let mut task = tokio::spawn(async move { commit_and_record(&app, writes).await });
    match tokio::time::timeout(ANSWER_WITHIN, &mut task).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(cause)) => Err(JournalError::Trail(TrailError::Stopped { cause: cause.to_string() })),
        Err(_) => Err(JournalError::Unsettled(task)),
    }
}

async fn commit_and_record(app: &App, mut writes: WriteSet) -> Result<(), JournalError> {
    let began = Instant::now();
    let mut audits = writes.write_ahead(app.trail.head().seq);
    app.store.commit(writes).await.map_err(JournalError::Commit)?;
    if app.store.is_shared() && began.elapsed() > SURELY_OURS {
        audits = still_ours(app, audits).await;
    }
    if audits.is_empty() {
        return Ok(());
    }
    let mut records = Vec::with_capacity(audits.len());
    let mut ids = Vec::with_capacity(audits.len());
    for audit in audits {
        ids.push(audit.event_id);
        records.push(audit.record);
    }
    app.trail.append_all(records).await.map_err(JournalError::Trail)?;
    app.audit_log.appended(ids);
    Ok(())
}

/// Those that no other node has recorded meanwhile, taking this one for dead. Without an answer of the store they are
/// recorded: better twice, under the same event id, than not at all.
async fn still_ours(app: &App, audits: Vec<AuditRecord>) -> Vec<AuditRecord> {
    let mut ours = Vec::with_capacity(audits.len());
    for audit in audits {
        if audit_log::is_ours(app, audit.event_id).await {
            ours.push(audit);
        }
    }
    ours
}

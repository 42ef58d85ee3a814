//! Commit, then record: the one way a change becomes an answer.
//!
//! The trail is the chain of record; the audit rows of a commit are its write-ahead. After the commit their
//! records go to the trail, and only then may the answer leave. If the process dies in between, the next
//! start appends what the trail lacks (`audit_log`).

use crate::app::App;
use keywright_store::{CommitError, WriteSet};
use keywright_trail::TrailError;
use std::sync::Arc;

/// Why a change is not answered.
#[derive(Debug)]
pub(crate) enum JournalError {
    Commit(CommitError),
    /// Committed, but not recorded: the request fails, and the record follows at the next start.
    Trail(TrailError),
}

/// Makes a write set durable and appends its audit records to the trail.
///
/// It runs as a task of its own: a client that hangs up in between must not keep the record of a committed
/// change out of the trail.
pub(crate) async fn commit(app: &Arc<App>, writes: WriteSet) -> Result<(), JournalError> {
    let app = Arc::clone(app);
    match tokio::spawn(async move { commit_and_record(&app, writes).await }).await {
        Ok(outcome) => outcome,
        Err(cause) => Err(JournalError::Trail(TrailError::Stopped { cause: cause.to_string() })),
    }
}

async fn commit_and_record(app: &App, mut writes: WriteSet) -> Result<(), JournalError> {
    let audits = writes.write_ahead(app.trail.head().seq);
    app.store.commit(writes).await.map_err(JournalError::Commit)?;
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

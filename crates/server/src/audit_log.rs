//! The audit rows whose records are in the trail but not yet known to be durable there.

use crate::app::App;
use keywright_store::{AuditRow, Column as _, StoreError, WriteSet};
use keywright_types::{EventId, NodeId};
use parking_lot::Mutex;

/// Records appended since the trail was last synced.
#[derive(Debug, Default)]
pub(crate) struct AuditLog {
    appended: Mutex<Vec<EventId>>,
}

/// Marks cleared in one commit, at most.
const CLEARED_AT_ONCE: usize = 500;

impl AuditLog {
    pub(crate) fn appended(&self, ids: impl IntoIterator<Item = EventId>) {
        self.appended.lock().extend(ids);
    }

    fn take(&self) -> Vec<EventId> {
        std::mem::take(&mut *self.appended.lock())
    }
}

/// Syncs the trail and clears the write-ahead marks of what it holds. A failure leaves the marks: the next
/// start looks for their records and finds them.
pub(crate) async fn clear_marks(app: &App) {
    let ids = app.audit_log.take();
    if ids.is_empty() {
        return;
    }
    if let Err(fault) = app.trail.sync().await {
        tracing::error!(%fault, "the trail could not be synced");
        app.audit_log.appended(ids);
        return;
    }
    for chunk in ids.chunks(CLEARED_AT_ONCE) {
        let mut writes = WriteSet::default();
        for id in chunk {
            writes.audit_logged(*id);
        }
        if let Err(fault) = app.store.commit(writes).await {
            tracing::warn!(%fault, "write-ahead marks of the trail could not be cleared; they are tried again");
            app.audit_log.appended(chunk.iter().copied());
        }
    }
}

/// The write-ahead rows of this node, oldest first: their records may be missing in its trail.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub(crate) async fn unlogged(
    store: &keywright_store::Store,
    node: NodeId,
) -> Result<Vec<AuditRow>, StoreError> {
    let rows = store.select::<AuditRow>("WHERE node_id = $1 ORDER BY at", &[node.to_value()]).await?;
    Ok(rows.into_iter().map(|stored| stored.row).collect())
}

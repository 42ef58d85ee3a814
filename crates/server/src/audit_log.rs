//! The audit rows whose records are in the trail but not yet known to be durable there.

use crate::app::App;
use crate::node;
use keywright_store::{AuditRow, Column as _, CommitError, Lease, StoreError, WriteSet};
use keywright_trail::{Record, TrailError};
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

/// Whether the write-ahead row of that record is still this node's, or cannot be looked up.
pub(crate) async fn is_ours(app: &App, id: EventId) -> bool {
    match app.store.find::<AuditRow>(&[id.to_value()]).await {
        Ok(Some(found)) => found.row.node_id == app.node,
        Ok(None) => false,
        Err(_) => true,
    }
}

/// Why records of a dead node could not be taken over; it is tried again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdoptError {
    #[error(transparent)]
    Read(#[from] StoreError),
    #[error(transparent)]
    Write(#[from] CommitError),
    #[error(transparent)]
    Trail(#[from] TrailError),
}

/// Rows taken over in one commit, at most.
const ADOPTED_AT_ONCE: i64 = 200;

/// Takes over the records that dead or stopped nodes committed and may not have written to their trails: they become
/// rows of this node first, so that a kill in between leaves them to its next start, and then lines of its trail.
pub(crate) async fn adopt(app: &App, lease: &Lease) -> Result<(), AdoptError> {
    node::look_around(app).await?;
    for (gone, _) in app.peers.gone(app.node) {
        let node = gone.row.node_id;
        loop {
            let condition = "WHERE node_id = $1 ORDER BY at LIMIT $2";
            let params = [node.to_value(), ADOPTED_AT_ONCE.to_value()];
            let rows = app.store.select::<AuditRow>(condition, &params).await?;
            if rows.is_empty() {
                break;
            }
            let after_seq = app.trail.head().seq;
            let mut writes = WriteSet::default();
            let mut records = Vec::with_capacity(rows.len() + 1);
            let mut ids = Vec::with_capacity(rows.len());
            for stored in rows {
                let mut row = stored.row;
                row.node_id = app.node;
                row.after_seq = after_seq;
                writes.update(&row, stored.version);
                ids.push(row.event_id);
                records.push(row.record);
            }
            writes.under(lease);
            // A node that came back since it was looked for writes its records itself.
            writes.expect(&gone.row, gone.version);
            match app.store.commit(writes).await {
                Err(CommitError::Conflict) => break,
                other => other?,
            }
            let details = format!("{{\"fromNode\":\"{node}\",\"records\":{}}}", ids.len());
            let (_, event_id) = app.request_ids();
            records.push(
                Record {
                    source: "keywright.amazonaws.com",
                    name: "TrailRecordsAdopted",
                    region: "us-east-1",
                    service_event_details: Some(&details),
                    ..Record::service_event(&app.account, app.now(), event_id)
                }
                .to_json(),
            );
            app.trail.append_all(records).await?;
            tracing::warn!(%node, records = ids.len(), "records of a node that is gone were written to this trail");
            app.audit_log.appended(ids);
        }
    }
    Ok(())
}

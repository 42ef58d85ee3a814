//! The outbox: events written in the transaction that they tell of, handed on afterwards.
//!
//! As long as there is no bus, "handed on" means the server's log: one line per event, in EventBridge's
//! form, at least once.

use crate::app::App;
use keywright_store::{Lease, OutboxRow, WriteSet};

const BATCH: &str = "WHERE sent_at IS NULL ORDER BY at LIMIT 200";

/// Hands on what was not yet.
pub(crate) async fn relay(app: &App, lease: &Lease) {
    let waiting = match app.store.select::<OutboxRow>(BATCH, &[]).await {
        Ok(waiting) => waiting,
        Err(fault) => {
            tracing::warn!(%fault, "the outbox could not be read");
            return;
        }
    };
    if waiting.is_empty() {
        return;
    }
    let mut writes = WriteSet::default();
    for mut event in waiting {
        tracing::info!(target: "keywright::events", event = event.row.event, "{}", event.row.detail_type);
        app.metrics.event_emitted(&event.row.detail_type);
        event.row.sent_at = Some(app.now());
        writes.update(&event.row, event.version);
    }
    writes.under(lease);
    if let Err(fault) = app.store.commit(writes).await {
        tracing::warn!(%fault, "events were handed on and could not be marked; they are handed on again");
    }
}

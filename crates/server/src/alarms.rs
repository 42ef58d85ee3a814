//! Rows that are not believed: told in the log, in the trail and in the metrics.

use crate::app::App;
use keywright_store::Alarm;
use keywright_trail::Record;
use parking_lot::Mutex;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;

/// Rows told of; each is told of once, and counted each time.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    told: Mutex<HashSet<Alarm>>,
}

/// Beyond this many rows only the count goes on.
const TOLD_MAX: usize = 1000;

impl Alarms {
    /// Whether it is the first time.
    fn is_new(&self, alarm: &Alarm) -> bool {
        let mut told = self.told.lock();
        told.len() < TOLD_MAX && told.insert(alarm.clone())
    }

    /// How many rows are not believed, as far as this node has met them.
    pub(crate) fn rows(&self) -> usize {
        self.told.lock().len()
    }
}

/// Has the store's alarms told.
pub(crate) fn watch(app: &Arc<App>) {
    let weak = Arc::downgrade(app);
    app.store.watch(move |alarm| {
        if let Some(app) = weak.upgrade() {
            raise(&app, alarm);
        }
    });
}

fn raise(app: &Arc<App>, alarm: &Alarm) {
    app.metrics.row_refused(alarm.table, alarm.how.as_str());
    if !app.alarms.is_new(alarm) {
        return;
    }
    tracing::error!(
        table = alarm.table,
        row = alarm.key,
        "a row of the store is not believed and its use refused: it {}; see `keywright trail verify --store`",
        alarm.how
    );
    let details = json!({ "table": alarm.table, "row": alarm.key, "kind": alarm.how.as_str() }).to_string();
    let (_, event_id) = app.request_ids();
    let record = Record {
        source: "keywright.amazonaws.com",
        name: "StoreRowRefused",
        region: "us-east-1",
        service_event_details: Some(&details),
        ..Record::service_event(&app.account, app.now(), event_id)
    }
    .to_json();
    let app = Arc::clone(app);
    tokio::spawn(async move {
        if let Err(fault) = app.trail.append(record).await {
            tracing::error!(%fault, "an alarm could not be recorded");
        }
    });
}

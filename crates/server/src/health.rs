//! How this node is, and what it knows of the others: `/healthz` and `keywright doctor` show it.

use crate::app::App;
use serde::Serialize;
use std::sync::atomic::Ordering;

/// Whether requests are served, and the report.
pub(crate) struct Health {
    pub(crate) serving: bool,
    pub(crate) report: Report,
}

/// The body of `/healthz` for operators. No part of it tells more than how many nodes there are, where they listen and
/// whether they are well.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    status: String,
    version: &'static str,
    node_id: String,
    store: StoreReport,
    nodes: Vec<NodeReport>,
    /// Rows of the store that this node met and does not believe; anything but 0 wants an operator.
    rows_refused: usize,
    /// The leases that this node holds.
    leases: Vec<String>,
}

/// The body of `/healthz` for everybody else.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Brief {
    status: String,
    version: &'static str,
    rows_refused: usize,
}

impl Report {
    pub(crate) fn brief(self) -> Brief {
        Brief { status: self.status, version: self.version, rows_refused: self.rows_refused }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StoreReport {
    engine: &'static str,
    /// How far this node's knowledge of other nodes' changes lags behind; none where there can be no others.
    #[serde(skip_serializing_if = "Option::is_none")]
    lag_millis: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connections: Option<ConnectionsReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionsReport {
    open: usize,
    max: usize,
    waiting: usize,
    /// Whether the last attempt to open one failed.
    away: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeReport {
    node_id: String,
    address: String,
    version: String,
    state: &'static str,
    /// On the database's clock, when this node last looked.
    seen_seconds_ago: u64,
}

pub(crate) fn of(app: &App) -> Health {
    let freshness = app.store.freshness();
    let ready = app.ready.load(Ordering::Acquire);
    let serving = ready && freshness.is_current();
    let status = if serving {
        "ok"
    } else if ready {
        "the database is away for longer than cache.max_staleness: nothing is served from memory any more"
    } else {
        "starting or stopping"
    };
    let nodes = app.peers.all().into_iter().map(|(node, health, ago)| NodeReport {
        node_id: node.node_id.to_string(),
        address: node.address,
        version: node.version,
        state: health.as_str(),
        seen_seconds_ago: ago.as_secs(),
    });
    let report = Report {
        status: status.to_owned(),
        version: env!("CARGO_PKG_VERSION"),
        node_id: app.node.to_string(),
        store: StoreReport {
            engine: if app.store.is_shared() { "postgres" } else { "sqlite" },
            lag_millis: freshness.age().map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
            connections: app.store.connections().map(|connections| ConnectionsReport {
                open: connections.open,
                max: connections.connections_max,
                waiting: connections.waiting,
                away: connections.fault.is_some(),
            }),
        },
        nodes: nodes.collect(),
        rows_refused: app.alarms.rows(),
        leases: app.shares.names(),
    };
    Health { serving, report }
}

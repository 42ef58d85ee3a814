//! This node: its name, what the store knows of it and of its trail.

use crate::app::App;
use crate::error::StartError;
use keywright_store::{
    Column as _, CommitError, Lease, RowVersion, Store, StoreError, Versioned, WriteSet, row,
};
use keywright_trail::{Head, Trail};
use keywright_types::{NodeId, Rng, Timestamp};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

row! {
    /// A node of this store: who it is, the key its trail is signed with, and the trail's head as last noted, so
    /// that a trail cut short afterwards shows.
    #[derive(Debug, Clone)]
    pub struct NodeRow in "nodes" maced true {
        key { node_id: NodeId }
        columns {
            /// Drawn at each start: two processes with one node id notice each other by it.
            instance: String,
            /// Where it listens.
            address: String,
            version: String,
            trail_public_key: [u8; 32],
            trail_head_seq: u64,
            trail_head_hash: [u8; 32],
            /// All on the database's clock.
            started_at: Timestamp,
            seen_at: Timestamp,
            stopped_at: Option<Timestamp>,
        }
    }
}

/// The node's name, kept beside its trail.
pub(crate) fn node_id(data: &Path, rng: &dyn Rng) -> Result<NodeId, StartError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = data.join("node-id");
    let failed = |cause| StartError::Folder { path: path.clone(), cause };
    match std::fs::read_to_string(&path) {
        Ok(text) => NodeId::parse(text.trim())
            .map_err(|_| failed(std::io::Error::other("it does not hold a node id"))),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            let id = NodeId::from_random(rng.array());
            // Written whole under another name first: a kill in between leaves no empty file behind.
            let unfinished = data.join("node-id.new");
            let written = File::options()
                .create(true)
                .truncate(true)
                .write(true)
                .mode(0o600)
                .open(&unfinished)
                .and_then(|mut file| {
                    writeln!(file, "{id}")?;
                    file.sync_all()
                });
            written.and_then(|()| std::fs::rename(&unfinished, &path)).map_err(failed)?;
            File::open(data).and_then(|folder| folder.sync_all()).map_err(failed)?;
            Ok(id)
        }
        Err(cause) => Err(failed(cause)),
    }
}

/// Compares the trail with what the store noted of it: a trail cut short, or replaced, shows here. The server
/// starts all the same, since refusing would only help whoever did it; but loudly.
pub(crate) async fn check_head(store: &Store, node: NodeId, trail: &Trail) -> Result<(), StartError> {
    let Some(noted) = store.find::<NodeRow>(&[node.to_value()]).await? else { return Ok(()) };
    let head = Head { seq: noted.row.trail_head_seq, hash: noted.row.trail_head_hash };
    if head.seq > 0 && !trail.holds(head)? {
        tracing::error!(
            line = head.seq,
            "the trail lacks a line that was noted in the store: its end was cut, or it was replaced; see `keywright \
             trail verify` and compare with your copies"
        );
    }
    Ok(())
}

/// Says in the store that this node is here.
///
/// # Errors
/// The store's.
pub(crate) async fn join(app: &App) -> Result<(), StartError> {
    let found: Option<Versioned<NodeRow>> = app.store.find(&[app.node.to_value()]).await?;
    let now = app.store.database_now().await?;
    let mut row = present(app, now);
    if let Some(found) = &found {
        // The head is noted once the trail was synced; until then what was known before stands.
        (row.trail_head_seq, row.trail_head_hash) = (found.row.trail_head_seq, found.row.trail_head_hash);
    }
    write(app, &row, found.map(|found| found.version)).await?;
    look_around(app).await?;
    Ok(())
}

/// Signs the trail's state and notes its head in the store.
pub(crate) async fn checkpoint(app: &App) -> Result<(), StartError> {
    app.trail.checkpoint().await?;
    // What the store says of the trail must not be ahead of what a power failure leaves of it.
    app.trail.sync().await?;
    note(app, Some(app.trail.head()), false).await
}

/// Says in the store that this node lives, and looks who else does.
pub(crate) async fn beat(app: &App) -> Result<(), StartError> {
    note(app, None, false).await
}

/// Says in the store that this node is gone, with its trail's last line.
pub(crate) async fn leave(app: &App) -> Result<(), StartError> {
    note(app, Some(app.trail.head()), true).await
}

async fn note(app: &App, head: Option<Head>, leaving: bool) -> Result<(), StartError> {
    let found: Option<Versioned<NodeRow>> = app.store.find(&[app.node.to_value()]).await?;
    let now = app.store.database_now().await?;
    let mut row = present(app, now);
    if let Some(found) = &found {
        if found.row.instance != app.instance {
            let fault =
                StartError::NodeTwice { node: app.node.to_string(), address: found.row.address.clone() };
            app.stop_because(fault.to_string());
            return Err(fault);
        }
        row.started_at = found.row.started_at;
        (row.trail_head_seq, row.trail_head_hash) = (found.row.trail_head_seq, found.row.trail_head_hash);
    }
    if let Some(head) = head {
        (row.trail_head_seq, row.trail_head_hash) = (head.seq, head.hash);
    }
    row.stopped_at = leaving.then_some(now);
    write(app, &row, found.map(|found| found.version)).await?;
    look_around(app).await?;
    Ok(())
}

fn present(app: &App, now: Timestamp) -> NodeRow {
    NodeRow {
        node_id: app.node,
        instance: app.instance.clone(),
        address: app.address.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        trail_public_key: app.keyring.trail_signer().public_key(),
        trail_head_seq: 0,
        trail_head_hash: [0; 32],
        started_at: now,
        seen_at: now,
        stopped_at: None,
    }
}

async fn write(app: &App, row: &NodeRow, expected: Option<RowVersion>) -> Result<(), CommitError> {
    let mut writes = WriteSet::default();
    match expected {
        Some(version) => writes.update(row, version),
        None => writes.insert(row),
    }
    app.store.commit(writes).await
}

/// Looks which nodes there are.
///
/// # Errors
/// The store's.
pub(crate) async fn look_around(app: &App) -> Result<(), StoreError> {
    let now = app.store.database_now().await?;
    let nodes = app.store.select::<NodeRow>("ORDER BY started_at", &[]).await?;
    app.peers.note(now, nodes);
    Ok(())
}

/// A node not seen for longer is forgotten; the key of its trail is every node's, and stays.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30 * 86_400);

/// Forgets nodes that are gone for good, such as those of containers with a data folder of their own each time.
pub(crate) async fn forget_gone(app: &App, lease: &Lease) -> Result<(), StartError> {
    look_around(app).await?;
    for (node, ago) in app.peers.gone(app.node) {
        if ago > FORGOTTEN_AFTER {
            let mut writes = WriteSet::default();
            writes.delete(&node);
            writes.under(lease);
            app.store.commit(writes).await?;
            tracing::info!(node = %node.row.node_id, "a node not seen for 30 days was forgotten");
        }
    }
    Ok(())
}

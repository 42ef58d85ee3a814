//! This node: its name, and what the store knows of its trail.

use crate::app::App;
use crate::error::StartError;
use keywright_store::{Column as _, Store, Versioned, WriteSet, row};
use keywright_trail::{Head, Trail};
use keywright_types::{NodeId, Rng, Timestamp};
use std::fs::File;
use std::path::Path;

row! {
    /// A node of this store: the key its trail is signed with, and the trail's head as last noted, so that
    /// a trail cut short afterwards shows.
    #[derive(Debug, Clone)]
    pub struct NodeRow in "nodes" maced true {
        key { node_id: NodeId }
        columns {
            trail_public_key: [u8; 32],
            trail_head_seq: u64,
            trail_head_hash: [u8; 32],
            started_at: Timestamp,
            seen_at: Timestamp,
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

/// Signs the trail's state and notes its head in the store.
pub(crate) async fn checkpoint(app: &App) -> Result<(), StartError> {
    app.trail.checkpoint().await?;
    // What the store says of the trail must not be ahead of what a power failure leaves of it.
    app.trail.sync().await?;
    note_head(app).await
}

pub(crate) async fn note_head(app: &App) -> Result<(), StartError> {
    let head = app.trail.head();
    let now = app.now();
    let found: Option<Versioned<NodeRow>> = app.store.find(&[app.node.to_value()]).await?;
    let mut row = NodeRow {
        node_id: app.node,
        trail_public_key: app.keyring.trail_signer().public_key(),
        trail_head_seq: head.seq,
        trail_head_hash: head.hash,
        started_at: now,
        seen_at: now,
    };
    let mut writes = WriteSet::default();
    match found {
        Some(found) => {
            if found.row.trail_head_seq == head.seq {
                return Ok(());
            }
            row.started_at = found.row.started_at;
            writes.update(&row, found.version);
        }
        None => writes.insert(&row),
    }
    app.store.commit(writes).await?;
    Ok(())
}

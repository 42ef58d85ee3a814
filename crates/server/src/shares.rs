//! This node's share of the service's own work, held by leases.
//!
//! Due keys are divided into sixteen parts by the last digit of their id; each part is one lease, and the nodes that
//! live divide the leases evenly. What is to be done by one node only, such as noting that time passes, has a lease of
//! its own. The lease keeps nodes out of each other's way; that nothing is done twice is the fence's work: every
//! write made under a lease names its token.

use crate::app::App;
use keywright_store::{Lease, StoreError};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const ROTATION: &str = "key-rotation";
const HOUSEKEEPING: &str = "housekeeping";
/// The last digits of key ids.
const PARTS: &str = "0123456789abcdef";

/// How long a lease outlives its holder where others wait for it.
const SHARED_TIME: Duration = Duration::from_secs(15);
/// And where nobody else can be: no need to write to the disk every few seconds.
const ALONE_TIME: Duration = Duration::from_secs(3600);

/// The leases held, as this node knows them.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    held: Mutex<Held>,
    /// One round of upkeep at a time: a renewal that began before another round took leases must not forget them.
    upkeep: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Held {
    leases: BTreeMap<String, Lease>,
    renewed: Option<Instant>,
}

/// Makes the leases on a new store, and gives back what this node held when it was killed.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub(crate) async fn join(app: &App) -> Result<(), StoreError> {
    let mut names: Vec<String> = PARTS.chars().map(|part| format!("{ROTATION}/{part}")).collect();
    names.push(format!("{HOUSEKEEPING}/0"));
    app.store.make_leases(&names, app.node).await?;
    app.store.release_all_leases(app.node).await
}

/// Renews what is held, takes what this node should have more, and gives back what it has too much.
pub(crate) async fn upkeep(app: &App) {
    if let Err(fault) = keep_up(app).await {
        tracing::debug!(%fault, "leases could not be kept up; they are tried again");
    }
}

async fn keep_up(app: &App) -> Result<(), StoreError> {
    let _alone = app.shares.upkeep.lock().await;
    let time = if app.store.is_shared() { SHARED_TIME } else { ALONE_TIME };
    let shares = &app.shares;
    let renewed = shares.held.lock().renewed;
    if renewed.is_none_or(|at| at.elapsed() >= time / 3) {
        let began = Instant::now();
        let mut held = app.store.renew_leases(ROTATION, app.node, time).await?;
        held.extend(app.store.renew_leases(HOUSEKEEPING, app.node, time).await?);
        shares.replace(held, began);
    }
    let live = app.peers.live().max(1);
    let fair = PARTS.len().div_ceil(live);
    let parts = shares.rotation();
    if parts.len() > fair {
        for (_, lease) in parts.into_iter().skip(fair) {
            shares.drop_one(&lease);
            app.store.release_lease(&lease).await?;
        }
    } else if parts.len() < fair {
        shares.add(app.store.take_leases(ROTATION, app.node, fair - parts.len(), time).await?);
    }
    if shares.housekeeping().is_none() {
        shares.add(app.store.take_leases(HOUSEKEEPING, app.node, 1, time).await?);
    }
    Ok(())
}

/// Gives everything back, so that the others need not wait.
pub(crate) async fn leave(app: &App) {
    app.shares.replace(Vec::new(), Instant::now());
    if let Err(fault) = app.store.release_all_leases(app.node).await {
        tracing::debug!(%fault, "leases could not be given back; they run out by themselves");
    }
}

impl Shares {
    /// The parts of the due keys that are this node's, each with its lease.
    pub(crate) fn rotation(&self) -> Vec<(char, Lease)> {
        let held = self.held.lock();
        let prefix = format!("{ROTATION}/");
        held.leases
            .values()
            .filter_map(|lease| Some((lease.name.strip_prefix(&prefix)?.chars().next()?, lease.clone())))
            .collect()
    }

    /// The lease on what one node does for all; none if another has it.
    pub(crate) fn housekeeping(&self) -> Option<Lease> {
        self.held.lock().leases.get(&format!("{HOUSEKEEPING}/0")).cloned()
    }

    /// The names of the leases held.
    pub(crate) fn names(&self) -> Vec<String> {
        self.held.lock().leases.keys().cloned().collect()
    }

    fn replace(&self, leases: Vec<Lease>, renewed: Instant) {
        let leases = leases.into_iter().map(|lease| (lease.name.clone(), lease)).collect();
        *self.held.lock() = Held { leases, renewed: Some(renewed) };
    }

    fn add(&self, taken: Vec<Lease>) {
        let mut held = self.held.lock();
        for lease in taken {
            tracing::debug!(lease = lease.name, token = lease.token, "a lease was taken");
            held.leases.insert(lease.name.clone(), lease);
        }
    }

    fn drop_one(&self, lease: &Lease) {
        self.held.lock().leases.remove(&lease.name);
    }
}

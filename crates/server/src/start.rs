//! Start and stop.

use crate::alarms::{self, Alarms};
use crate::app::App;
use crate::audit_log::{self, AuditLog};
use crate::bootstrap::{Bootstrap, RootCredential, initialise};
use crate::config::Config;
use crate::door::Door;
use crate::error::StartError;
use crate::jwks::Published;
use crate::metrics::Metrics;
use crate::peers::Peers;
use crate::registry::Registry;
use crate::secret_rotation::UnderWay;
use crate::shares::{self, Shares};
use crate::slow_work::{self, SlowWork};
use crate::stopping::{self, Stopper};
use crate::{admin, listener, node, scheduler};
use keywright_auth::Authenticator;
use keywright_crypto::Keyring;
use keywright_iam::Iam;
use keywright_iam::oidc::Issuers;
use keywright_inventory::Inventory;
use keywright_kms::Kms;
use keywright_rotators::Rotators;
use keywright_secrets::Secrets;
use keywright_store::{Store, WriteSet};
use keywright_trail::{Record, RetentionPolicy, SyncMode, Trail, TrailConfig};
use keywright_types::{AccountId, Clock, EventId, NodeId, Rng, Timestamp};
use std::collections::HashSet;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A running server.
pub struct Server {
    pub app: Arc<App>,
    /// The address it listens on; its port is real even when 0 was asked for.
    pub address: SocketAddr,
    pub initialised: bool,
    pub credentials_file: Option<PathBuf>,
    stop: Stopper,
    serving: JoinHandle<()>,
    timers: JoinHandle<()>,
    // Held as long as the server lives; released by the system when it dies.
    _lock: File,
}

/// Starts a server: folder, store, keys, trail, listener, timers; in this order.
///
/// # Errors
/// [`StartError`], with what to do about it.
pub async fn start(
    config: &Config,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    root_credential: Option<RootCredential>,
) -> Result<Server, StartError> {
    let lock = lock_folder(&config.data)?;
    let store = Store::open(&config.store_location(), &config.watermarks(), clock.now()).await?;
    let Bootstrap { store, keyring, account, initialised, credentials_file } =
        initialise(config, store, &*clock, &*rng, root_credential).await?;
    let keyring = Arc::new(keyring);
    let node = node::node_id(&config.data, &*rng)?;
    let trail = open_trail(config, node, account, &store, &keyring, &clock, &*rng).await?;
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|cause| StartError::Listen { address: config.listen, cause })?;
    let address =
        listener.local_addr().map_err(|cause| StartError::Listen { address: config.listen, cause })?;

    let authenticator = Authenticator::new(&store);
    let issuers = Issuers::new(config.issuers.clone()).map_err(|problem| StartError::Issuer { problem })?;
    let iam = Iam::new(Arc::clone(&authenticator.identities));
    let kms = Kms::new(config.kms.clone(), config.regions.clone(), &store);
    let rotators = Rotators::new(config.rotators.clone()).map_err(StartError::Rotators)?;
    let secrets = Secrets::new(Arc::clone(&kms), Arc::new(rotators), &store);
    let app = Arc::new(App {
        store,
        keyring,
        trail,
        clock,
        instance: EventId::from_random(rng.array()).to_string(),
        rng,
        node,
        address,
        account,
        regions: config.regions.clone(),
        limits: config.limits,
        inventory: Inventory::new(
            account,
            Arc::clone(&kms),
            Arc::clone(&secrets),
            Arc::clone(&authenticator.identities),
        ),
        metrics_anywhere: config.metrics_anywhere,
        authenticator,
        kms,
        secrets,
        iam,
        issuers,
        metrics: Metrics::default(),
        published: Published::default(),
        slow_work: SlowWork::start().map_err(StartError::Threads)?,
        audit_log: AuditLog::default(),
        shares: Shares::default(),
        rotations: UnderWay::default(),
        alarms: Alarms::default(),
        peers: Peers::default(),
        fault: watch::Sender::new(None),
        ready: AtomicBool::new(false),
    });
    alarms::watch(&app);
    node::join(&app).await?;
    shares::join(&app).await?;
    let (stop, stopping) = stopping::channel();
    let door = Arc::new(Door {
        app: Arc::clone(&app),
        registry: Registry::new(),
        admin: admin::router(Arc::clone(&app)),
    });
    slow_work::keep_stock(&app.kms.stock).map_err(StartError::Threads)?;
    let timers = tokio::spawn(scheduler::run(Arc::clone(&app), stopping.clone()));
    let serving = tokio::spawn(listener::serve(door, listener, stopping));
    app.ready.store(true, Ordering::Release);
    Ok(Server { app, address, initialised, credentials_file, stop, serving, timers, _lock: lock })
}

impl Server {
    /// Resolves when the server can no longer do its work; it must then be stopped.
    pub async fn failure(&self) -> StartError {
        tokio::select! {
            cause = self.app.store.failure() => StartError::StoreStopped { cause },
            cause = self.app.trail.failure() => StartError::TrailStopped { cause },
            fault = self.app.must_stop() => StartError::Stopped(fault),
        }
    }

    /// Does one round of every timer's work now: for whoever moves the clock by hand.
    pub async fn reconcile(&self) {
        scheduler::round(&self.app).await;
    }

    /// Stops: no new connections, requests in flight finish, observations are written, the trail is closed.
    pub async fn stop(self) {
        self.app.ready.store(false, Ordering::Release);
        self.stop.stop();
        self.app.secrets.stop_waiting();
        let _ended = self.serving.await;
        let _ended = self.timers.await;
        self.app.kms.stock.close();
        scheduler::flush_usage(Arc::clone(&self.app)).await;
        audit_log::clear_marks(&self.app).await;
        if let Err(fault) = self.app.trail.close().await {
            tracing::error!(%fault, "the trail could not be closed in order");
        }
        shares::leave(&self.app).await;
        if let Err(fault) = node::leave(&self.app).await {
            tracing::warn!(%fault, "the trail's head could not be written to the store");
        }
        self.app.store.close().await;
    }
}

/// One process per data folder: the lock goes with the process, however it ends.
fn lock_folder(data: &Path) -> Result<File, StartError> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    let failed = |cause| StartError::Folder { path: data.to_owned(), cause };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(failed)?;
    let file = File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .mode(0o600)
        .open(data.join("lock"))
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StartError::InUse { path: data.to_owned() }),
        Err(std::fs::TryLockError::Error(cause)) => Err(failed(cause)),
    }
}

/// Opens the trail, appends what a kill kept out of it, and tells of a torn record.
async fn open_trail(
    config: &Config,
    node: NodeId,
    account: AccountId,
    store: &Store,
    keyring: &Arc<Keyring>,
    clock: &Arc<dyn Clock>,
    rng: &dyn Rng,
) -> Result<Arc<Trail>, StartError> {
    let trail_config = TrailConfig {
        dir: config.data.join("trail"),
        node,
        segment_bytes_max: config.trail.segment_bytes_max,
        sync: if config.trail.strict_sync {
            SyncMode::Strict
        } else {
            SyncMode::Group(Duration::from_millis(50))
        },
        retention: RetentionPolicy {
            max_age: config.trail.retention_days.map(|days| Duration::from_secs(u64::from(days) * 86_400)),
            max_bytes: None,
        },
    };
    let (trail, opening) = Trail::open(trail_config, keyring.trail_signer(), Arc::clone(clock))?;
    let trail = Arc::new(trail);
    node::check_head(store, node, &trail).await?;
    append_missing(store, node, &trail).await?;
    if let Some(torn) = opening.torn {
        tracing::warn!(bytes = torn.bytes, "the trail ended in a torn record, which was cut");
        trail.append(recovered(account, clock.now(), EventId::from_random(rng.array()), torn.bytes)).await?;
    }
    Ok(trail)
}

/// Appends the records of committed changes that a kill kept out of the trail.
async fn append_missing(store: &Store, node: NodeId, trail: &Trail) -> Result<(), StartError> {
    let waiting = audit_log::unlogged(store, node).await?;
    let Some(after_seq) = waiting.iter().map(|row| row.after_seq).min() else { return Ok(()) };
    let ids: HashSet<EventId> = waiting.iter().map(|row| row.event_id).collect();
    let known = trail.contains(&ids, after_seq)?;
    let missing: Vec<String> =
        waiting.into_iter().filter(|row| !known.contains(&row.event_id)).map(|row| row.record).collect();
    if !missing.is_empty() {
        tracing::warn!(
            records = missing.len(),
            "the trail lacked records of committed changes; they were appended"
        );
        trail.append_all(missing).await?;
    }
    trail.sync().await?;
    let mut writes = WriteSet::default();
    for id in ids {
        writes.audit_logged(id);
    }
    store.commit(writes).await?;
    Ok(())
}

/// The trail's own record that it was mended.
fn recovered(account: AccountId, now: Timestamp, event_id: EventId, bytes: u64) -> String {
    let details = format!("{{\"bytesCut\":{bytes}}}");
    Record {
        source: "keywright.amazonaws.com",
        name: "TrailRecovered",
        region: "us-east-1",
        service_event_details: Some(&details),
        ..Record::service_event(&account, now, event_id)
    }
    .to_json()
}

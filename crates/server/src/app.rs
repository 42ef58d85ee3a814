//! Everything a request can reach; built once in `start` and shared.

use crate::alarms::Alarms;
use crate::audit_log::AuditLog;
use crate::config::Limits;
use crate::jwks::Published;
use crate::metrics::Metrics;
use crate::peers::Peers;
use crate::secret_rotation::UnderWay;
use crate::shares::Shares;
use crate::slow_work::SlowWork;
use keywright_auth::{Authenticator, Env, View};
use keywright_crypto::Keyring;
use keywright_iam::Iam;
use keywright_iam::oidc::Issuers;
use keywright_inventory::Inventory;
use keywright_kms::Kms;
use keywright_secrets::Secrets;
use keywright_store::Store;
use keywright_trail::Trail;
use keywright_types::{AccountId, Clock, EventId, NodeId, RegionSet, RequestId, Rng, Timestamp};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::watch;

/// The running service.
pub struct App {
    pub store: Store,
    pub keyring: Arc<Keyring>,
    pub trail: Arc<Trail>,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub node: NodeId,
    /// Drawn at this start.
    pub(crate) instance: String,
    /// Where the server listens; its port is real even when 0 was asked for.
    pub address: SocketAddr,
    /// The account that this server was initialised with.
    pub account: AccountId,
    pub regions: RegionSet,
    pub limits: Limits,
    /// Whether other machines are told what the server counts and how its nodes are.
    pub(crate) metrics_anywhere: bool,
    pub authenticator: Arc<Authenticator>,
    pub kms: Arc<Kms>,
    pub secrets: Arc<Secrets>,
    pub iam: Arc<Iam>,
    pub(crate) issuers: Issuers,
    pub inventory: Arc<Inventory>,
    pub metrics: Metrics,
    pub(crate) slow_work: SlowWork,
    pub(crate) published: Published,
    pub(crate) audit_log: AuditLog,
    pub(crate) shares: Shares,
    pub(crate) rotations: UnderWay,
    pub(crate) alarms: Alarms,
    pub(crate) peers: Peers,
    /// Why the server must stop, once it must.
    pub(crate) fault: watch::Sender<Option<String>>,
    /// Set while the server serves; `/healthz` answers 503 before and while stopping.
    pub(crate) ready: AtomicBool,
}

impl App {
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Has the server stop by itself.
    pub(crate) fn stop_because(&self, fault: String) {
        self.fault.send_replace(Some(fault));
    }

    /// Resolves, with the reason, once the server has to stop by itself.
    pub(crate) async fn must_stop(&self) -> String {
        let mut fault = self.fault.subscribe();
        let known = fault.wait_for(Option::is_some).await.ok().and_then(|fault| fault.clone());
        known.unwrap_or_default()
    }

    /// The ids of a request and of its trail record, in one draw.
    #[must_use]
    pub(crate) fn request_ids(&self) -> (RequestId, EventId) {
        let drawn: [u8; 32] = self.rng.array();
        let (mut first, mut second) = ([0; 16], [0; 16]);
        first.copy_from_slice(&drawn[..16]);
        second.copy_from_slice(&drawn[16..]);
        (RequestId::from_random(first), EventId::from_random(second))
    }

    pub(crate) fn view<'a, S>(&'a self, service: &'a S, now: Timestamp, fresh: bool) -> View<'a, S> {
        View {
            store: &self.store,
            service,
            keyring: &self.keyring,
            now,
            fresh,
            rng: &*self.rng,
            node: self.node,
        }
    }

    pub(crate) fn env<'a, S>(&'a self, service: &'a S, now: Timestamp) -> Env<'a, S> {
        Env { service, keyring: &self.keyring, rng: &*self.rng, node: self.node, now }
    }
}

/// Gives the pipeline the service that an operation belongs to.
pub(crate) trait Serves<S> {
    fn service(&self) -> &S;
}

impl Serves<Kms> for App {
    fn service(&self) -> &Kms {
        &self.kms
    }
}

impl Serves<Secrets> for App {
    fn service(&self) -> &Secrets {
        &self.secrets
    }
}

impl Serves<Iam> for App {
    fn service(&self) -> &Iam {
        &self.iam
    }
}

impl Serves<Inventory> for App {
    fn service(&self) -> &Inventory {
        &self.inventory
    }
}

//! What a request carries along: who asks, from where, what may be read, what time it is.

use crate::identities::Rights;
use crate::session::Session;
use crate::web_identity::WebIdentity;
use keywright_crypto::Keyring;
use keywright_policy::Document;
use keywright_store::Store;
use keywright_types::{
    AccessKeyId, AccountId, EventId, NodeId, Principal, Region, RequestId, Rng, Timestamp,
};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    pub principal: Principal,
    /// The principal as policies, messages and the trail name it.
    pub arn: Arc<str>,
    pub account: AccountId,
    pub access_key_id: AccessKeyId,
    /// The session, of those who act with temporary credentials.
    pub session: Option<Arc<Session>>,
    /// What it may do by itself.
    pub rights: Arc<Rights>,
    /// What narrows its session.
    pub session_policies: Vec<Arc<Document>>,
    /// What a provider of identities vouched for, of those who bring its token instead of a signature.
    pub web_identity: Option<Arc<WebIdentity>>,
}

/// A service that acts for the caller of its own operation: `kms:ViaService`.
///
/// Only [`RequestContext::through`] makes one, out of a request that was authenticated; nothing that a client sends can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via {
    service: &'static str,
}

impl Via {
    /// The service's name in addresses, such as `secretsmanager`.
    #[must_use]
    pub const fn service(self) -> &'static str {
        self.service
    }
}

/// What a service's own request is about.
#[derive(Debug, Clone, Copy)]
pub struct Of<'a> {
    pub account: AccountId,
    pub region: &'a Region,
    pub at: Timestamp,
    pub request_id: RequestId,
    pub event_id: EventId,
}

/// One request's surroundings; made by the pipeline after authentication.
#[derive(Debug, Clone)]
pub struct RequestContext {
    pub request_id: RequestId,
    /// The id of the request's own trail record.
    pub event_id: EventId,
    pub caller: Caller,
    /// The Region of the credential scope: where unqualified names live.
    pub region: Region,
    pub source_ip: IpAddr,
    /// The same as text.
    pub source_ip_text: Arc<str>,
    pub user_agent: String,
    /// The `Host` that the client named, for the trail.
    pub host: String,
    /// Whether the request came over TLS.
    pub secure_transport: bool,
    pub received_at: Timestamp,
    /// Set while a service of ours acts for the caller.
    pub via: Option<Via>,
}

impl RequestContext {
    /// A request of a service of ours by itself, such as the rotation of a secret, in the account and Region of the
    /// resource that it is about.
    #[must_use]
    pub fn of_service(service: &'static str, principal: &'static str, of: Of<'_>) -> Self {
        Self {
            request_id: of.request_id,
            event_id: of.event_id,
            caller: Caller {
                principal: Principal::Service { name: principal },
                arn: Arc::from(principal),
                account: of.account,
                access_key_id: AccessKeyId::none(),
                session: None,
                rights: Arc::new(Rights::of_service()),
                session_policies: Vec::new(),
                web_identity: None,
            },
            region: of.region.clone(),
            source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            source_ip_text: Arc::from(principal),
            user_agent: principal.to_owned(),
            host: principal.to_owned(),
            secure_transport: true,
            received_at: of.at,
            via: Some(Via { service }),
        }
    }

    /// The same in another Region.
    #[must_use]
    pub fn in_region(&self, region: &Region) -> Self {
        Self { region: region.clone(), ..self.clone() }
    }

    /// The same caller's request to another service, made by `service` in its name.
    #[must_use]
    pub fn through(&self, service: &'static str) -> Self {
        Self { via: Some(Via { service }), ..self.clone() }
    }
}

/// What an operation may read: the store, its service with its caches, the keyring to unwrap with.
pub struct View<'a, S> {
    pub store: &'a Store,
    pub service: &'a S,
    pub keyring: &'a Keyring,
    pub now: Timestamp,
    /// Set when an earlier attempt met a conflict: read past the caches.
    pub fresh: bool,
    /// For facts that take a decision of another service, such as opening a value to see what it names.
    pub rng: &'a dyn Rng,
    pub node: NodeId,
}

/// What a decision may use besides its facts: time, randomness, the keyring, the service's settings.
pub struct Env<'a, S> {
    pub service: &'a S,
    pub keyring: &'a Keyring,
    pub rng: &'a dyn Rng,
    pub node: NodeId,
    pub now: Timestamp,
}

impl<'a, S> View<'a, S> {
    /// The same for another service.
    #[must_use]
    pub const fn of<T>(&self, service: &'a T) -> View<'a, T> {
        View {
            store: self.store,
            service,
            keyring: self.keyring,
            now: self.now,
            fresh: self.fresh,
            rng: self.rng,
            node: self.node,
        }
    }

    /// What a decision of the same service has, for one that facts are made of.
    #[must_use]
    pub const fn env(&self) -> Env<'a, S> {
        Env { service: self.service, keyring: self.keyring, rng: self.rng, node: self.node, now: self.now }
    }
}

// By hand, because a derive would ask the service to be copyable too.
impl<S> Copy for View<'_, S> {}
impl<S> Clone for View<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S> Copy for Env<'_, S> {}
impl<S> Clone for Env<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'a, S> Env<'a, S> {
    /// The same for another service.
    #[must_use]
    pub const fn of<T>(&self, service: &'a T) -> Env<'a, T> {
        Env { service, keyring: self.keyring, rng: self.rng, node: self.node, now: self.now }
    }

    /// A fresh id for an event or a trail record.
    #[must_use]
    pub fn event_id(&self) -> EventId {
        EventId::from_random(self.rng.array())
    }
}

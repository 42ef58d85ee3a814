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
use std::net::IpAddr;
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
}

/// What a decision may use besides its facts: time, randomness, the keyring, the service's settings.
pub struct Env<'a, S> {
    pub service: &'a S,
    pub keyring: &'a Keyring,
    pub rng: &'a dyn Rng,
    pub node: NodeId,
    pub now: Timestamp,
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

impl<S> Env<'_, S> {
    /// A fresh id for an event or a trail record.
    #[must_use]
    pub fn event_id(&self) -> EventId {
        EventId::from_random(self.rng.array())
    }
}

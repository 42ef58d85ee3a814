//! From what a request presents to a caller.

use crate::access_keys::{AccessKeys, Credential};
use crate::context::Caller;
use crate::identities::{Identities, role_session};
use crate::session::{Session, SessionOf, Sessions, TokenFault};
use crate::web_identity::WebIdentity;
use keywright_aws::sigv4::{AuthFailure, Presented, SigningKey, SigningKeys};
use keywright_crypto::Keyring;
use keywright_store::{Store, StoreError};
use keywright_types::{AccessKeyId, AccountId, Principal, SecretText, Timestamp};
use std::sync::Arc;

/// The credential that a request names, not believed yet: its signature is to be checked with the key of
/// [`Named::signing_key`].
pub enum Named {
    LongTerm(Arc<Credential>),
    Temporary(Arc<Session>),
}

impl Named {
    /// The key that the request must have been signed with.
    #[must_use]
    pub fn signing_key(&self, presented: &Presented<'_>) -> Arc<SigningKey> {
        let (keys, secret): (&SigningKeys, &SecretText) = match self {
            Self::LongTerm(credential) => (&credential.signing_keys, &credential.secret),
            Self::Temporary(session) => (&session.signing_keys, &session.secret),
        };
        keys.for_request(secret, presented)
    }
}

/// Why nobody was identified.
#[derive(Debug)]
pub enum Unidentified {
    Refused(AuthFailure),
    Store(StoreError),
}

impl From<StoreError> for Unidentified {
    fn from(fault: StoreError) -> Self {
        Self::Store(fault)
    }
}

/// Knows access keys, sessions and identities.
pub struct Authenticator {
    pub access_keys: Arc<AccessKeys>,
    pub sessions: Sessions,
    pub identities: Arc<Identities>,
}

impl Authenticator {
    #[must_use]
    pub fn new(store: &Store) -> Arc<Self> {
        Arc::new(Self {
            access_keys: AccessKeys::new(store),
            sessions: Sessions::default(),
            identities: Identities::new(store),
        })
    }

    /// The credential that a request names.
    ///
    /// # Errors
    /// A token that is none, or over, or of another access key; a long-term key that brings a token; an unknown key.
    pub async fn find(
        &self,
        store: &Store,
        keyring: &Keyring,
        presented: &Presented<'_>,
        now: Timestamp,
    ) -> Result<Named, Unidentified> {
        let unknown = || Unidentified::Refused(AuthFailure::UnknownAccessKey);
        let id = AccessKeyId::parse(presented.access_key_id()).map_err(|_| unknown())?;
        match presented.session_token() {
            Some(token) => match self.sessions.open(keyring, &id, token, now) {
                Ok(session) => Ok(Named::Temporary(session)),
                Err(TokenFault::Expired) => Err(Unidentified::Refused(AuthFailure::ExpiredToken)),
                Err(TokenFault::Invalid) => Err(unknown()),
            },
            None => {
                let found = self.access_keys.find(store, keyring, &id, false).await?;
                found.map(Named::LongTerm).ok_or_else(unknown)
            }
        }
    }

    /// Who a verified credential is, with what it may do.
    ///
    /// # Errors
    /// Nobody any more: the user, the role or the parent access key is gone.
    pub async fn identify(
        &self,
        store: &Store,
        keyring: &Keyring,
        named: &Named,
    ) -> Result<Caller, Unidentified> {
        let (principal, access_key_id, session) = match named {
            Named::LongTerm(credential) => {
                (credential.principal.clone(), credential.access_key_id.clone(), None)
            }
            Named::Temporary(session) => {
                let principal =
                    principal_of(session).ok_or(Unidentified::Refused(AuthFailure::UnknownAccessKey))?;
                (principal, session.access_key_id.clone(), Some(Arc::clone(session)))
            }
        };
        let account = match &principal {
            Principal::Root { account }
            | Principal::User { account, .. }
            | Principal::RoleSession { account, .. }
            | Principal::Federated { account, .. } => *account,
            Principal::Service { .. } => return Err(Unidentified::Refused(AuthFailure::UnknownAccessKey)),
        };
        let mut caller = Caller {
            arn: Arc::from(principal.to_string()),
            principal,
            account,
            access_key_id,
            session,
            rights: Arc::clone(self.identities.nobody()),
            session_policies: Vec::new(),
            web_identity: None,
        };
        if self.refresh(store, keyring, &mut caller, false).await? {
            Ok(caller)
        } else {
            Err(Unidentified::Refused(AuthFailure::UnknownAccessKey))
        }
    }

    /// Reads again what the caller may do; false if it is nobody any more. `fresh` reads past the caches.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    pub async fn refresh(
        &self,
        store: &Store,
        keyring: &Keyring,
        caller: &mut Caller,
        fresh: bool,
    ) -> Result<bool, StoreError> {
        let by_access_key =
            !matches!(caller.principal, Principal::Federated { .. } | Principal::Service { .. });
        match &caller.session {
            None => {
                if fresh
                    && by_access_key
                    && self.access_keys.find(store, keyring, &caller.access_key_id, true).await?.is_none()
                {
                    return Ok(false);
                }
            }
            Some(session) => {
                if let SessionOf::User { parent_access_key_id, .. } = &session.facts.of {
                    let Ok(parent) = AccessKeyId::parse(parent_access_key_id) else { return Ok(false) };
                    let Some(parent) = self.access_keys.find(store, keyring, &parent, fresh).await? else {
                        return Ok(false);
                    };
                    // An access key that the operator put in place of another's is not the parent any more.
                    if !is_same(&parent.principal, &caller.principal) {
                        return Ok(false);
                    }
                }
                caller.session_policies = self.identities.session_policies(store, session).await?;
            }
        }
        let Some((principal, rights)) = self.identities.rights_of(store, &caller.principal, fresh).await?
        else {
            return Ok(false);
        };
        if let Some(arn) = principal.arn()
            && arn != caller.arn
        {
            caller.arn = arn;
        }
        caller.principal = principal;
        caller.rights = rights;
        Ok(true)
    }
}

/// Whether both are the same user, or the same account's root user.
fn is_same(one: &Principal, other: &Principal) -> bool {
    match (one, other) {
        (Principal::Root { account: one }, Principal::Root { account: other }) => one == other,
        _ => one.unique_id().is_some() && one.unique_id() == other.unique_id(),
    }
}

/// Whose session it is; none for ids that cannot be read.
fn principal_of(session: &Session) -> Option<Principal> {
    let account = session.account;
    Some(match &session.facts.of {
        SessionOf::Role { role_name, session_name, .. } => {
            role_session(account, session.unique_id()?, role_name, session_name)
        }
        SessionOf::User { user_id: None, .. } => Principal::Root { account },
        SessionOf::User { user_id: Some(_), .. } => {
            Principal::User { account, user_id: session.unique_id()?, name: "".into(), arn: "".into() }
        }
    })
}

impl Caller {
    /// Somebody who brought no signature: a provider of identities vouches for it. `account` is that of the role which
    /// it asks for. Such a caller has no rights of its own; only a role's trust policy can let it in.
    #[must_use]
    pub fn federated(identity: Arc<WebIdentity>, account: AccountId, identities: &Identities) -> Self {
        let id: Arc<str> = identity.caller_id().into();
        Self {
            principal: Principal::Federated {
                account,
                provider: identity.provider.as_str().into(),
                id: Arc::clone(&id),
            },
            arn: id,
            account,
            access_key_id: AccessKeyId::parse(NO_ACCESS_KEY).expect("letters only"),
            session: None,
            rights: Arc::clone(identities.nobody()),
            session_policies: Vec::new(),
            web_identity: Some(identity),
        }
    }
}

/// Stands where a caller has no access key. No key has this id: keys' ids are found by the store, and it keeps none.
const NO_ACCESS_KEY: &str = "WEBIDENTITYTOKEN";

//! Grant tokens: proof that one was told of a grant.
//!
//! On AWS a token lets a new grant be used before all of the service has heard of it. Here a grant counts at once, so
//! that a token gives nothing beside it; but clients send them, and one that is none of ours must not pass.

use super::{GrantId, Grants};
use crate::error::KmsError;
use crate::service::{Kms, find_grant};
use keywright_auth::View;
use keywright_crypto::Keyring;
use keywright_types::{AccountId, KeyArn, KeyId, Region, Rng, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a token says. It is no secret: the MAC keeps it from being made up.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Payload {
    /// The form of the rest.
    v: u32,
    account: String,
    region: String,
    key_id: String,
    grantee: String,
    grant_id: String,
    /// Milliseconds since the epoch.
    issued_at: i64,
    /// Two tokens of one grant are never the same.
    nonce: u64,
}

const VERSION: u32 = 1;
const PURPOSE: &[&[u8]] = &[b"grant-token"];

/// A token, opened: the grant that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GrantToken {
    pub(crate) key: KeyArn,
    pub(crate) grantee: Arc<str>,
    pub(crate) id: GrantId,
}

impl GrantToken {
    pub(crate) fn seal(&self, keyring: &Keyring, rng: &dyn Rng, now: Timestamp) -> String {
        let payload = Payload {
            v: VERSION,
            account: self.key.account.to_string(),
            region: self.key.region.to_string(),
            key_id: self.key.key_id.to_string(),
            grantee: self.grantee.to_string(),
            grant_id: self.id.to_string(),
            issued_at: now.as_millis(),
            nonce: u64::from_be_bytes(rng.array()),
        };
        let payload = serde_json::to_vec(&payload).expect("texts and numbers always serialise");
        keyring.markers().seal(PURPOSE, &payload)
    }

    /// # Errors
    /// InvalidGrantTokenException unless this server made it.
    pub(crate) fn open(keyring: &Keyring, token: &str) -> Result<Self, KmsError> {
        Self::read(keyring, token).ok_or(KmsError::InvalidGrantToken)
    }

    async fn is_alive(&self, view: View<'_, Kms>) -> Result<bool, KmsError> {
        match view.service.grants_of(view, &self.key, &self.grantee).await? {
            Grants::These(grants) => Ok(grants.iter().any(|grant| grant.id == self.id)),
            Grants::Many => Ok(find_grant(view.store, &self.key, self.id).await?.is_some()),
        }
    }

    fn read(keyring: &Keyring, token: &str) -> Option<Self> {
        let payload = keyring.markers().open(PURPOSE, token).ok()?;
        let payload: Payload = serde_json::from_slice(&payload).ok()?;
        if payload.v != VERSION {
            return None;
        }
        Some(Self {
            key: KeyArn {
                account: AccountId::parse(&payload.account).ok()?,
                // Sealed by us, so that the name was one.
                region: Region::from_store(&payload.region),
                key_id: KeyId::parse(&payload.key_id).ok()?,
            },
            grantee: payload.grantee.into(),
            id: GrantId::parse(&payload.grant_id)?,
        })
    }
}

/// The tokens of a request, at most ten by the model.
#[derive(Debug, Default)]
pub(crate) struct GrantTokens(Vec<String>);

impl From<Option<Vec<String>>> for GrantTokens {
    fn from(given: Option<Vec<String>>) -> Self {
        Self(given.unwrap_or_default())
    }
}

impl GrantTokens {
    /// Whether every token is ours and its grant is still there.
    ///
    /// # Errors
    /// InvalidGrantTokenException.
    pub(crate) async fn check(&self, view: View<'_, Kms>) -> Result<(), KmsError> {
        for token in &self.0 {
            let token = GrantToken::open(view.keyring, token)?;
            // Whoever brings a token may know of a grant that this node has not heard of yet.
            if !token.is_alive(view).await? && !token.is_alive(View { fresh: true, ..view }).await? {
                return Err(KmsError::InvalidGrantToken);
            }
        }
        Ok(())
    }
}

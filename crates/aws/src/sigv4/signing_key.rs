//! Signing keys: derived from a secret for one day, Region and service.

use super::presented::Presented;
use super::{TERMINATOR, scope::Credential};
use aws_lc_rs::hmac;
use keywright_types::SecretText;
use std::sync::{Arc, RwLock};
use zeroize::Zeroizing;

/// The key that requests of one scope are signed with. Its memory is wiped by the library when it goes.
pub struct SigningKey(hmac::Key);

impl SigningKey {
    /// `date` is `YYYYMMDD`.
    #[must_use]
    pub fn derive(secret: &SecretText, date: &str, region: &str, service: &str) -> Self {
        let secret = secret.expose().as_bytes();
        let mut first = Zeroizing::new(Vec::with_capacity(4 + secret.len()));
        first.extend_from_slice(b"AWS4");
        first.extend_from_slice(secret);
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, &first);
        for part in [date, region, service, TERMINATOR] {
            let mut tag = [0; 32];
            tag.copy_from_slice(hmac::sign(&key, part.as_bytes()).as_ref());
            let tag = Zeroizing::new(tag);
            key = hmac::Key::new(hmac::HMAC_SHA256, &*tag);
        }
        Self(key)
    }

    pub(super) fn sign(&self, text: &str) -> [u8; 32] {
        let mut signature = [0; 32];
        signature.copy_from_slice(hmac::sign(&self.0, text.as_bytes()).as_ref());
        signature
    }

    /// Constant-time in where the signatures differ.
    pub(super) fn fits(&self, text: &str, signature: &[u8]) -> bool {
        hmac::verify(&self.0, text.as_bytes(), signature).is_ok()
    }
}

/// The signing keys of one secret, derived once per scope. They live and die with the secret that owns
/// this, so a replaced or deleted secret leaves none behind.
#[derive(Default)]
pub struct SigningKeys {
    recent: RwLock<Vec<(Scope, Arc<SigningKey>)>>,
}

struct Scope {
    date: String,
    region: String,
    service: String,
}

impl Scope {
    fn is(&self, credential: &Credential) -> bool {
        self.date == credential.date && self.region == credential.region && self.service == credential.service
    }
}

/// More scopes than one caller uses in a day: Regions times services.
const SCOPES_MAX: usize = 64;

impl SigningKeys {
    /// The key for the scope that a request presents. Only scopes of served Regions and services should come
    /// here: each takes a place.
    #[must_use]
    pub fn for_request(&self, secret: &SecretText, presented: &Presented<'_>) -> Arc<SigningKey> {
        let credential = presented.credential();
        let known = self.recent.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, key)) = known.iter().find(|(scope, _)| scope.is(credential)) {
            return Arc::clone(key);
        }
        drop(known);
        let derived =
            Arc::new(SigningKey::derive(secret, &credential.date, &credential.region, &credential.service));
        let mut known = self.recent.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Another request may have derived the same key meanwhile; a second copy would only take a place.
        if let Some((_, key)) = known.iter().find(|(scope, _)| scope.is(credential)) {
            return Arc::clone(key);
        }
        if known.len() >= SCOPES_MAX {
            // The oldest day goes first; it will not be asked for again.
            known.remove(0);
        }
        let scope = Scope {
            date: credential.date.clone(),
            region: credential.region.clone(),
            service: credential.service.clone(),
        };
        known.push((scope, Arc::clone(&derived)));
        derived
    }
}

//! The keys of a provider as last read, and when they are read again.
//!
//! An unknown key id has them read again, because providers publish new keys before they use them; but tokens are made by
//! strangers, so that there is a least time between two readings, whatever came of the first.

use super::fetch::Source;
use super::jwks::Key;
use super::settings::KeySource;
use super::token::Token;
use parking_lot::RwLock;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long nothing is read again after a reading over the network.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(30);
/// After that keys are read again even if all are known, so that one that was withdrawn is withdrawn here.
const FRESH_FOR: Duration = Duration::from_secs(600);
/// Keys that could not be read again are believed so long.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);
/// The same for a file, which costs little to read.
const FILE_RETRY_AFTER: Duration = Duration::from_secs(1);
const FILE_FRESH_FOR: Duration = Duration::from_secs(5);

pub(super) struct Keys {
    source: Source,
    retry_after: Duration,
    fresh_for: Duration,
    known: RwLock<Known>,
    /// Held while keys are read: one reading at a time.
    reading: Mutex<()>,
}

#[derive(Clone, Default)]
struct Known {
    keys: Arc<[Key]>,
    read_at: Option<Instant>,
    tried_at: Option<Instant>,
}

/// What became of a signature.
pub(super) enum Found {
    Good,
    Bad,
    /// The provider has no key of that id.
    NoKey,
    /// The provider's keys are not to be had.
    NoKeys,
}

impl Keys {
    pub(super) fn new(source: &KeySource) -> Result<Self, String> {
        let (retry_after, fresh_for) = match source {
            KeySource::File(_) => (FILE_RETRY_AFTER, FILE_FRESH_FOR),
            KeySource::Url { .. } => (RETRY_AFTER, FRESH_FOR),
        };
        Ok(Self {
            source: Source::new(source)?,
            retry_after,
            fresh_for,
            known: RwLock::default(),
            reading: Mutex::new(()),
        })
    }

    pub(super) async fn verify(&self, token: &Token<'_>) -> Found {
        let mut known = self.known.read().clone();
        if !is_younger(known.read_at, self.fresh_for) || !has(&known.keys, token) {
            known = self.read_again(token).await;
        }
        if !is_younger(known.read_at, KEPT_FOR) {
            return Found::NoKeys;
        }
        if !has(&known.keys, token) {
            return Found::NoKey;
        }
        let mut fitting = known.keys.iter().filter(|key| fits(key, token));
        if fitting.any(|key| key.verifies(token.algorithm, token.signed, &token.signature)) {
            Found::Good
        } else {
            Found::Bad
        }
    }

    async fn read_again(&self, token: &Token<'_>) -> Known {
        let _alone = self.reading.lock().await;
        let known = self.known.read().clone();
        // Somebody else may just have read them; and nobody makes us read them at will.
        let settled = is_younger(known.read_at, self.fresh_for) && has(&known.keys, token);
        if settled || is_younger(known.tried_at, self.retry_after) {
            return known;
        }
        // Noted first: a caller that goes away meanwhile does not open the way for the next one.
        self.known.write().tried_at = Some(Instant::now());
        match self.source.read().await {
            Ok(keys) => {
                let mut known = self.known.write();
                known.keys = keys.into();
                known.read_at = Some(Instant::now());
            }
            Err(fault) => {
                tracing::warn!(source = %self.source, fault, "keys of a provider of identities could not be read");
            }
        }
        self.known.read().clone()
    }
}

fn is_younger(at: Option<Instant>, age: Duration) -> bool {
    at.is_some_and(|at| at.elapsed() < age)
}

/// A token without a key id may be of any key; a key without an id may have signed any token.
fn fits(key: &Key, token: &Token<'_>) -> bool {
    match (&token.key_id, &key.id) {
        (Some(wanted), Some(id)) => wanted == id,
        (None, _) | (_, None) => true,
    }
}

fn has(keys: &[Key], token: &Token<'_>) -> bool {
    keys.iter().any(|key| fits(key, token))
}

//! Waiting for changes.

use crate::agent::fetch::{Version, region_of};
use crate::agent::outputs::Values;
use crate::agent::{Fetcher, Known};
use crate::client::CallError;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// As many as one call can watch.
const WATCHED_MAX: usize = 100;
/// Pauses after a server that does not answer: doubled up to the last.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Keeps the current values of secrets.
pub struct Agent {
    pub fetcher: Fetcher,
    /// How this instance is called where versions in use are told.
    consumer: String,
    /// How often values are asked for where changes cannot be waited for.
    poll: Duration,
    values: Mutex<Values>,
    wanted: Mutex<BTreeSet<String>>,
    more: Notify,
    reports: AtomicBool,
}

impl Agent {
    pub fn new(fetcher: Fetcher, consumer: String, poll: Duration) -> Arc<Self> {
        Arc::new(Self {
            fetcher,
            consumer,
            poll,
            values: Mutex::default(),
            wanted: Mutex::default(),
            more: Notify::new(),
            reports: AtomicBool::new(true),
        })
    }

    /// The values that are known.
    pub fn values(&self) -> Values {
        self.values.lock().clone()
    }

    /// The current value of a secret, if it is known.
    pub fn find(&self, secret: &str) -> Option<Arc<Known>> {
        self.values.lock().get(secret).cloned()
    }

    /// Keeps one more secret, as it becomes.
    pub fn keep(&self, secret: &str, known: Arc<Known>) {
        self.values.lock().insert(secret.to_owned(), known);
        if self.wanted.lock().insert(secret.to_owned()) {
            self.more.notify_one();
        }
    }

    /// Fetches what is wanted, however long the server is away; what it refuses ends that.
    ///
    /// # Errors
    /// The refusal.
    pub async fn fetch_first(&self, secrets: &[String]) -> Result<(), CallError> {
        for secret in secrets {
            let mut pause = PAUSE_MIN;
            loop {
                match self.fetcher.get(secret, &Version::default()).await {
                    Ok(known) => {
                        self.keep(secret, Arc::new(known));
                        break;
                    }
                    Err(fault @ CallError::Away { .. }) => {
                        tracing::warn!(secret, %fault, "a secret could not be fetched yet; trying again");
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(PAUSE_MAX);
                    }
                    Err(fault) => return Err(fault),
                }
            }
        }
        Ok(())
    }

    /// Tells the server which versions are in use here. Nobody waits for it.
    pub async fn report(&self, secrets: &[String]) {
        for secret in secrets {
            let Some(known) = self.find(secret) else { continue };
            if !self.reports.load(Ordering::Relaxed) {
                return;
            }
            if let Err(CallError::Refused { code, .. }) =
                self.fetcher.report(secret, &known.version_id, &self.consumer).await
            {
                tracing::debug!(code, "the server does not want to know which version is in use");
                self.reports.store(false, Ordering::Relaxed);
            }
        }
    }

    /// Waits for changes for ever, and tells which secrets changed, once their new values are here.
    pub async fn run(self: Arc<Self>, changed: mpsc::Sender<Vec<String>>) {
        let mut pause = PAUSE_MIN;
        loop {
            let news = tokio::select! {
                news = self.next() => news,
                () = self.more.notified() => continue,
            };
            match news {
                Ok(named) => {
                    pause = PAUSE_MIN;
                    let fetched = self.fetch(&named).await;
                    if !fetched.is_empty() && changed.send(fetched).await.is_err() {
                        return;
                    }
                }
                Err(fault) => {
                    tracing::warn!(%fault, "changes of secrets could not be waited for; what is known stays in use");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// The secrets that may have changed: those that the server names, or all after a while.
    async fn next(&self) -> Result<Vec<String>, CallError> {
        let mut by_region: BTreeMap<Option<String>, BTreeMap<String, String>> = BTreeMap::new();
        for (secret, known) in &*self.values.lock() {
            let group = by_region.entry(region_of(secret).map(str::to_owned)).or_default();
            group.insert(secret.clone(), known.version_id.clone());
        }
        let all: Vec<String> = self.wanted.lock().iter().cloned().collect();
        let watchable = by_region.len() == 1 && all.len() <= WATCHED_MAX;
        let Some(group) = by_region.into_values().next().filter(|_| watchable) else {
            tokio::time::sleep(self.poll).await;
            return Ok(all);
        };
        match self.fetcher.watch(&group).await {
            Err(CallError::Refused { code, message }) => {
                tracing::info!(code, message, every = ?self.poll, "changes cannot be waited for; values are asked for");
                tokio::time::sleep(self.poll).await;
                Ok(all)
            }
            outcome => outcome,
        }
    }

    /// Fetches what is named, and gives those of which there is another version.
    async fn fetch(&self, named: &[String]) -> Vec<String> {
        let mut fetched = Vec::new();
        for secret in named {
            match self.fetcher.get(secret, &Version::default()).await {
                Ok(known) => {
                    let before = self.find(secret);
                    if before.is_none_or(|before| before.version_id != known.version_id) {
                        self.values.lock().insert(secret.clone(), Arc::new(known));
                        fetched.push(secret.clone());
                    }
                }
                Err(fault) => {
                    tracing::warn!(secret, %fault, "a secret could not be fetched; the last value stays in use");
                    tokio::time::sleep(PAUSE_MIN).await;
                }
            }
        }
        fetched
    }
}

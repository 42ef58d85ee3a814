//! The trail as the server uses it.

use crate::TrailError;
use crate::line::LineHash;
use crate::open::{Opening, find_end};
use crate::retention::{self, RetentionPolicy};
use crate::scan;
use crate::segment;
use crate::writer::{OpenFile, Syncer, Writer, on_disk};
use keywright_crypto::TrailSigner;
use keywright_types::{Clock, EventId, NodeId};
use parking_lot::{Condvar, Mutex};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// When records reach the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncMode {
    /// At most this long after they were written.
    Group(Duration),
    /// Before `append` returns.
    Strict,
}

/// Where and how a trail is kept.
#[derive(Debug, Clone)]
pub struct TrailConfig {
    pub dir: PathBuf,
    pub node: NodeId,
    /// A segment is closed once it has this many bytes.
    pub segment_bytes_max: u64,
    pub sync: SyncMode,
    pub retention: RetentionPolicy,
}

/// The last line of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub seq: u64,
    pub hash: [u8; 32],
}

/// An open trail.
///
/// Appending has no thread of its own: whoever finds the writer free writes for everybody who waits, in one
/// system call, and wakes them. Alone, it costs no hop to another thread; under load it batches by itself.
pub struct Trail {
    shared: Arc<Shared>,
    syncing: Mutex<Option<std::thread::JoinHandle<()>>>,
}

struct Shared {
    config: TrailConfig,
    clock: Arc<dyn Clock>,
    waiting: Mutex<Vec<Waiting>>,
    writer: Mutex<Writer>,
    written: Notify,
    sync: SyncState,
    stopped: watch::Sender<Option<String>>,
}

/// What the sync thread waits for.
#[derive(Default)]
struct SyncState {
    dirty: Mutex<Dirty>,
    wake: Condvar,
}

#[derive(Default)]
struct Dirty {
    file: Option<Arc<dyn Syncer>>,
    closing: bool,
}

struct Waiting {
    events: Vec<String>,
    outcome: Arc<AtomicU8>,
}

const PENDING: u8 = 0;
const WRITTEN: u8 = 1;
const DISK_FULL: u8 = 2;
const STOPPED: u8 = 3;

impl Trail {
    /// Opens the trail in its folder, or starts one.
    ///
    /// # Errors
    /// [`TrailError`] when files cannot be used or were changed from outside.
    pub fn open(
        config: TrailConfig,
        signer: TrailSigner,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Opening), TrailError> {
        Self::open_with(config, signer, clock, on_disk())
    }

    pub(crate) fn open_with(
        config: TrailConfig,
        signer: TrailSigner,
        clock: Arc<dyn Clock>,
        open_file: OpenFile,
    ) -> Result<(Self, Opening), TrailError> {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&config.dir)
            .map_err(|cause| TrailError::file(&config.dir, &cause))?;
        let end = find_end(&config.dir)?;
        let opening = Opening { torn: end.torn };
        let writer =
            Writer::new(config.dir.clone(), config.node, signer, config.segment_bytes_max, open_file, &end)?;
        let shared = Arc::new(Shared {
            clock,
            waiting: Mutex::default(),
            writer: Mutex::new(writer),
            written: Notify::new(),
            sync: SyncState::default(),
            stopped: watch::channel(None).0,
            config,
        });
        let syncing = match shared.config.sync {
            SyncMode::Strict => None,
            SyncMode::Group(delay) => {
                let shared = Arc::clone(&shared);
                let thread = std::thread::Builder::new().name("trail-sync".to_owned());
                let run = move || shared.sync_in_groups(delay);
                Some(thread.spawn(run).map_err(|cause| TrailError::Stopped { cause: cause.to_string() })?)
            }
        };
        Ok((Self { shared, syncing: Mutex::new(syncing) }, opening))
    }

    /// Appends one record, a JSON object on one line. Returns once it is in the kernel, or on the disk in
    /// strict mode.
    ///
    /// # Errors
    /// [`TrailError`]; the record is then not in the trail.
    pub async fn append(&self, event: String) -> Result<(), TrailError> {
        self.append_all(vec![event]).await
    }

    /// Appends records that belong together, in order.
    ///
    /// # Errors
    /// [`TrailError`]; none of them is then in the trail.
    pub async fn append_all(&self, events: Vec<String>) -> Result<(), TrailError> {
        if events.iter().any(|event| !event.starts_with('{') || event.contains('\n')) {
            return Err(TrailError::NotOneLine);
        }
        let shared = &*self.shared;
        let outcome = Arc::new(AtomicU8::new(PENDING));
        shared.waiting.lock().push(Waiting { events, outcome: Arc::clone(&outcome) });
        // Requests that are ready to run meanwhile join the group: under load one system call serves many, and
        // without load this costs a turn of an empty queue.
        tokio::task::yield_now().await;
        loop {
            let woken = shared.written.notified();
            let mut woken = std::pin::pin!(woken);
            // Registered before looking, so that a wake-up in between is not missed.
            woken.as_mut().enable();
            if outcome.load(Ordering::Acquire) == PENDING {
                shared.write_waiting();
            }
            match outcome.load(Ordering::Acquire) {
                PENDING => woken.await,
                WRITTEN => return Ok(()),
                DISK_FULL => return Err(TrailError::DiskFull),
                _ => return Err(shared.stop_error()),
            }
        }
    }

    /// The last line written.
    #[must_use]
    pub fn head(&self) -> Head {
        let writer = self.shared.writer.lock();
        Head { seq: writer.next_seq - 1, hash: writer.prev }
    }

    /// Signs the chain's state; does nothing when nothing was added since the last time.
    ///
    /// # Errors
    /// [`TrailError`].
    pub async fn checkpoint(&self) -> Result<(), TrailError> {
        let outcome = self.shared.writer.lock().checkpoint(self.shared.clock.now());
        self.shared.noted(outcome)?;
        self.shared.mark_dirty();
        Ok(())
    }

    /// Returns once everything appended so far is on the disk.
    ///
    /// # Errors
    /// [`TrailError::Stopped`] when it may not be.
    pub async fn sync(&self) -> Result<(), TrailError> {
        // Records of requests whose clients went away wait for somebody to write them.
        self.shared.write_waiting();
        let syncer = self.shared.writer.lock().syncer();
        let Some(syncer) = syncer else { return Ok(()) };
        let synced = tokio::task::spawn_blocking(move || syncer.sync()).await;
        let outcome = match synced {
            Ok(Ok(())) => Ok(()),
            Ok(Err(cause)) => Err(TrailError::Stopped { cause: cause.to_string() }),
            Err(cause) => Err(TrailError::Stopped { cause: cause.to_string() }),
        };
        self.shared.noted(outcome)
    }

    /// Signs, syncs and ends the trail.
    ///
    /// # Errors
    /// [`TrailError`].
    pub async fn close(&self) -> Result<(), TrailError> {
        self.shared.write_waiting();
        self.checkpoint().await?;
        self.sync().await?;
        self.shared.sync.dirty.lock().closing = true;
        self.shared.sync.wake.notify_all();
        let thread = self.syncing.lock().take();
        if let Some(thread) = thread {
            let _ended = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        Ok(())
    }

    /// Resolves, with the cause, once the trail has stopped for good.
    pub async fn failure(&self) -> String {
        let mut stopped = self.shared.stopped.subscribe();
        match stopped.wait_for(Option::is_some).await {
            Ok(cause) => cause.clone().unwrap_or_default(),
            Err(_) => std::future::pending().await,
        }
    }

    /// Which of these records the trail holds after its line `after_seq`.
    ///
    /// # Errors
    /// [`TrailError`] when segments cannot be read.
    pub fn contains(&self, ids: &HashSet<EventId>, after_seq: u64) -> Result<HashSet<EventId>, TrailError> {
        let mut found = HashSet::new();
        scan::after(&self.shared.config.dir, after_seq, |_, line| {
            let id = scan::event_id(line).and_then(|text| EventId::parse(text).ok());
            found.extend(id.filter(|id| ids.contains(id)));
        })?;
        Ok(found)
    }

    /// Whether the trail holds this line, as it was noted elsewhere.
    ///
    /// # Errors
    /// [`TrailError`] when segments cannot be read.
    pub fn holds(&self, head: Head) -> Result<bool, TrailError> {
        let mut held = false;
        scan::after(&self.shared.config.dir, head.seq.saturating_sub(1), |seq, line| {
            held |= seq == head.seq && crate::line::hash(line) == head.hash;
        })?;
        Ok(held)
    }
}

impl Shared {
    /// Writes for everybody who waits, if nobody else is doing it.
    fn write_waiting(&self) {
        let Some(mut writer) = self.writer.try_lock() else { return };
        loop {
            let mut group = std::mem::take(&mut *self.waiting.lock());
            if group.is_empty() {
                break;
            }
            let outcome = self.write_group(&mut writer, &mut group);
            let code = match &outcome {
                Ok(()) => WRITTEN,
                Err(TrailError::DiskFull) => DISK_FULL,
                Err(_) => STOPPED,
            };
            let _noted = self.noted(outcome);
            for waiting in &group {
                waiting.outcome.store(code, Ordering::Release);
            }
        }
        drop(writer);
        // After the writer is free: who came too late for the last group finds it so.
        self.written.notify_waiters();
    }

    fn write_group(&self, writer: &mut Writer, group: &mut [Waiting]) -> Result<(), TrailError> {
        if self.stopped.borrow().is_some() {
            return Err(self.stop_error());
        }
        let mut events = Vec::with_capacity(group.len());
        for waiting in group {
            events.append(&mut waiting.events);
        }
        let closed = writer.append(&events, self.clock.now())?;
        if let Some(number) = closed {
            self.tidy(number);
        }
        match self.config.sync {
            SyncMode::Strict => match writer.syncer() {
                Some(syncer) => {
                    syncer.sync().map_err(|cause| TrailError::Stopped { cause: cause.to_string() })
                }
                None => Ok(()),
            },
            SyncMode::Group(_) => {
                self.set_dirty(writer.syncer());
                Ok(())
            }
        }
    }

    /// Compresses a closed segment and removes what is past its time, beside the requests.
    fn tidy(&self, number: u64) {
        let (dir, policy, now) = (self.config.dir.clone(), self.config.retention, self.clock.now());
        let work = move || {
            if let Err(fault) = segment::compress(&dir, number) {
                tracing::warn!(number, %fault, "a closed segment of the trail could not be compressed");
            }
            match retention::enforce(&dir, policy, now) {
                Ok(0) => {}
                Ok(removed) => {
                    tracing::info!(removed, "segments of the trail past their retention were removed")
                }
                Err(fault) => tracing::warn!(%fault, "the trail's retention could not be enforced"),
            }
        };
        if let Err(fault) = std::thread::Builder::new().name("trail-tidy".to_owned()).spawn(work) {
            tracing::warn!(%fault, "a closed segment of the trail stays uncompressed");
        }
    }

    fn mark_dirty(&self) {
        let syncer = self.writer.lock().syncer();
        self.set_dirty(syncer);
    }

    fn set_dirty(&self, file: Option<Arc<dyn Syncer>>) {
        let mut dirty = self.sync.dirty.lock();
        let idle = dirty.file.is_none();
        dirty.file = file;
        if idle {
            self.sync.wake.notify_one();
        }
    }

    fn sync_in_groups(&self, delay: Duration) {
        loop {
            let mut dirty = self.sync.dirty.lock();
            while dirty.file.is_none() && !dirty.closing {
                self.sync.wake.wait(&mut dirty);
            }
            if dirty.closing {
                return;
            }
            // Wait for company, but not longer than promised.
            self.sync.wake.wait_while_for(&mut dirty, |dirty| !dirty.closing, delay);
            let file = dirty.file.take();
            drop(dirty);
            if let Some(file) = file
                && let Err(cause) = file.sync()
            {
                let _noted = self.noted(Err::<(), _>(TrailError::Stopped { cause: cause.to_string() }));
                return;
            }
        }
    }

    /// Remembers a fault after which nothing may be written.
    fn noted<T>(&self, outcome: Result<T, TrailError>) -> Result<T, TrailError> {
        if let Err(TrailError::Stopped { cause }) = &outcome {
            tracing::error!(cause, "the trail cannot be written any more");
            self.stopped.send_if_modified(|stopped| {
                let first = stopped.is_none();
                if first {
                    *stopped = Some(cause.clone());
                }
                first
            });
        }
        outcome
    }

    fn stop_error(&self) -> TrailError {
        TrailError::Stopped { cause: self.stopped.borrow().clone().unwrap_or_default() }
    }
}

impl Head {
    #[must_use]
    pub fn hash_text(&self) -> String {
        let hash: LineHash = self.hash;
        crate::line::hex(&hash)
    }
}

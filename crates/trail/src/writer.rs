//! The end of the chain: lines go here, in order, one writer at a time.

use crate::TrailError;
use crate::line::{self, Checkpoint, LineHash, SegmentStart};
use crate::open::End;
use crate::segment;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keywright_crypto::TrailSigner;
use keywright_types::{NodeId, Timestamp};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file as far as the trail needs one, so that tests can have one that fails.
pub(crate) trait LogFile: Send {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    fn cut(&mut self, length: u64) -> io::Result<()>;
    /// A handle whose `sync` may run while others append.
    fn syncer(&self) -> Arc<dyn Syncer>;
}

/// Makes what was appended durable.
pub(crate) trait Syncer: Send + Sync {
    fn sync(&self) -> io::Result<()>;
}

struct DiskFile(Arc<File>);

impl LogFile for DiskFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        (&*self.0).write_all(bytes)
    }
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }
    fn syncer(&self) -> Arc<dyn Syncer> {
        Arc::new(DiskSyncer(Arc::clone(&self.0)))
    }
}

struct DiskSyncer(Arc<File>);

impl Syncer for DiskSyncer {
    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// Makes the files; tests give another.
pub(crate) type OpenFile = Box<dyn Fn(&Path) -> io::Result<Box<dyn LogFile>> + Send>;

pub(crate) fn on_disk() -> OpenFile {
    Box::new(|path| {
        use std::os::unix::fs::OpenOptionsExt as _;
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(Box::new(DiskFile(Arc::new(file))))
    })
}

/// Writes the chain.
pub(crate) struct Writer {
    dir: PathBuf,
    node: NodeId,
    signer: TrailSigner,
    segment_bytes_max: u64,
    open_file: OpenFile,
    active: Option<Active>,
    next_segment: u64,
    pub(crate) next_seq: u64,
    pub(crate) prev: LineHash,
    /// Whether there are records that no checkpoint covers.
    unsigned: bool,
}

struct Active {
    number: u64,
    file: Box<dyn LogFile>,
    bytes: u64,
}

impl Writer {
    pub(crate) fn new(
        dir: PathBuf,
        node: NodeId,
        signer: TrailSigner,
        segment_bytes_max: u64,
        open_file: OpenFile,
        end: &End,
    ) -> Result<Self, TrailError> {
        let active = match end.active {
            Some((number, bytes)) => {
                let path = segment::plain_path(&dir, number);
                let file = open_file(&path).map_err(|cause| TrailError::file(&path, &cause))?;
                Some(Active { number, file, bytes })
            }
            None => None,
        };
        Ok(Self {
            dir,
            node,
            signer,
            segment_bytes_max,
            open_file,
            active,
            next_segment: end.next_segment,
            next_seq: end.next_seq,
            prev: end.prev,
            unsigned: true,
        })
    }

    pub(crate) fn syncer(&self) -> Option<Arc<dyn Syncer>> {
        self.active.as_ref().map(|active| active.file.syncer())
    }

    /// Appends records as one write. A full disk leaves the chain as it was.
    ///
    /// Gives the number of the segment that was closed, if this closed one.
    pub(crate) fn append(&mut self, events: &[String], now: Timestamp) -> Result<Option<u64>, TrailError> {
        let closed = self.roll(now)?;
        let mut text = String::with_capacity(events.iter().map(|event| event.len() + 128).sum());
        let (mut seq, mut prev) = (self.next_seq, self.prev);
        for event in events {
            prev = line::push(&mut text, seq, &prev, line::EVENT, event);
            seq += 1;
        }
        self.write(text.as_bytes())?;
        (self.next_seq, self.prev) = (seq, prev);
        self.unsigned = true;
        Ok(closed)
    }

    /// Signs the chain's state, if there is something to sign.
    pub(crate) fn checkpoint(&mut self, now: Timestamp) -> Result<(), TrailError> {
        if !self.unsigned || self.active.is_none() {
            return Ok(());
        }
        let (node, at) = (self.node.to_string(), now.rfc3339_millis());
        let signature = self.signer.sign(&line::checkpoint_message(&node, self.next_seq, &self.prev, &at));
        let content = Checkpoint {
            node,
            at,
            public_key: STANDARD.encode(self.signer.public_key()),
            signature: STANDARD.encode(signature),
        };
        self.push(line::CHECKPOINT, &serde_json::to_string(&content).expect("strings serialise"))?;
        self.unsigned = false;
        Ok(())
    }

    /// Starts a segment if there is none, or the active one is full.
    fn roll(&mut self, now: Timestamp) -> Result<Option<u64>, TrailError> {
        let closed = match &self.active {
            Some(active) if active.bytes < self.segment_bytes_max => return Ok(None),
            Some(active) => {
                let number = active.number;
                self.unsigned = true;
                self.checkpoint(now)?;
                if let Some(syncer) = self.syncer() {
                    syncer.sync().map_err(|cause| stopped(&cause))?;
                }
                Some(number)
            }
            None => None,
        };
        let number = self.next_segment;
        let path = segment::plain_path(&self.dir, number);
        let file = (self.open_file)(&path).map_err(|cause| classify(&cause))?;
        self.active = Some(Active { number, file, bytes: 0 });
        self.next_segment += 1;
        let content = SegmentStart { node: self.node.to_string(), number, started_at: now.rfc3339_millis() };
        self.push(line::SEGMENT, &serde_json::to_string(&content).expect("strings serialise"))?;
        Ok(closed)
    }

    fn push(&mut self, member: &str, content: &str) -> Result<(), TrailError> {
        let mut text = String::with_capacity(content.len() + 128);
        let hash = line::push(&mut text, self.next_seq, &self.prev, member, content);
        self.write(text.as_bytes())?;
        self.next_seq += 1;
        self.prev = hash;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), TrailError> {
        let active = self.active.as_mut().expect("roll made a segment");
        match active.file.append(bytes) {
            Ok(()) => {
                active.bytes += bytes.len() as u64;
                Ok(())
            }
            Err(cause) if cause.kind() == io::ErrorKind::StorageFull => {
                // Whatever part was written goes again, so that the chain ends in a whole line.
                active.file.cut(active.bytes).map_err(|cause| stopped(&cause))?;
                Err(TrailError::DiskFull)
            }
            Err(cause) => Err(stopped(&cause)),
        }
    }
}

fn stopped(cause: &io::Error) -> TrailError {
    TrailError::Stopped { cause: cause.to_string() }
}

fn classify(cause: &io::Error) -> TrailError {
    if cause.kind() == io::ErrorKind::StorageFull { TrailError::DiskFull } else { stopped(cause) }
}

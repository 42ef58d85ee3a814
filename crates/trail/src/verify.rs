//! The offline verifier: it needs the files, and for full proof the public key and a head kept elsewhere.

use crate::line::{self, Line, LineHash, NO_LINE};
use crate::reader::Lines;
use crate::segment;
use crate::{Head, TrailError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keywright_crypto::verify_trail_signature;
use serde_json::json;
use std::fmt;
use std::path::Path;

/// What the verifier may hold the trail against.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    public_key: Option<[u8; 32]>,
    head: Option<Head>,
}

/// A public key that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("32 bytes in base64 are wanted")]
pub struct NotAPublicKey;

impl VerifyOptions {
    /// Checkpoints must be signed by this key, given in base64.
    ///
    /// # Errors
    /// [`NotAPublicKey`].
    pub fn expect_public_key(self, base64: &str) -> Result<Self, NotAPublicKey> {
        let key = STANDARD.decode(base64).ok().and_then(|key| key.try_into().ok()).ok_or(NotAPublicKey)?;
        Ok(Self { public_key: Some(key), ..self })
    }

    /// This line must be there: a trail cut before it shows.
    #[must_use]
    pub fn expect_head(self, head: Head) -> Self {
        Self { head: Some(head), ..self }
    }
}

/// What is wrong at the first bad place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The line before this one is not what this one says: it was edited, or a byte flipped.
    Changed,
    /// Lines are missing before this one.
    Missing,
    /// Lines stand in another order, or twice.
    OutOfOrder,
    /// Not a line of the trail.
    Unreadable,
    /// The trail ends before a line that is known to have been there.
    CutTail,
    /// A checkpoint's signature does not fit.
    BadSignature,
    /// A checkpoint is signed by another key.
    ForeignKey,
    /// A line without its end in a segment that was closed.
    Torn,
}

impl FaultKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::OutOfOrder => "out of order",
            Self::Unreadable => "unreadable",
            Self::CutTail => "tail cut",
            Self::BadSignature => "bad signature",
            Self::ForeignKey => "foreign key",
            Self::Torn => "torn",
        }
    }
}

/// The first bad place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    pub file: String,
    /// From 1.
    pub line: u64,
    /// The line number that was expected in the chain.
    pub seq: u64,
}

/// What the verifier found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub segments: u64,
    pub lines: u64,
    pub events: u64,
    pub checkpoints: u64,
    /// Lines after the last checkpoint: chained, not yet signed.
    pub unsigned_lines: u64,
    /// The first line's number; above 1 when older segments were removed by retention.
    pub first_seq: u64,
    pub public_key: Option<String>,
    pub fault: Option<Fault>,
}

impl Report {
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.fault.is_none()
    }

    /// Stable JSON for scripts.
    #[must_use]
    pub fn to_json(&self) -> String {
        let fault = self.fault.as_ref().map(|fault| {
            json!({ "Kind": fault.kind.as_str(), "File": fault.file, "Line": fault.line, "Seq": fault.seq })
        });
        json!({
            "Sound": self.is_sound(),
            "Segments": self.segments,
            "Lines": self.lines,
            "Events": self.events,
            "Checkpoints": self.checkpoints,
            "UnsignedLines": self.unsigned_lines,
            "FirstSeq": self.first_seq,
            "PublicKey": self.public_key,
            "Fault": fault,
        })
        .to_string()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} events in {} lines of {} segments, {} signed checkpoints, {} lines since the last",
            self.events, self.lines, self.segments, self.checkpoints, self.unsigned_lines
        )?;
        if self.first_seq > 1 {
            writeln!(f, "the trail starts at line {}: what was before is not here", self.first_seq)?;
        }
        if let Some(key) = &self.public_key {
            writeln!(f, "public key: {key}")?;
        }
        match &self.fault {
            None => write!(f, "sound"),
            Some(fault) => write!(
                f,
                "NOT SOUND: {} at {} line {} (number {} of the chain)",
                fault.kind.as_str(),
                fault.file,
                fault.line,
                fault.seq
            ),
        }
    }
}

struct Walk<'o> {
    options: &'o VerifyOptions,
    report: Report,
    expected: Option<(u64, LineHash)>,
    head_seen: bool,
}

/// Reads the whole trail and checks every link and signature, in constant memory. It may run while a server
/// writes.
///
/// # Errors
/// [`TrailError`] when files cannot be read; what is wrong *in* them is in the report.
pub fn verify(dir: &Path, options: &VerifyOptions) -> Result<Report, TrailError> {
    let segments = segment::list(dir)?;
    let mut walk = Walk { options, report: Report::default(), expected: None, head_seen: false };
    for (at, found) in segments.iter().enumerate() {
        walk.report.segments += 1;
        let newest = at + 1 == segments.len();
        let file = found.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut lines = match Lines::of(found)? {
            Some(lines) => lines,
            // Removed by retention since it was listed: the trail begins after it.
            None if walk.expected.is_none() => continue,
            None => return Ok(walk.fail(FaultKind::Missing, &file, 0)),
        };
        let mut number = 0;
        loop {
            number += 1;
            let raw = match lines.next() {
                Ok(Some(raw)) => raw,
                Ok(None) => break,
                // A damaged archive cannot be read on.
                Err(_) if found.compressed => {
                    return Ok(walk.fail(FaultKind::Unreadable, &file, number));
                }
                Err(fault) => return Err(fault),
            };
            if !raw.whole {
                if newest {
                    // A server may be writing it.
                    break;
                }
                return Ok(walk.fail(FaultKind::Torn, &file, number));
            }
            if let Err(kind) = walk.line(&raw.bytes) {
                return Ok(walk.fail(kind, &file, number));
            }
        }
        if newest && walk.options.head.is_some() && !walk.head_seen {
            return Ok(walk.fail(FaultKind::CutTail, &file, number));
        }
    }
    if segments.is_empty() && options.head.is_some() {
        return Ok(walk.fail(FaultKind::CutTail, "", 0));
    }
    Ok(walk.report)
}

impl Walk<'_> {
    fn line(&mut self, bytes: &[u8]) -> Result<(), FaultKind> {
        let line = Line::parse(bytes).ok_or(FaultKind::Unreadable)?;
        let prev = line::unhex(line.prev).ok_or(FaultKind::Unreadable)?;
        match self.expected {
            None => {
                if line.seq == 1 && prev != NO_LINE {
                    return Err(FaultKind::Changed);
                }
                self.report.first_seq = line.seq;
            }
            Some((seq, _)) if line.seq > seq => return Err(FaultKind::Missing),
            Some((seq, _)) if line.seq < seq => return Err(FaultKind::OutOfOrder),
            Some((_, hash)) if hash != prev => return Err(FaultKind::Changed),
            Some(_) => {}
        }
        self.report.lines += 1;
        self.report.unsigned_lines += 1;
        if line.event.is_some() {
            self.report.events += 1;
        }
        if let Some(checkpoint) = &line.checkpoint {
            let message = line::checkpoint_message(&checkpoint.node, line.seq, &prev, &checkpoint.at);
            let key: [u8; 32] = STANDARD
                .decode(&checkpoint.public_key)
                .ok()
                .and_then(|key| key.try_into().ok())
                .ok_or(FaultKind::BadSignature)?;
            // Without a key from outside, the first one must at least stay the same.
            let known = self.report.public_key.as_deref().and_then(|key| STANDARD.decode(key).ok());
            let wanted = self.options.public_key.or_else(|| known.and_then(|key| key.try_into().ok()));
            if wanted.is_some_and(|wanted| wanted != key) {
                return Err(FaultKind::ForeignKey);
            }
            let signature = STANDARD.decode(&checkpoint.signature).map_err(|_| FaultKind::BadSignature)?;
            if !verify_trail_signature(&key, &message, &signature) {
                return Err(FaultKind::BadSignature);
            }
            self.report.public_key = Some(checkpoint.public_key.clone());
            self.report.checkpoints += 1;
            self.report.unsigned_lines = 0;
        }
        let hash = line::hash(bytes);
        if let Some(head) = self.options.head
            && head.seq == line.seq
        {
            if head.hash != hash {
                return Err(FaultKind::Changed);
            }
            self.head_seen = true;
        }
        self.expected = Some((line.seq + 1, hash));
        Ok(())
    }

    fn fail(mut self, kind: FaultKind, file: &str, line: u64) -> Report {
        let seq = self.expected.map_or(1, |(seq, _)| seq);
        self.report.fault = Some(Fault { kind, file: file.to_owned(), line, seq });
        self.report
    }
}

//! The audit trail: an append-only, hash-chained log with signed checkpoints, one per node.
//!
//! What: CloudTrail-shaped records as JSON lines in segments; each line names the SHA-256 of the line
//! before it, checkpoints are signed, and an offline verifier names the first bad place.
//! Why here: it knows files and nothing else; no SQL, no accounts, no network.
//!
//! Invariants
//! - `append` returns once the line is in the kernel: a kill of the process loses no answered record.
//!   fsync follows within 50 ms, or before the answer in strict mode.
//! - Lines are never changed; a torn last line, which was never answered, is cut at open and told.
//! - A failed write or fsync ends the trail for good; only a full disk may be followed by success.
//!
//! The format is in docs/trail.md.

mod error;
mod line;
mod open;
mod reader;
mod record;
mod retention;
mod scan;
mod segment;
mod tail;
#[cfg(test)]
mod tests;
mod trail;
mod verify;
mod writer;

pub use error::TrailError;
pub use open::{Opening, Torn};
pub use record::{EventKind, Identity, Record, Resource, SessionContext, SessionIssuer};
pub use retention::RetentionPolicy;
pub use tail::{Follower, tail};
pub use trail::{Head, SyncMode, Trail, TrailConfig};
pub use verify::{Fault, FaultKind, Report, VerifyOptions, verify};

//! Retention: whole closed segments go, oldest first, and an anchor tells where the rest begins.

use crate::TrailError;
use crate::segment;
use keywright_types::Timestamp;
use std::path::Path;
use std::time::Duration;

/// How long closed segments are kept; none keeps them for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetentionPolicy {
    pub max_age: Option<Duration>,
    /// All segments together, in bytes.
    pub max_bytes: Option<u64>,
}

/// Removes closed segments that are older, or more, than the policy keeps. The newest two always stay.
pub(crate) fn enforce(dir: &Path, policy: RetentionPolicy, now: Timestamp) -> Result<usize, TrailError> {
    let segments = segment::list(dir)?;
    let mut sizes = Vec::with_capacity(segments.len());
    for found in &segments {
        let metadata =
            std::fs::metadata(&found.path).map_err(|cause| TrailError::file(&found.path, &cause))?;
        let written = metadata
            .modified()
            .ok()
            .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
            .and_then(|at| i64::try_from(at.as_millis()).ok())
            .map_or(now, Timestamp::from_millis);
        sizes.push((metadata.len(), written));
    }
    let mut total: u64 = sizes.iter().map(|(bytes, _)| bytes).sum();
    let mut removed = 0;
    for (found, (bytes, written)) in segments.iter().zip(sizes).take(segments.len().saturating_sub(2)) {
        let too_old = policy.max_age.is_some_and(|age| now.since(written) > age);
        let too_much = policy.max_bytes.is_some_and(|most| total > most);
        if !too_old && !too_much {
            break;
        }
        std::fs::remove_file(&found.path).map_err(|cause| TrailError::file(&found.path, &cause))?;
        total -= bytes;
        removed += 1;
    }
    Ok(removed)
}

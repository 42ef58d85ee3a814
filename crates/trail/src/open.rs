//! Opening a trail: where it ends, and whether its end was torn.

use crate::TrailError;
use crate::line::{self, Line, LineHash, NO_LINE};
use crate::reader::Lines;
use crate::segment::{self, Segment};
use std::fs::OpenOptions;
use std::path::Path;

/// What opening found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The torn last line that was cut; it was never answered.
    pub torn: Option<Torn>,
}

/// A line that a kill or a power failure cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn {
    pub bytes: u64,
}

/// Where to go on.
pub(crate) struct End {
    /// The number of the next line.
    pub(crate) next_seq: u64,
    pub(crate) prev: LineHash,
    /// The segment to append to and its length in bytes; none if a new one is to be started.
    pub(crate) active: Option<(u64, u64)>,
    pub(crate) next_segment: u64,
    pub(crate) torn: Option<Torn>,
}

pub(crate) fn find_end(dir: &Path) -> Result<End, TrailError> {
    let segments = segment::list(dir)?;
    let next_segment = segments.last().map_or(1, |last| last.number + 1);
    let mut torn = None;
    // The newest segment may hold nothing but a torn first line: then the one before it has the end.
    for segment in segments.iter().rev() {
        let found = read_end(segment)?;
        if found.torn > 0 {
            torn = Some(Torn { bytes: found.torn });
            cut(&segment.path, found.whole_bytes)?;
        }
        if let Some((seq, prev, closed)) = found.last {
            let active = (!segment.compressed && !closed).then_some((segment.number, found.whole_bytes));
            return Ok(End { next_seq: seq + 1, prev, active, next_segment, torn });
        }
        if !segment.compressed {
            std::fs::remove_file(&segment.path).map_err(|cause| TrailError::file(&segment.path, &cause))?;
        }
    }
    Ok(End { next_seq: 1, prev: NO_LINE, active: None, next_segment, torn })
}

struct SegmentEnd {
    /// Number and hash of the last line; and whether a later segment was meant to follow.
    last: Option<(u64, LineHash, bool)>,
    whole_bytes: u64,
    torn: u64,
}

fn read_end(segment: &Segment) -> Result<SegmentEnd, TrailError> {
    let mut end = SegmentEnd { last: None, whole_bytes: 0, torn: 0 };
    let Some(mut lines) = Lines::of(segment)? else { return Ok(end) };
    let mut last: Option<Vec<u8>> = None;
    while let Some(raw) = lines.next()? {
        if raw.whole {
            end.whole_bytes += raw.bytes.len() as u64 + 1;
            last = Some(raw.bytes);
        } else {
            end.torn = raw.bytes.len() as u64;
        }
    }
    if let Some(bytes) = last {
        let unreadable = || TrailError::Unreadable { path: segment.path.clone() };
        let parsed = Line::parse(&bytes).ok_or_else(unreadable)?;
        end.last = Some((parsed.seq, line::hash(&bytes), segment.compressed));
    }
    Ok(end)
}

fn cut(path: &Path, length: u64) -> Result<(), TrailError> {
    let cutting = || {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(length)?;
        file.sync_all()
    };
    cutting().map_err(|cause| TrailError::file(path, &cause))
}

//! Reading lines of a segment, one at a time and of bounded length.

use crate::TrailError;
use crate::segment::Segment;
use std::io::{BufRead, Read as _};

/// A longer line was not written by us.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// One line as read.
pub(crate) struct RawLine {
    /// Without its line end.
    pub(crate) bytes: Vec<u8>,
    /// Whether it has a line end.
    pub(crate) whole: bool,
}

pub(crate) struct Lines {
    path: std::path::PathBuf,
    input: Box<dyn BufRead + Send>,
}

impl Lines {
    /// None if the segment is gone by now.
    pub(crate) fn of(segment: &Segment) -> Result<Option<Self>, TrailError> {
        let input = segment.open()?;
        Ok(input.map(|input| Self { path: segment.path.clone(), input }))
    }

    pub(crate) fn next(&mut self) -> Result<Option<RawLine>, TrailError> {
        let mut bytes = Vec::new();
        let mut bounded = (&mut self.input).take(LINE_BYTES_MAX);
        let read =
            bounded.read_until(b'\n', &mut bytes).map_err(|cause| TrailError::file(&self.path, &cause))?;
        if read == 0 {
            return Ok(None);
        }
        let whole = bytes.last() == Some(&b'\n');
        if whole {
            bytes.pop();
        }
        Ok(Some(RawLine { bytes, whole }))
    }
}

//! The end of the trail, once or as it grows.

use crate::TrailError;
use crate::line::Line;
use crate::reader::Lines;
use crate::segment;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// The last `count` events, oldest first, as JSON.
///
/// # Errors
/// [`TrailError`] when files cannot be read.
pub fn tail(dir: &Path, count: usize) -> Result<Vec<String>, TrailError> {
    let mut found: VecDeque<String> = VecDeque::new();
    for segment in segment::list(dir)?.iter().rev() {
        let mut of_segment: VecDeque<String> = VecDeque::new();
        // What retention removed meanwhile was the oldest.
        let Some(mut lines) = Lines::of(segment)? else { break };
        while let Some(raw) = lines.next()? {
            if let Some(event) = event_of(&raw.bytes) {
                of_segment.push_back(event);
                if of_segment.len() + found.len() > count {
                    of_segment.pop_front();
                }
            }
        }
        for event in of_segment.into_iter().rev() {
            found.push_front(event);
        }
        if found.len() >= count {
            break;
        }
    }
    Ok(found.into())
}

fn event_of(line: &[u8]) -> Option<String> {
    Some(Line::parse(line)?.event?.get().to_owned())
}

/// Reads what is appended from now on, across segments.
pub struct Follower {
    dir: PathBuf,
    current: Option<(u64, Box<dyn BufRead + Send>)>,
    partial: Vec<u8>,
}

impl Follower {
    /// Starts behind the last line.
    ///
    /// # Errors
    /// [`TrailError`] when files cannot be read.
    pub fn at_end(dir: &Path) -> Result<Self, TrailError> {
        let mut follower = Self { dir: dir.to_owned(), current: None, partial: Vec::new() };
        if let Some(newest) = segment::list(dir)?.into_iter().rev().find(|segment| !segment.compressed) {
            let mut file =
                File::open(&newest.path).map_err(|cause| TrailError::file(&newest.path, &cause))?;
            file.seek(SeekFrom::End(0)).map_err(|cause| TrailError::file(&newest.path, &cause))?;
            follower.current = Some((newest.number, Box::new(BufReader::new(file))));
        }
        Ok(follower)
    }

    /// The events appended since the last call.
    ///
    /// # Errors
    /// [`TrailError`] when files cannot be read.
    pub fn poll(&mut self) -> Result<Vec<String>, TrailError> {
        let mut events = Vec::new();
        loop {
            self.drain(&mut events)?;
            let after = self.current.as_ref().map_or(0, |(number, _)| *number);
            let next = segment::list(&self.dir)?.into_iter().find(|segment| segment.number > after);
            let Some(next) = next else { return Ok(events) };
            // What came between the end of this one and the beginning of the next.
            self.drain(&mut events)?;
            // Gone already: only retention outruns a follower, and then there is nothing to read.
            let Some(reader) = next.open()? else { return Ok(events) };
            self.partial.clear();
            self.current = Some((next.number, reader));
        }
    }

    /// Reads the current segment as far as it goes.
    fn drain(&mut self, events: &mut Vec<String>) -> Result<(), TrailError> {
        let Some((_, reader)) = &mut self.current else { return Ok(()) };
        loop {
            let read = reader
                .read_until(b'\n', &mut self.partial)
                .map_err(|cause| TrailError::file(&self.dir, &cause))?;
            if read == 0 || self.partial.last() != Some(&b'\n') {
                return Ok(());
            }
            self.partial.pop();
            events.extend(event_of(&self.partial));
            self.partial.clear();
        }
    }
}

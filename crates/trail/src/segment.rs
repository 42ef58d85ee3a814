//! Segment files and their names.

use crate::TrailError;
use flate2::read::GzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// A segment on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    pub(crate) compressed: bool,
}

const PLAIN: &str = ".jsonl";
const COMPRESSED: &str = ".jsonl.gz";

pub(crate) fn plain_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("segment-{number:010}{PLAIN}"))
}

pub(crate) fn compressed_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("segment-{number:010}{COMPRESSED}"))
}

/// The segments of a trail, by number. Where a compression was cut off, the plain file counts.
pub(crate) fn list(dir: &Path) -> Result<Vec<Segment>, TrailError> {
    let mut found: Vec<Segment> = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|cause| TrailError::file(dir, &cause))? {
        let path = entry.map_err(|cause| TrailError::file(dir, &cause))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let Some(rest) = name.strip_prefix("segment-") else { continue };
        let (number, compressed) = match (rest.strip_suffix(COMPRESSED), rest.strip_suffix(PLAIN)) {
            (Some(number), _) => (number, true),
            (None, Some(number)) => (number, false),
            (None, None) => continue,
        };
        let Ok(number) = number.parse() else { continue };
        match found.iter_mut().find(|known| known.number == number) {
            Some(known) if known.compressed => *known = Segment { number, path, compressed },
            Some(_) => {}
            None => found.push(Segment { number, path, compressed }),
        }
    }
    found.sort_by_key(|segment| segment.number);
    Ok(found)
}

impl Segment {
    /// The segment's text, whichever form it is kept in.
    pub(crate) fn open(&self) -> Result<Box<dyn BufRead>, TrailError> {
        let file = File::open(&self.path).map_err(|cause| TrailError::file(&self.path, &cause))?;
        Ok(if self.compressed {
            Box::new(BufReader::new(GzDecoder::new(BufReader::new(file))))
        } else {
            Box::new(BufReader::new(file))
        })
    }
}

/// Compresses a closed segment: a new file first, the old one removed only when the new one is whole.
pub(crate) fn compress(dir: &Path, number: u64) -> std::io::Result<()> {
    let plain = plain_path(dir, number);
    let unfinished = dir.join(format!("compressing-{number:010}"));
    let mut encoder = flate2::write::GzEncoder::new(File::create(&unfinished)?, flate2::Compression::fast());
    std::io::copy(&mut File::open(&plain)?, &mut encoder)?;
    encoder.finish()?.sync_all()?;
    std::fs::rename(&unfinished, compressed_path(dir, number))?;
    File::open(dir)?.sync_all()?;
    std::fs::remove_file(&plain)
}

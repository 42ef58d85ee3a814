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

fn compressed_name(number: u64) -> String {
    format!("segment-{number:010}{COMPRESSED}")
}

/// The segments of a trail, by number. Where a compression was cut off, the plain file counts.
pub(crate) fn list(dir: &Path) -> Result<Vec<Segment>, TrailError> {
    const ATTEMPTS: usize = 5;
    let mut found = list_once(dir)?;
    for _ in 1..ATTEMPTS {
        // A folder is not read in one instant: a file that is renamed meanwhile can be missed under both names.
        if found.windows(2).all(|pair| pair[0].number + 1 == pair[1].number) {
            break;
        }
        found = list_once(dir)?;
    }
    Ok(found)
}

fn list_once(dir: &Path) -> Result<Vec<Segment>, TrailError> {
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
    /// The segment's text, whichever form it is kept in. None if retention removed it since it was listed.
    pub(crate) fn open(&self) -> Result<Option<Box<dyn BufRead + Send>>, TrailError> {
        if !self.compressed {
            match File::open(&self.path) {
                Ok(file) => return Ok(Some(Box::new(BufReader::new(file)))),
                // A server that runs may have compressed it meanwhile.
                Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
                Err(cause) => return Err(TrailError::file(&self.path, &cause)),
            }
        }
        let path = self.path.with_file_name(compressed_name(self.number));
        match File::open(&path) {
            Ok(file) => Ok(Some(Box::new(BufReader::new(GzDecoder::new(BufReader::new(file)))))),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(TrailError::file(&path, &cause)),
        }
    }
}

/// Compresses a closed segment: a new file first, the old one removed only when the new one is whole.
pub(crate) fn compress(dir: &Path, number: u64) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let plain = plain_path(dir, number);
    let unfinished = dir.join(format!("compressing-{number:010}"));
    let file = File::options().create(true).write(true).truncate(true).mode(0o600).open(&unfinished)?;
    let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    std::io::copy(&mut File::open(&plain)?, &mut encoder)?;
    encoder.finish()?.sync_all()?;
    std::fs::rename(&unfinished, dir.join(compressed_name(number)))?;
    File::open(dir)?.sync_all()?;
    std::fs::remove_file(&plain)
}

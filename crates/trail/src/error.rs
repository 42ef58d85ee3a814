//! What can go wrong with the trail.

use std::path::PathBuf;

/// The trail cannot be opened, read or written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TrailError {
    #[error("cannot use the trail's file {path}: {cause}")]
    File { path: PathBuf, cause: String },
    /// No space; nothing was written, and appending works again once there is space.
    #[error("no space left for the trail")]
    DiskFull,
    /// A write or fsync failed before; nothing is written any more.
    #[error("the trail has stopped: {cause}")]
    Stopped { cause: String },
    /// A record that is not one line of JSON.
    #[error("a record must be one JSON object on one line")]
    NotOneLine,
    /// The last line of the trail is not one of ours, though it is complete.
    #[error(
        "{path} does not end in a line of the trail: it was changed from outside; see `keywright trail verify`"
    )]
    Unreadable { path: PathBuf },
}

impl TrailError {
    pub(crate) fn file(path: &std::path::Path, cause: &std::io::Error) -> Self {
        Self::File { path: path.to_owned(), cause: cause.to_string() }
    }
}

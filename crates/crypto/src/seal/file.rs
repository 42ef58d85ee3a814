//! The seal `file`: the root key in a file for the server's user alone.
//!
//! One line: `keywright-root-key-v1 BASE64(key ‖ first four bytes of its SHA-256)`. The checksum tells a
//! damaged file from a wrong one.

use crate::root_key::RootKey;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The seal `file`.
pub struct FileSeal;

/// The root key's file cannot be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("there is no root key at {path}")]
    NotFound { path: PathBuf },
    #[error("cannot read the root key at {path}: {cause}")]
    Read { path: PathBuf, cause: std::io::Error },
    #[error("cannot write the root key to {path}: {cause}")]
    Write { path: PathBuf, cause: std::io::Error },
    #[error(
        "the root key at {path} is not a regular file: links and devices are refused, copy the key itself there"
    )]
    NotRegular { path: PathBuf },
    #[error(
        "the root key at {path} can be read by others (mode {mode:o}): chmod 600 it, and consider who has read it"
    )]
    Exposed { path: PathBuf, mode: u32 },
    #[error(
        "the root key at {path} belongs to user {owner}, not to the one that the server runs as: chown it"
    )]
    ForeignOwner { path: PathBuf, owner: u32 },
    #[error("the file {path} is not a root key of a known version: was another file put there?")]
    NotAKey { path: PathBuf },
    #[error("the root key at {path} is damaged (its checksum does not fit): put your copy of it there")]
    Damaged { path: PathBuf },
}

const VERSION: &str = "keywright-root-key-v1";
const CHECKSUM_LEN: usize = 4;
const FILE_BYTES_MAX: u64 = 256;

impl FileSeal {
    /// Writes a new root key; an existing file is never touched.
    ///
    /// # Errors
    /// [`SealError::Write`].
    pub fn create(path: &Path, key: &RootKey) -> Result<(), SealError> {
        // Whole under another name first, then linked into place: a kill in between leaves no half key behind, and
        // linking, unlike renaming, never replaces what is there.
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".new");
        let unfinished = PathBuf::from(unfinished);
        let write = || {
            // The name of an attempt that died may be a second name of the key itself: it is unlinked, not emptied.
            match std::fs::remove_file(&unfinished) {
                Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(cause),
                Ok(()) | Err(_) => {}
            }
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
            let mut bytes = Zeroizing::new(key.bytes().to_vec());
            let checksum = digest(&SHA256, key.bytes());
            bytes.extend_from_slice(&checksum.as_ref()[..CHECKSUM_LEN]);
            let line = Zeroizing::new(format!("{VERSION} {}\n", *Zeroizing::new(STANDARD.encode(&*bytes))));
            file.write_all(line.as_bytes())?;
            file.sync_all()?;
            let linked = std::fs::hard_link(&unfinished, path);
            std::fs::remove_file(&unfinished)?;
            linked?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        write().map_err(|cause| SealError::Write { path: path.to_owned(), cause })
    }

    /// Reads the root key.
    ///
    /// # Errors
    /// Each its own: absent, unreadable, not a regular file, readable by others, no key, damaged.
    pub fn open(path: &Path) -> Result<RootKey, SealError> {
        let path_buf = || path.to_owned();
        let read = |cause: std::io::Error| match cause.kind() {
            std::io::ErrorKind::NotFound => SealError::NotFound { path: path_buf() },
            _ => SealError::Read { path: path_buf(), cause },
        };
        let not_regular = || SealError::NotRegular { path: path_buf() };
        // Looked at before it is opened: opening a pipe would wait for a writer for ever.
        let named = std::fs::symlink_metadata(path).map_err(read)?;
        if !named.is_file() {
            return Err(not_regular());
        }
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(read)?;
        let opened = file.metadata().map_err(read)?;
        if (named.dev(), named.ino()) != (opened.dev(), opened.ino()) {
            return Err(not_regular());
        }
        if opened.uid() != rustix::process::geteuid().as_raw() {
            return Err(SealError::ForeignOwner { path: path_buf(), owner: opened.uid() });
        }
        let mode = opened.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SealError::Exposed { path: path_buf(), mode });
        }
        let mut text = Zeroizing::new(String::new());
        let not_a_key = || SealError::NotAKey { path: path_buf() };
        (&mut file).take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|_| not_a_key())?;
        let encoded = text
            .trim_end()
            .strip_prefix(VERSION)
            .and_then(|rest| rest.strip_prefix(' '))
            .ok_or_else(not_a_key)?;
        let bytes =
            Zeroizing::new(STANDARD.decode(encoded).map_err(|_| SealError::Damaged { path: path_buf() })?);
        let (key, checksum) =
            bytes.split_first_chunk::<32>().ok_or_else(|| SealError::Damaged { path: path_buf() })?;
        if checksum != &digest(&SHA256, key).as_ref()[..CHECKSUM_LEN] {
            return Err(SealError::Damaged { path: path_buf() });
        }
        Ok(RootKey::from_bytes(*key))
    }
}

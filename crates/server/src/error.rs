//! What keeps a server from starting: what happened, why, and what to do next.

use keywright_crypto::{KeyringError, SealError};
use keywright_store::{CommitError, StoreError};
use keywright_trail::TrailError;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The server did not start, or stopped by itself. Nothing was changed by the attempt unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{problem}")]
    Issuer { problem: String },
    #[error("the built-in rotators cannot be set up: {0}")]
    Rotators(keywright_rotators::RotatorsError),
    #[error("cannot use the data folder {path}: {cause}")]
    Folder { path: PathBuf, cause: std::io::Error },
    #[error("the data folder {path} is in use by another keywright process")]
    InUse { path: PathBuf },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot write the store: {0}")]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The store has keys, and the root key that opens them is not where it should be.
    #[error(
        "the store at {store} was made with a root key, and there is none at {seal_file}: put the root key there (it is \
         not part of a backup; each node of a shared store has a copy), or name its place with --seal-file. A new one \
         would not open anything, so none was made"
    )]
    RootKeyMissing { store: String, seal_file: PathBuf },
    #[error("there is no store at {store}: `keywright init` or the first `keywright server` makes it")]
    NeverMade { store: String },
    /// The root key is another store's.
    #[error(
        "the root key at {seal_file} does not belong to the store at {store}: use the root key that this store was \
         made with. Nothing was changed"
    )]
    ForeignRootKey { store: String, seal_file: PathBuf },
    #[error("the keys of the store cannot be opened: {0}")]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Trail(#[from] TrailError),
    #[error("cannot listen on {address}: {cause}")]
    Listen { address: SocketAddr, cause: std::io::Error },
    #[error("cannot write the root credential to {path}: {cause}")]
    Credential { path: PathBuf, cause: std::io::Error },
    #[error("{name} is not usable: {problem}")]
    RootCredentialGiven { name: &'static str, problem: &'static str },
    #[error("the store was initialised for account {found}, and account {wanted} is configured")]
    OtherAccount { found: String, wanted: String },
    /// Two processes run under one node id.
    #[error(
        "another process uses this node's id, {node}, and listens on {address}: the data folder was copied. Give each \
         node a data folder of its own; this one stops"
    )]
    NodeTwice { node: String, address: String },
    #[error("the system gives no threads: {0}. Raise the limit of processes (ulimit -u, TasksMax)")]
    Threads(std::io::Error),
    #[error("{0}")]
    Stopped(String),
    /// The store stopped under a running server.
    #[error(
        "the store has stopped: {cause}. Restart the server once the disk is sound; it recovers from the log"
    )]
    StoreStopped { cause: String },
    /// The trail stopped under a running server.
    #[error("the trail has stopped: {cause}. Restart the server once the disk is sound")]
    TrailStopped { cause: String },
}

//! What every service's error can do, and the cause that never reaches a client.

use keywright_aws::WireError;
use keywright_store::{CommitError, StoreError};
use std::error::Error;

/// The cause of an internal fault. It has no `Display`: it goes to the log as a chain, never into an answer.
#[derive(Debug)]
pub struct Cause(Box<dyn Error + Send + Sync>);

impl Cause {
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }

    /// The chain of causes as one line for the log.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.0.to_string();
        let mut next = self.0.source();
        while let Some(error) = next {
            text.push_str(": ");
            text.push_str(&error.to_string());
            next = error.source();
        }
        text
    }
}

/// The error type of a service: one variant per AWS code, and one way to say that we failed.
pub trait ServiceError: Send + 'static {
    /// Code, status and public text.
    fn wire(&self) -> WireError;

    /// The caller may not do what it asked; `message` is AWS's text.
    fn denied(message: String) -> Self;

    /// Something of ours failed; the client sees a fixed code, the log the cause.
    fn internal(cause: Cause) -> Self;

    /// The store cannot answer now; the client should try again.
    fn unavailable(cause: Cause) -> Self;

    /// The cause to log, if this is a fault of ours.
    fn cause(&self) -> Option<&Cause>;

    /// How a failed read shows.
    fn from_store(error: StoreError) -> Self
    where
        Self: Sized,
    {
        match error {
            StoreError::Unavailable(_) => Self::unavailable(Cause::new(error)),
            StoreError::Tampered { .. }
            | StoreError::Corrupt { .. }
            | StoreError::NewerSchema { .. }
            | StoreError::ForeignSchema { .. }
            | StoreError::Open { .. }
            | StoreError::Database { .. }
            | StoreError::Watermarks(_)
            | StoreError::OldSqlite { .. }
            | StoreError::InUse { .. } => Self::internal(Cause::new(error)),
        }
    }

    /// How a failed commit shows; conflicts are retried before they come here.
    fn from_commit(error: CommitError) -> Self
    where
        Self: Sized,
    {
        match error {
            CommitError::Conflict | CommitError::Unavailable(_) | CommitError::DiskFull => {
                Self::unavailable(Cause::new(error))
            }
            CommitError::Stopped(_) => Self::internal(Cause::new(error)),
        }
    }
}

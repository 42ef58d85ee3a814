//! What an error of the database means for the service, and for the operator.

use crate::StoreError;
use std::error::Error as _;
use std::time::Duration;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// What became of a statement that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Somebody else was first, or the database asks to try again; its transaction did nothing.
    Conflict,
    DiskFull,
    /// Refused by a database that works; its transaction did nothing.
    Refused(String),
    /// The connection is lost, or not to be trusted: what was under way may have been done or not.
    Lost(String),
    /// No answer came in time; what was under way may have been done, or be done later.
    Silent(String),
}

impl Fault {
    pub(super) fn silent(timeout: Duration) -> Self {
        Self::Silent(format!("the database did not answer within {} s", timeout.as_secs()))
    }

    pub(super) fn of(error: &Error) -> Self {
        let Some(reported) = error.as_db_error() else {
            return Self::Lost(with_causes(error));
        };
        let code = reported.code();
        let said = format!("{} (SQLSTATE {})", reported.message(), code.code());
        if [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::UNIQUE_VIOLATION,
            // How a statement of ours says that it did not find what it relied on: see `commit`.
            SqlState::INVALID_TEXT_REPRESENTATION,
        ]
        .contains(code)
        {
            return Self::Conflict;
        }
        if *code == SqlState::DISK_FULL {
            return Self::DiskFull;
        }
        match advice(code) {
            Some(Advice { lost: true, next }) => Self::Lost(format!("{said}: {next}")),
            Some(Advice { lost: false, next }) => Self::Refused(format!("{said}: {next}")),
            None => Self::Refused(said),
        }
    }

    /// Whether the connection it happened on must not be used again.
    pub(super) fn spoils_the_connection(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Silent(_))
    }

    pub(super) fn into_store_error(self) -> StoreError {
        StoreError::Unavailable(match self {
            Self::Conflict => "the database asks to try again".to_owned(),
            Self::DiskFull => "the database has no space left".to_owned(),
            Self::Refused(cause) | Self::Lost(cause) | Self::Silent(cause) => cause,
        })
    }
}

/// The whole chain: the driver's own message is only "db error" or "error communicating with the server".
pub(super) fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let deeper_text = deeper.to_string();
        if !text.contains(&deeper_text) {
            text.push_str(": ");
            text.push_str(&deeper_text);
        }
        cause = deeper.source();
    }
    text
}

struct Advice {
    lost: bool,
    next: &'static str,
}

/// What an operator does about an error of the database.
fn advice(code: &SqlState) -> Option<Advice> {
    let (lost, next) = match code.code() {
        "25006" => (
            true,
            "this server is a standby or read-only; name all hosts in the URL, with target_session_attrs=read-write",
        ),
        "28P01" | "28000" => (false, "check user, password and pg_hba.conf"),
        "3D000" => (false, "create the database first: createdb -O USER NAME"),
        "42501" | "42P01" => (false, "the user must own the tables, or be the one who made them"),
        "53300" => {
            (false, "raise the database's max_connections or lower store connections_max of the nodes")
        }
        "57P01" | "57P02" | "57P05" => (true, "the database ended the connection; it is opened again"),
        "57P03" => (false, "the database is starting or stopping; it is tried again"),
        "57014" | "55P03" => (false, "the database is slow or a lock is held; look at pg_stat_activity"),
        "26000" => (true, "prepared statements are lost: a pooler in transaction mode must support them"),
        _ => return None,
    };
    Some(Advice { lost, next })
}

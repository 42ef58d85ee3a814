//! Exit codes that scripts rely on.

use std::process::ExitCode;

/// How a command ended. Code 2, wrong usage, is clap's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, nothing to report.
    Clean,
    /// 1: done, and there are findings.
    Findings,
    /// 3: failed or incomplete.
    Failed,
    /// What a command ended with that was run for somebody.
    Of(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Clean => Self::from(0),
            Exit::Findings => Self::from(1),
            Exit::Failed => Self::from(3),
            Exit::Of(code) => Self::from(code),
        }
    }
}

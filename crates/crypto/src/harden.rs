//! What a process that holds keys does first.

use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::process::{Resource, Rlimit, setrlimit};

/// Forbids core dumps, and reading of the process's memory by others of the same user. Returns what could
/// not be done, for a warning; the server runs all the same.
#[must_use]
pub fn harden_process() -> Vec<String> {
    let mut failed = Vec::new();
    if let Err(cause) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        failed.push(format!("core dumps could not be forbidden: {cause}"));
    }
    if let Err(cause) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        failed.push(format!("the memory could not be made private: {cause}"));
    }
    failed
}

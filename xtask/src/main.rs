//! Tasks of the repository, called as `cargo xtask <task>`.
//!
//! What: a dispatcher; each task is a module that takes its arguments and says what went wrong.
//! Why here: tasks need the workspace's own crates and versions, and no shell.

mod bench;
mod codegen;
mod deny;
mod layers;
mod model;
mod names;
mod run;
mod setup;
mod steps;
mod test;
mod trim;

use std::path::PathBuf;
use std::process::ExitCode;

/// A task's arguments in, a sentence for the developer out if it failed.
type Task = fn(&[String]) -> Result<(), String>;

/// Name, one line of help, entry.
const TASKS: &[(&str, &str, Task)] = &[
    (
        "codegen",
        "write the generated code of crates/aws from models/ (--check: fail if it differs)",
        codegen::run,
    ),
    ("run", "build the server and run it for development (arguments go to the server)", run::run),
    ("test", "everything that must hold; sets up what it needs", test::run_all),
    ("bench", "measure the server beside its ceilings (docs/performance.md)", bench::run),
    ("soak", "the long forms of the random, crash and fault tests", test::soak),
    ("layers", "check the arrows between the crates", |_| layers::check()),
    ("deny", "check licences, sources and duplicates of the dependencies against deny.toml", |_| {
        deny::check()
    }),
    ("trim-models", "write models/ from botocore's (--from <botocore/data>)", trim::run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        usage();
        return ExitCode::from(2);
    };
    let Some((_, _, task)) = TASKS.iter().find(|(task, _, _)| task == name) else {
        usage();
        return ExitCode::from(2);
    };
    match task(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask {name}: {message}");
            ExitCode::FAILURE
        }
    }
}

fn usage() {
    eprintln!("usage: cargo xtask <task>");
    for (name, help, _) in TASKS {
        eprintln!("  {name:<12} {help}");
    }
}

/// The root of the repository: the folder above this crate's.
fn root() -> PathBuf {
    let crate_folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    crate_folder.parent().map_or_else(|| crate_folder.clone(), PathBuf::from)
}

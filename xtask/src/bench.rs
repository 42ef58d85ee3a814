//! `cargo xtask bench`: the figures of docs/performance.md.

use crate::setup;
use crate::steps;

/// Builds what is shipped and measures it.
///
/// # Errors
/// What could not be built or measured.
pub fn run(_arguments: &[String]) -> Result<(), String> {
    setup::packages()?;
    let packages = ["--package", "keywright", "--package", "keywright-bench"];
    let build: Vec<&str> = ["build", "--release", "--locked"].into_iter().chain(packages).collect();
    steps::run("cargo", &build)?;
    let bench = crate::root().join("target/release/keywright-bench").display().to_string();
    let server = crate::root().join("target/release/keywright").display().to_string();
    steps::run(&bench, &["run", &server])?;
    steps::run(&bench, &["scale", &server])?;
    steps::run(&bench, &["asymmetric", &server])?;
    steps::run(&bench, &["grants", &server])?;
    steps::run(&bench, &["stores", &server])
}

//! `cargo xtask run`: build the server and run it for a newcomer.

use crate::setup;
use crate::steps;

/// Builds, then becomes the server in development form; arguments after `--` go to it.
///
/// # Errors
/// What is missing, or how the server ended.
pub fn run(arguments: &[String]) -> Result<(), String> {
    setup::compiler()?;
    steps::run("cargo", &["build", "--locked", "--package", "keywright"])?;
    // The lines that the server prints name an AWS CLI; one comes with the tests' environment.
    let path = match setup::packages().and_then(|()| setup::python()) {
        Ok(python) => {
            let folder = python.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
            // First, because a system may have a CLI too old to know endpoints in profiles.
            format!("{folder}:{}", std::env::var("PATH").unwrap_or_default())
        }
        Err(fault) => {
            eprintln!("no AWS CLI was set up: {fault}");
            std::env::var("PATH").unwrap_or_default()
        }
    };
    let binary = crate::root().join("target/debug/keywright").display().to_string();
    let mut all = vec!["server", "--dev"];
    all.extend(arguments.iter().map(String::as_str));
    steps::run_with(&binary, &all, &[("PATH", &path)])
}

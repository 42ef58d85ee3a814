//! `cargo xtask test`: everything that must hold, from a cold clone.

use crate::setup;
use crate::steps::{Steps, run, run_with};

/// Runs every check, the quick ones first.
///
/// # Errors
/// The first check that does not hold.
pub fn run_all(_arguments: &[String]) -> Result<(), String> {
    let mut steps = Steps::default();
    steps.step("system packages", setup::packages)?;
    steps.step("formatting", || run("cargo", &["fmt", "--all", "--check"]))?;
    steps.step("generated code", || run("cargo", &["xtask", "codegen", "--check"]))?;
    steps.step("layers and licences", || crate::layers::check().and_then(|()| crate::deny::check()))?;
    steps.step("clippy", || {
        run(
            "cargo",
            &["clippy", "--quiet", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
        )
    })?;
    steps.step("unit and integration tests", || run("cargo", &["test", "--workspace", "--locked"]))?;
    steps.step("server binary", || run("cargo", &["build", "--locked", "--package", "keywright"]))?;
    end_to_end(&mut steps)?;
    steps.summary();
    println!("all checks passed");
    Ok(())
}

/// The real clients against the real binary.
fn end_to_end(steps: &mut Steps) -> Result<(), String> {
    let mut python = None;
    steps.step("python environment", || {
        python = Some(setup::python()?.display().to_string());
        Ok(())
    })?;
    let python = python.ok_or("no python")?;
    steps.step("npm packages", setup::node)?;
    steps.step("independent decoder", || run(&python, &["e2e/decoder/test_frozen.py"]))?;
    steps.step("real clients", || pytest(&python, "e2e", &[]))
}

/// Runs pytest on a folder; variables are for its longer forms.
///
/// # Errors
/// That a test failed.
pub fn pytest(python: &str, folder: &str, variables: &[(&str, &str)]) -> Result<(), String> {
    run_with(python, &["-m", "pytest", "-q", "-p", "no:cacheprovider", "--durations=5", folder], variables)
}

/// `cargo xtask soak`: the long forms.
///
/// # Errors
/// The first that failed.
pub fn soak(_arguments: &[String]) -> Result<(), String> {
    let mut steps = Steps::default();
    steps.step("system packages", setup::packages)?;
    steps.step("server binary", || run("cargo", &["build", "--locked", "--package", "keywright"]))?;
    steps.step("property tests at length", || {
        run_with(
            "cargo",
            &["test", "--workspace", "--locked", "--quiet"],
            &[("PROPTEST_CASES", "20000"), ("KEYWRIGHT_SOAK", "1")],
        )
    })?;
    let python = setup::python()?.display().to_string();
    steps.step("kill -9 under load, 300 times", || {
        pytest(&python, "e2e/test_kill.py", &[("KEYWRIGHT_KILLS", "300")])
    })?;
    steps.step("kill -9 in imports and multi-Region changes, 100 times", || {
        pytest(&python, "e2e/test_kill_keys.py", &[("KEYWRIGHT_KEY_KILLS", "100")])
    })?;
    steps.step("kill -9 in successions, 40 times", || {
        pytest(&python, "e2e/test_successors.py", &[("KEYWRIGHT_SUCCESSOR_KILLS", "20")])
    })?;
    steps.step("nodes and the database killed under load, 120 times", || {
        pytest(
            &python,
            "e2e/test_rude_database.py",
            &[("KEYWRIGHT_NODE_KILLS", "120"), ("KEYWRIGHT_CUTS", "400")],
        )
    })?;
    steps.step("5,000 due keys, nodes killed and asleep", || {
        pytest(&python, "e2e/test_nodes.py", &[("KEYWRIGHT_DUE_KEYS", "5000")])
    })?;
    steps.step("50 rotations under an application, on each database", || {
        pytest(&python, "e2e/test_rotation_faults.py", &[("KEYWRIGHT_ROTATIONS", "50")])
    })?;
    steps.step("20 rotations under `keywright exec`", || {
        pytest(&python, "e2e/test_agent.py", &[("KEYWRIGHT_EXEC_ROTATIONS", "20")])
    })?;
    steps.step("1,000 due secrets, one of two nodes killed", || {
        pytest(&python, "e2e/test_rotation_nodes.py", &[("KEYWRIGHT_DUE_SECRETS", "1000")])
    })?;
    steps.summary();
    Ok(())
}

//! A task as a list of named steps: each is told, timed, and the first failure ends the task.

use std::process::Command;
use std::time::Instant;

/// The steps done so far, for the closing lines.
#[derive(Default)]
pub struct Steps {
    done: Vec<(String, u64)>,
}

impl Steps {
    /// Does one step.
    ///
    /// # Errors
    /// The step's own sentence, with the step's name before it.
    pub fn step(&mut self, name: &str, work: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
        println!("\n== {name}");
        let start = Instant::now();
        work().map_err(|fault| {
            self.summary();
            format!("{name}: {fault}")
        })?;
        self.done.push((name.to_owned(), start.elapsed().as_secs()));
        Ok(())
    }

    /// One line per finished step, then the total.
    pub fn summary(&self) {
        println!("\n== summary");
        for (name, seconds) in &self.done {
            println!("{name:<32} ok {seconds:>5} s");
        }
        let total: u64 = self.done.iter().map(|(_, seconds)| seconds).sum();
        println!("{:<32}    {total:>5} s", "total");
    }
}

/// Runs a program in the repository's root with its output shown.
///
/// # Errors
/// That it could not be started, or how it ended.
pub fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    run_with(program, arguments, &[])
}

/// As [`run`], with variables.
///
/// # Errors
/// As [`run`].
pub fn run_with(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Result<(), String> {
    let status = Command::new(program)
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(crate::root())
        .status()
        .map_err(|fault| format!("cannot run {program}: {fault}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{program} {} ended with {status}", arguments.join(" ")))
    }
}

/// What a program prints.
///
/// # Errors
/// As [`run`], with its error output.
pub fn output(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(crate::root())
        .output()
        .map_err(|fault| format!("cannot run {program}: {fault}"))?;
    if !output.status.success() {
        return Err(format!(
            "{program} {} ended with {}: {}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{program} printed what is not UTF-8"))
}

//! The command that runs with secrets: started, told of changes, restarted, and ended with.

use keywright_types::SecretText;
use miette::{IntoDiagnostic as _, Report, WrapErr as _, miette};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::process::Command;

/// What a change of a secret means to the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnChange {
    Restart,
    Signal(Signal),
    Nothing,
}

impl OnChange {
    /// `restart`, `none`, or `signal:HUP`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "restart" => Ok(Self::Restart),
            None if text == "none" => Ok(Self::Nothing),
            Some(("signal", name)) => match name.trim_start_matches("SIG") {
                "HUP" => Ok(Self::Signal(Signal::HUP)),
                "USR1" => Ok(Self::Signal(Signal::USR1)),
                "USR2" => Ok(Self::Signal(Signal::USR2)),
                "INT" => Ok(Self::Signal(Signal::INT)),
                "TERM" => Ok(Self::Signal(Signal::TERM)),
                _ => Err(format!("{name} is not one of HUP, USR1, USR2, INT, TERM")),
            },
            _ => Err(format!("{text:?} is not restart, none or signal:NAME")),
        }
    }
}

/// The running command.
pub struct Child {
    command: Vec<String>,
    process: tokio::process::Child,
    grace: Duration,
}

impl Child {
    /// # Errors
    /// A command that cannot be started.
    pub fn start(
        command: &[String],
        variables: &[(String, SecretText)],
        grace: Duration,
    ) -> Result<Self, Report> {
        Ok(Self { process: spawn(command, variables)?, command: command.to_vec(), grace })
    }

    /// How it ended, once it has.
    pub async fn ended(&mut self) -> Result<ExitStatus, Report> {
        self.process.wait().await.into_diagnostic()
    }

    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
            // It may have ended a moment ago.
            let _gone = kill_process(pid, signal);
        }
    }

    /// Ends it: asked first, then made to.
    pub async fn stop(&mut self) -> Result<ExitStatus, Report> {
        self.signal(Signal::TERM);
        match tokio::time::timeout(self.grace, self.process.wait()).await {
            Ok(status) => status.into_diagnostic(),
            Err(_) => {
                self.signal(Signal::KILL);
                self.process.wait().await.into_diagnostic()
            }
        }
    }

    /// Ends it and starts it with other variables.
    pub async fn restart(&mut self, variables: &[(String, SecretText)]) -> Result<(), Report> {
        self.stop().await?;
        self.process = spawn(&self.command, variables)?;
        Ok(())
    }
}

fn spawn(command: &[String], variables: &[(String, SecretText)]) -> Result<tokio::process::Child, Report> {
    let (program, arguments) = command.split_first().ok_or_else(|| miette!("no command is given"))?;
    let mut child = Command::new(program);
    child.args(arguments).kill_on_drop(true);
    for (name, value) in variables {
        child.env(name, value.expose());
    }
    child.spawn().into_diagnostic().wrap_err_with(|| format!("cannot start {program}"))
}

/// The code that a shell gives for it.
pub fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

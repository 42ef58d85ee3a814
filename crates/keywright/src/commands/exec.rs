//! `keywright exec -- COMMAND`: a command with secrets in its environment or in files, kept as they become.

use crate::agent::{Agent, Child, Fetcher, OnChange, Outputs, code_of};
use crate::exit::Exit;
use clap::Args;
use miette::{IntoDiagnostic as _, Report, miette};
use rustix::process::Signal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

#[derive(Debug, Args)]
pub struct ExecArgs {
    /// A variable of the command's environment.
    #[arg(long = "env", value_name = "NAME=SECRET[#MEMBER]")]
    variables: Vec<String>,
    #[command(flatten)]
    places: Places,
    /// What a change means to the command: restart, signal:HUP (USR1, USR2, INT, TERM), or none
    /// [default: restart with variables, else signal:HUP].
    #[arg(long, value_name = "WHAT", value_parser = OnChange::parse)]
    on_change: Option<OnChange>,
    /// How long the command may take to end before it is killed, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    grace: u64,
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// What `exec` and `agent` have in common.
#[derive(Debug, Args)]
pub struct Places {
    /// A file that holds the value, or a member of it; replaced whole, mode 0400.
    #[arg(long = "file", value_name = "PATH=SECRET[#MEMBER]")]
    pub files: Vec<String>,
    /// A file made of a text with {{ SECRET#MEMBER }} in it.
    #[arg(long = "template", value_name = "TEMPLATE=PATH")]
    pub templates: Vec<String>,
    /// How this instance is called where `keywright rotation show` tells who has which version [default: the host's name].
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// How often values are asked for where changes cannot be waited for, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub poll: u64,
    /// The server's data folder: its root credential is used unless AWS_ACCESS_KEY_ID is set.
    #[arg(long, value_name = "DIR", default_value = "keywright-data", env = "KEYWRIGHT_DATA")]
    pub data: PathBuf,
    /// The server's address [default: the profile's endpoint_url, or AWS_ENDPOINT_URL].
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL")]
    pub endpoint: Option<String>,
}

impl Places {
    pub fn agent(&self) -> Arc<Agent> {
        let host =
            || std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
        let name = self.name.clone().unwrap_or_else(host);
        let fit = |letter: char| letter.is_ascii_alphanumeric() || "/_+=.@:-".contains(letter);
        let name: String = name.chars().filter(|letter| fit(*letter)).take(128).collect();
        let name = if name.is_empty() { "agent".to_owned() } else { name };
        let fetcher = Fetcher::new(self.data.clone(), self.endpoint.clone());
        Agent::new(fetcher, name, Duration::from_secs(self.poll.max(1)))
    }
}

pub fn run(args: ExecArgs) -> Result<Exit, Report> {
    super::agent::log_to_stderr();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .into_diagnostic()?;
    runtime.block_on(supervise(args))
}

async fn supervise(args: ExecArgs) -> Result<Exit, Report> {
    let outputs = Outputs::parse(&args.places.files, &args.places.templates, &args.variables)?;
    let secrets = outputs.secrets()?;
    if secrets.is_empty() {
        return Err(miette!("no secret is named: give --env, --file or --template"));
    }
    let on_change = args.on_change.unwrap_or(match outputs.has_variables() {
        true => OnChange::Restart,
        false => OnChange::Signal(Signal::HUP),
    });
    let agent = args.places.agent();
    agent.fetch_first(&secrets).await.map_err(|fault| miette!("a secret could not be fetched: {fault}"))?;
    outputs.write(&agent.values(), None)?;
    let mut child =
        Child::start(&args.command, &outputs.variables(&agent.values())?, Duration::from_secs(args.grace))?;
    agent.report(&secrets).await;
    let (tell, mut changes) = mpsc::channel(16);
    tokio::spawn(Arc::clone(&agent).run(tell));
    let catch = |kind| signal(kind).into_diagnostic();
    let mut terminate = catch(SignalKind::terminate())?;
    let mut interrupt = catch(SignalKind::interrupt())?;
    let mut hang_up = catch(SignalKind::hangup())?;
    let mut first = catch(SignalKind::user_defined1())?;
    let mut second = catch(SignalKind::user_defined2())?;
    loop {
        tokio::select! {
            status = child.ended() => return Ok(Exit::Of(code_of(status?))),
            _ = terminate.recv() => {
                let status = child.stop().await?;
                return Ok(Exit::Of(code_of(status)));
            }
            // A terminal sends it to the command, too.
            _ = interrupt.recv() => child.signal(Signal::INT),
            _ = hang_up.recv() => child.signal(Signal::HUP),
            _ = first.recv() => child.signal(Signal::USR1),
            _ = second.recv() => child.signal(Signal::USR2),
            Some(changed) = changes.recv() => {
                // A value that cannot be used is told, and what runs goes on with the one before.
                if let Err(fault) = outputs.write(&agent.values(), Some(&changed)) {
                    tracing::error!(fault = %fault, "a changed secret could not be written");
                    continue;
                }
                match on_change {
                    OnChange::Nothing => {}
                    OnChange::Signal(signal) => child.signal(signal),
                    OnChange::Restart => match outputs.variables(&agent.values()) {
                        Ok(variables) => child.restart(&variables).await?,
                        Err(fault) => {
                            tracing::error!(fault = %fault, "a changed secret cannot be used");
                            continue;
                        }
                    },
                }
                tracing::info!(secrets = changed.join(" "), "a secret changed");
                agent.report(&changed).await;
            }
        }
    }
}

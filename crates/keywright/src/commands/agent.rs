//! `keywright agent`: keeps secrets in files beside a service, and answers for them on loopback.

use super::exec::Places;
use crate::agent::{ApiToken, Outputs, serve};
use crate::exit::Exit;
use crate::output;
use clap::Args;
use miette::{IntoDiagnostic as _, Report, miette};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

#[derive(Debug, Args)]
pub struct AgentArgs {
    #[command(flatten)]
    places: Places,
    /// Answer the local API of AWS's Secrets Manager Agent here; its token is in AWS_TOKEN (or file://PATH there).
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:2773")]
    listen: Option<SocketAddr>,
    /// How long versions other than the current one are kept for the local API, in seconds, 0 to 3600.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(0..=3600))]
    ttl: u64,
    /// A shell command to run after files have changed, such as `nginx -s reload`.
    #[arg(long, value_name = "COMMAND")]
    after_change: Option<String>,
}

pub fn run(args: AgentArgs) -> Result<Exit, Report> {
    log_to_stderr();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .into_diagnostic()?;
    runtime.block_on(keep(args))
}

/// What is printed is the command's own; words about the agent go beside it.
pub fn log_to_stderr() {
    let filter = std::env::var("KEYWRIGHT_LOG_FILTER").unwrap_or_else(|_| "info".to_owned());
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let _set = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter).try_init();
}

async fn keep(args: AgentArgs) -> Result<Exit, Report> {
    let outputs = Outputs::parse(&args.places.files, &args.places.templates, &[])?;
    let secrets = outputs.secrets()?;
    if secrets.is_empty() && args.listen.is_none() {
        return Err(miette!("nothing is to be done: give --file, --template or --listen"));
    }
    let agent = args.places.agent();
    let token = match args.listen {
        None => None,
        Some(_) => {
            let token = std::env::var("AWS_TOKEN").map_err(|_| {
                miette!("the local API needs a token: set AWS_TOKEN to it, or to file://PATH of a file that holds it")
            })?;
            Some(ApiToken::parse(&token)?)
        }
    };
    agent.fetch_first(&secrets).await.map_err(|fault| miette!("a secret could not be fetched: {fault}"))?;
    outputs.write(&agent.values(), None)?;
    if let (Some(address), Some(token)) = (args.listen, token) {
        let local = serve(Arc::clone(&agent), address, token, Duration::from_secs(args.ttl)).await?;
        output::line(&format!("the local API is at http://{local}"));
    }
    output::line("secrets are in place");
    agent.report(&secrets).await;
    let (tell, mut changes) = mpsc::channel::<Vec<String>>(16);
    tokio::spawn(Arc::clone(&agent).run(tell));
    let mut terminate = signal(SignalKind::terminate()).into_diagnostic()?;
    let mut interrupt = signal(SignalKind::interrupt()).into_diagnostic()?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(Exit::Clean),
            _ = interrupt.recv() => return Ok(Exit::Clean),
            Some(changed) = changes.recv() => {
                if let Err(fault) = outputs.write(&agent.values(), Some(&changed)) {
                    tracing::error!(fault = %fault, "a changed secret could not be written");
                    continue;
                }
                tracing::info!(secrets = changed.join(" "), "a secret changed");
                if let Some(command) = &args.after_change {
                    let status = tokio::process::Command::new("/bin/sh").arg("-c").arg(command).status().await;
                    match status {
                        Ok(status) if status.success() => {}
                        Ok(status) => tracing::error!(%status, "the command after the change failed"),
                        Err(fault) => tracing::error!(%fault, "the command after the change could not be run"),
                    }
                }
                agent.report(&changed).await;
            }
        }
    }
}

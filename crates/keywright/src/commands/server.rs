//! `keywright server` and `keywright init`.

use crate::exit::Exit;
use crate::output;
use clap::Args;
use keywright_crypto::SystemRng;
use keywright_server::{Config, ConfigError, Given, RootCredential, Server, StartError, start};
use keywright_types::SystemClock;
use miette::{IntoDiagnostic as _, LabeledSpan, NamedSource, Report, WrapErr as _, miette};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Where the service keeps its data and how it runs. Every option is also a setting of the configuration
/// file and a variable KEYWRIGHT_…; flags go over variables, variables over the file.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// Configuration file; keywright.toml in the current folder is read if it is there.
    #[arg(long, value_name = "FILE", env = "KEYWRIGHT_CONFIG")]
    config: Option<PathBuf>,
    /// Folder of everything this node keeps [default: ./keywright-data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:5399].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where the data is: sqlite (a file in DIR), or postgres://USER@HOST/DATABASE for several nodes
    /// [default: sqlite].
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// The file with the root key [default: DIR/root.key].
    #[arg(long, value_name = "FILE")]
    seal_file: Option<PathBuf>,
    /// Regions to serve besides AWS's own, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    regions: Option<Vec<String>>,
    /// The account to make at the first start [default: 12 random digits].
    #[arg(long, value_name = "ACCOUNT")]
    account_id: Option<String>,
    /// Allow plain http on addresses that other machines can reach.
    #[arg(long)]
    allow_plain_http: bool,
    /// What a newcomer wants on this machine: account 000000000000, credentials line printed.
    #[arg(long)]
    dev: bool,
}

impl ServerArgs {
    /// The complete configuration, with errors that point at their place.
    fn configuration(self) -> Result<Config, Report> {
        let flags = Given {
            data: self.data,
            listen: self.listen,
            store: self.store,
            regions: self.regions,
            account_id: self.account_id,
            allow_plain_http: self.allow_plain_http.then_some(true),
            dev: self.dev.then_some(true),
            seal: keywright_server::config::GivenSeal { kind: None, file: self.seal_file },
            ..Given::default()
        };
        configuration(self.config, flags)
    }
}

/// What a server would run with: flags over the environment over the file.
pub fn configuration(file: Option<PathBuf>, flags: Given) -> Result<Config, Report> {
    let implied = PathBuf::from("keywright.toml");
    let file = match file {
        Some(path) => Given::from_file(&path).map_err(explain)?,
        None if implied.exists() => Given::from_file(&implied).map_err(explain)?,
        None => Given::default(),
    };
    let environment = Given::from_environment(|name| std::env::var(name).ok()).map_err(explain)?;
    flags.over(environment).over(file).complete().map_err(explain)
}

/// An error of the configuration, with the line it is about.
fn explain(fault: ConfigError) -> Report {
    match fault {
        ConfigError::Malformed { path, text, span, message } => {
            let report = match span {
                Some(span) => miette!(labels = vec![LabeledSpan::at(span, "here")], "{message}"),
                None => miette!("{message}"),
            };
            report.with_source_code(NamedSource::new(path.to_string_lossy(), text))
        }
        other @ (ConfigError::Unreadable { .. } | ConfigError::Value { .. }) => miette!("{other}"),
    }
}

/// Runs the service until SIGTERM or SIGINT, or until it can no longer do its work.
pub fn run(args: ServerArgs) -> Result<Exit, Report> {
    let config = args.configuration()?;
    prepare(&config)?;
    runtime()?.block_on(async {
        let server = begin(&config).await?;
        announce(&config, &server);
        let mut terminate = signal(SignalKind::terminate()).into_diagnostic()?;
        let mut interrupt = signal(SignalKind::interrupt()).into_diagnostic()?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            fault = server.failure() => {
                tracing::error!(%fault, "stopping");
                server.stop().await;
                return Err(miette!("{fault}"));
            }
        }
        tracing::info!("stopping: requests in flight are finished first");
        server.stop().await;
        Ok(Exit::Clean)
    })
}

/// Makes the data folder, or checks that it opens.
pub fn init(args: ServerArgs) -> Result<Exit, Report> {
    let mut config = args.configuration()?;
    prepare(&config)?;
    // Initialising answers nobody.
    config.listen.set_port(0);
    config.listen.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    runtime()?.block_on(async {
        let server = begin(&config).await?;
        let state = if server.initialised { "initialised" } else { "already initialised, and opens" };
        output::line(&format!("{}: {state}, account {}", config.data.display(), server.app.account));
        if let Some(path) = &server.credentials_file {
            output::line(&format!("root credential: {}", path.display()));
        }
        output::line(&format!(
            "root key: {} (keep a copy apart from every backup of the data)",
            config.seal_file.display()
        ));
        server.stop().await;
        Ok(Exit::Clean)
    })
}

async fn begin(config: &Config) -> Result<Server, Report> {
    let credential = RootCredential::from_environment(|name| std::env::var(name).ok())
        .map_err(|fault| miette!("{fault}"))?;
    start(config, Arc::new(SystemClock), Arc::new(SystemRng), credential)
        .await
        .map_err(|fault: StartError| miette!("{fault}"))
        .wrap_err("the server did not start")
}

/// What comes before the first secret is read: logs, and a process that leaves no core behind.
fn prepare(config: &Config) -> Result<(), Report> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log.filter)
        .map_err(|fault| miette!("log.filter = {:?}: {fault}", config.log.filter))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if config.log.json {
        log.json().flatten_event(true).init();
    } else {
        log.with_ansi(false).init();
    }
    for fault in keywright_crypto::harden_process() {
        tracing::warn!(%fault, "the process could not be hardened");
    }
    // A panic's message may quote what it was given; the place is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a request or task failed unexpectedly");
    }));
    Ok(())
}

pub fn runtime() -> Result<tokio::runtime::Runtime, Report> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().into_diagnostic()
}

/// Tells how to use it, in lines that work by copy and paste. The secret stays in its file.
fn announce(config: &Config, server: &Server) {
    tracing::info!(address = %server.address, account = %server.app.account, "ready");
    let Some(path) = &server.credentials_file else { return };
    let path = path.canonicalize().unwrap_or_else(|_| path.clone());
    if !config.dev && !server.initialised {
        return;
    }
    let aws = on_path("aws").unwrap_or_else(|| "aws".to_owned());
    let keywright =
        std::env::current_exe().map_or_else(|_| "keywright".to_owned(), |path| path.display().to_string());
    output::line(&format!(
        "\nKeywright is ready at http://{} (account {}).",
        server.address, server.app.account
    ));
    output::line("Credentials for another terminal:\n");
    output::line(&format!(
        "  export AWS_SHARED_CREDENTIALS_FILE={} AWS_PROFILE=keywright AWS_ENDPOINT_URL=http://{} AWS_REGION=us-east-1\n",
        path.display(),
        server.address
    ));
    output::line("Then try:\n");
    output::line(&format!(
        "  {aws} kms create-key --description first --tags TagKey=keywright:rotation-period,TagValue=30d"
    ));
    output::line(&format!("  {aws} kms list-keys"));
    output::line(&format!("  {keywright} rotation list\n"));
}

/// Where a program is, in full: the terminal that the lines are pasted into may look elsewhere.
fn on_path(program: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let found =
        std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())?;
    Some(found.display().to_string())
}

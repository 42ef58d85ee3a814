//! `keywright trail verify` and `keywright trail tail`: both read the files, no server is needed.

use crate::exit::Exit;
use crate::output::{self, Format};
use clap::{Args, Subcommand};
use keywright_server::Given;
use keywright_store::{Alarm, CheckReport};
use keywright_trail::{Follower, VerifyOptions};
use miette::{IntoDiagnostic as _, Report, WrapErr as _};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub enum TrailCommand {
    /// Check every record, link and signature; names the first bad place. Exit code 1 if there is one.
    Verify(VerifyArgs),
    /// Print the last records.
    Tail(TailArgs),
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The server's data folder.
    #[arg(long, value_name = "DIR", default_value = "keywright-data", env = "KEYWRIGHT_DATA")]
    data: PathBuf,
    /// The trail's public key in base64, kept from an earlier time; without it the key that the trail
    /// names itself is believed.
    #[arg(long, value_name = "KEY")]
    public_key: Option<String>,
    /// Look at the store's rows too: every one that decides something must be as the service wrote it last. STORE as
    /// for `keywright server`; without it, the configured one.
    #[arg(long, value_name = "STORE", num_args = 0..=1, default_missing_value = "")]
    store: Option<String>,
    /// With --store: the file with the root key [default: DIR/root.key].
    #[arg(long, value_name = "FILE")]
    seal_file: Option<PathBuf>,
    /// With --store: the server's configuration file.
    #[arg(long, value_name = "FILE", env = "KEYWRIGHT_CONFIG")]
    config: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "table")]
    output: Format,
}

#[derive(Debug, Args)]
pub struct TailArgs {
    /// The server's data folder.
    #[arg(long, value_name = "DIR", default_value = "keywright-data", env = "KEYWRIGHT_DATA")]
    data: PathBuf,
    /// How many records.
    #[arg(short = 'n', long, default_value_t = 10)]
    lines: usize,
    /// Go on with new records as they come.
    #[arg(short, long)]
    follow: bool,
}

pub fn run(command: TrailCommand) -> Result<Exit, Report> {
    match command {
        TrailCommand::Verify(args) => verify(&args),
        TrailCommand::Tail(args) => tail(&args),
    }
}

fn verify(args: &VerifyArgs) -> Result<Exit, Report> {
    let dir = args.data.join("trail");
    let mut options = VerifyOptions::default();
    if let Some(key) = &args.public_key {
        options = options.expect_public_key(key).map_err(|fault| miette::miette!("--public-key: {fault}"))?;
    }
    let report = keywright_trail::verify(&dir, &options)
        .into_diagnostic()
        .wrap_err_with(|| format!("the trail in {} could not be read", dir.display()))?;
    let rows = args.store.as_deref().map(|store| check(args, store)).transpose()?;
    match args.output {
        Format::Json => {
            let mut shown: serde_json::Value = serde_json::from_str(&report.to_json()).into_diagnostic()?;
            if let Some(rows) = &rows {
                shown["Store"] = json!({
                    "Sound": rows.findings.is_empty(),
                    "Rows": rows.rows,
                    "Findings": rows.findings.iter().map(|found| json!({
                        "Table": found.table, "Row": found.key, "Kind": found.how.as_str(),
                    })).collect::<Vec<_>>(),
                });
            }
            output::line(&shown.to_string());
        }
        Format::Table => {
            output::line(&report.to_string());
            if let Some(rows) = &rows {
                show(rows);
            }
        }
    }
    let sound = report.is_sound() && rows.is_none_or(|rows| rows.findings.is_empty());
    Ok(if sound { Exit::Clean } else { Exit::Findings })
}

/// Looks at every row of the store that a server with these settings would use.
fn check(args: &VerifyArgs, store: &str) -> Result<CheckReport, Report> {
    let flags = Given {
        data: Some(args.data.clone()),
        store: Some(store.to_owned()).filter(|store| !store.is_empty()),
        seal: keywright_server::config::GivenSeal { kind: None, file: args.seal_file.clone() },
        ..Given::default()
    };
    let config = super::server::configuration(args.config.clone(), flags)?;
    super::server::runtime()?
        .block_on(keywright_server::check_store(&config))
        .map_err(|fault| miette::miette!("{fault}"))
        .wrap_err("the store could not be checked")
}

fn show(rows: &CheckReport) {
    output::line(&format!("\n{} rows of the store", rows.rows));
    if rows.findings.is_empty() {
        output::line("sound");
        return;
    }
    output::line(&format!("NOT SOUND: {} rows were touched behind the service's back", rows.findings.len()));
    let cells =
        |found: &Alarm| vec![found.how.as_str().to_owned(), found.table.to_owned(), found.key.clone()];
    output::table(&["WHAT", "TABLE", "ROW"], rows.findings.iter().map(cells).collect());
}

fn tail(args: &TailArgs) -> Result<Exit, Report> {
    let dir = args.data.join("trail");
    let mut follower = Follower::at_end(&dir).into_diagnostic()?;
    for event in keywright_trail::tail(&dir, args.lines).into_diagnostic()? {
        output::line(&event);
    }
    if !args.follow {
        return Ok(Exit::Clean);
    }
    loop {
        for event in follower.poll().into_diagnostic()? {
            output::line(&event);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

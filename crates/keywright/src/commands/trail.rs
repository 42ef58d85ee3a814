//! `keywright trail verify` and `keywright trail tail`: both read the files, no server is needed.

use crate::exit::Exit;
use crate::output::{self, Format};
use clap::{Args, Subcommand};
use keywright_trail::{Follower, VerifyOptions};
use miette::{IntoDiagnostic as _, Report, WrapErr as _};
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
    match args.output {
        Format::Json => output::line(&report.to_json()),
        Format::Table => output::line(&report.to_string()),
    }
    Ok(if report.is_sound() { Exit::Clean } else { Exit::Findings })
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

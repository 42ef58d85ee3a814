//! `keywright rotation list|due|lineage|show|preflight|retry|abandon`: asks the server.

mod secret;

use crate::client::Client;
use crate::exit::Exit;
use crate::output::{self, Format};
use clap::{Args, Subcommand};
use keywright_types::Timestamp;
use miette::Report;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum RotationCommand {
    /// Every key and every secret with its period, its last and its next rotation, and what keeps it from rotating.
    List(RotationArgs),
    /// Only what is due now or cannot rotate. Exit code 1 if there is any.
    Due(RotationArgs),
    /// The keys that followed each other under one alias, oldest first, and where each of them stands.
    Lineage {
        /// A key's id or ARN, or an alias.
        #[arg(value_name = "KEY")]
        key: String,
        #[command(flatten)]
        args: RotationArgs,
    },
    /// How a secret's rotation stands, and what happened so far, step by step.
    Show {
        /// A secret's name or ARN.
        #[arg(value_name = "SECRET")]
        secret: String,
        /// The Region that the secret is in [default: AWS_REGION, or the profile's].
        #[arg(long, value_name = "REGION")]
        region: Option<String>,
        #[command(flatten)]
        args: RotationArgs,
    },
    /// What would keep a secret's rotation from succeeding. Exit code 1 if anything would.
    Preflight {
        /// A secret's name or ARN.
        #[arg(value_name = "SECRET")]
        secret: String,
        /// The rotator: keywright:postgres, keywright:mysql, keywright:redis or keywright:http [default: the secret's].
        #[arg(long, value_name = "TYPE")]
        rotator: Option<String>,
        /// single-user or alternating-users [default: the secret's, or single-user].
        #[arg(long, value_name = "STRATEGY")]
        strategy: Option<String>,
        /// The Region that the secret is in [default: AWS_REGION, or the profile's].
        #[arg(long, value_name = "REGION")]
        region: Option<String>,
        #[command(flatten)]
        args: RotationArgs,
    },
    /// Has a rotation that failed go on now instead of at its next attempt.
    Retry {
        /// A secret's name or ARN.
        #[arg(value_name = "SECRET")]
        secret: String,
        /// The Region that the secret is in [default: AWS_REGION, or the profile's].
        #[arg(long, value_name = "REGION")]
        region: Option<String>,
        #[command(flatten)]
        args: RotationArgs,
    },
    /// Gives a rotation up that is under way. The secret stays what it is, and its schedule goes on.
    Abandon {
        /// A secret's name or ARN.
        #[arg(value_name = "SECRET")]
        secret: String,
        /// The Region that the secret is in [default: AWS_REGION, or the profile's].
        #[arg(long, value_name = "REGION")]
        region: Option<String>,
        #[command(flatten)]
        args: RotationArgs,
    },
}

#[derive(Debug, Args)]
pub struct RotationArgs {
    /// The server's data folder: its root credential is used unless AWS_ACCESS_KEY_ID is set.
    #[arg(long, value_name = "DIR", default_value = "keywright-data", env = "KEYWRIGHT_DATA")]
    data: PathBuf,
    /// The server's address [default: the profile's endpoint_url, or AWS_ENDPOINT_URL].
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL")]
    endpoint: Option<String>,
    #[arg(long, value_enum, default_value = "table")]
    output: Format,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    rotations: Vec<Value>,
    next_marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    resource_arn: String,
    period_in_days: Option<u32>,
    period_source: Option<String>,
    last_rotation_date: Option<f64>,
    next_rotation_date: Option<f64>,
    status: String,
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Line {
    lineage: Vec<Value>,
    truncated: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LineEntry {
    key_arn: String,
    standing: String,
    key_state: String,
    takeover_date: Option<f64>,
    superseded_date: Option<f64>,
    retirement_date: Option<f64>,
    published: bool,
}

pub fn run(command: RotationCommand) -> Result<Exit, Report> {
    match command {
        RotationCommand::List(args) => {
            print(&fetch(&args, &["ALL"])?, args.output)?;
            Ok(Exit::Clean)
        }
        RotationCommand::Due(args) => {
            let found = fetch(&args, &["DUE", "BLOCKED"])?;
            print(&found, args.output)?;
            Ok(if found.is_empty() { Exit::Clean } else { Exit::Findings })
        }
        RotationCommand::Show { secret, region, args } => secret::show(&secret, region.as_deref(), &args),
        RotationCommand::Preflight { secret, rotator, strategy, region, args } => {
            secret::preflight(&secret, rotator.as_deref(), strategy.as_deref(), region.as_deref(), &args)
        }
        RotationCommand::Retry { secret, region, args } => {
            secret::tell(&secret, region.as_deref(), "RetrySecretRotation", &args)
        }
        RotationCommand::Abandon { secret, region, args } => {
            secret::tell(&secret, region.as_deref(), "AbandonSecretRotation", &args)
        }
        RotationCommand::Lineage { key, args } => {
            let client = Client::new(&args.data, args.endpoint.as_deref())?;
            let answer = client.call("keywright", "Keywright.ListKeyLineage", &json!({ "KeyId": key }))?;
            let line: Line = serde_json::from_slice(&answer)
                .map_err(|fault| miette::miette!("the server's answer is not a line of keys: {fault}"))?;
            print_line(&line, args.output)?;
            Ok(Exit::Clean)
        }
    }
}

fn fetch(args: &RotationArgs, filters: &[&str]) -> Result<Vec<Value>, Report> {
    let client = Client::new(&args.data, args.endpoint.as_deref())?;
    let mut rotations = Vec::new();
    for filter in filters {
        let mut marker: Option<String> = None;
        loop {
            let request = json!({ "Filter": filter, "Limit": 1000, "Marker": marker });
            let answer = client.call("keywright", "Keywright.ListRotations", &request)?;
            let page: Page = serde_json::from_slice(&answer).map_err(|fault| {
                miette::miette!("the server's answer is not a list of rotations: {fault}")
            })?;
            rotations.extend(page.rotations);
            marker = page.next_marker;
            if marker.is_none() {
                break;
            }
        }
    }
    Ok(rotations)
}

fn print(rotations: &[Value], format: Format) -> Result<(), Report> {
    match format {
        Format::Json => output::line(&json!({ "Rotations": rotations }).to_string()),
        Format::Table => {
            let mut rows = Vec::with_capacity(rotations.len());
            for rotation in rotations {
                let entry: Entry = serde_json::from_value(rotation.clone())
                    .map_err(|fault| miette::miette!("the server's answer is not a rotation: {fault}"))?;
                rows.push(vec![
                    entry.resource_arn,
                    entry.status,
                    entry.period_in_days.map(|days| format!("{days}d")).unwrap_or_default(),
                    entry.period_source.unwrap_or_default(),
                    day(entry.last_rotation_date),
                    day(entry.next_rotation_date),
                    entry.reason.unwrap_or_default(),
                ]);
            }
            output::table(&["RESOURCE", "STATUS", "PERIOD", "SET BY", "LAST", "NEXT", "WHY"], rows);
        }
    }
    Ok(())
}

fn print_line(line: &Line, format: Format) -> Result<(), Report> {
    match format {
        Format::Json => {
            output::line(&json!({ "Lineage": line.lineage, "Truncated": line.truncated }).to_string())
        }
        Format::Table => {
            let mut rows = Vec::with_capacity(line.lineage.len());
            for entry in &line.lineage {
                let entry: LineEntry = serde_json::from_value(entry.clone()).map_err(|fault| {
                    miette::miette!("the server's answer is not a key of a line: {fault}")
                })?;
                rows.push(vec![
                    entry.key_arn,
                    entry.standing,
                    entry.key_state,
                    day(entry.takeover_date),
                    day(entry.superseded_date),
                    day(entry.retirement_date),
                    if entry.published { "yes".to_owned() } else { String::new() },
                ]);
            }
            let heads = ["KEY", "STANDING", "STATE", "TAKES OVER", "SUPERSEDED", "RETIRES", "PUBLISHED"];
            output::table(&heads, rows);
            if line.truncated {
                output::line("There are more: ask for the line of the first or the last of these.");
            }
        }
    }
    Ok(())
}

fn day(seconds: Option<f64>) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds of a date fit an i64")]
    seconds.map(|seconds| Timestamp::from_seconds(seconds as i64).rfc3339()).unwrap_or_default()
}

//! `keywright census`: which key material is in use, and what is left to encrypt anew.

use crate::client::Client;
use crate::exit::Exit;
use crate::output::{self, Format};
use clap::Args;
use keywright_types::{Clock as _, SystemClock, Timestamp};
use miette::Report;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct CensusArgs {
    /// Only this key: its id or ARN, or an alias.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Only key material that its key makes nothing new with.
    #[arg(long)]
    old: bool,
    /// Only what was used since then: an instant such as 2026-11-01T00:00:00Z, or a number of days such as 30d.
    #[arg(long, value_name = "WHEN", value_parser = parse_since)]
    since: Option<Timestamp>,
    /// Who used it last.
    #[arg(long)]
    callers: bool,
    /// The server's data folder: its root credential is used unless AWS_ACCESS_KEY_ID is set.
    #[arg(long, value_name = "DIR", default_value = "keywright-data", env = "KEYWRIGHT_DATA")]
    data: PathBuf,
    /// The server's address [default: the profile's endpoint_url, or AWS_ENDPOINT_URL].
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL")]
    endpoint: Option<String>,
    #[arg(long, value_enum, default_value = "table")]
    output: Format,
}

/// An instant, or days before now.
fn parse_since(text: &str) -> Result<Timestamp, String> {
    if let Some(days) = text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok()) {
        return Ok(SystemClock.now().minus(std::time::Duration::from_secs(u64::from(days) * 86_400)));
    }
    Timestamp::parse_rfc3339(text).ok_or_else(|| {
        "it is neither an instant such as 2026-11-01T00:00:00Z nor days such as 30d".to_owned()
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    key_materials: Vec<Value>,
    next_marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    key_arn: String,
    key_material_id: String,
    key_material_state: String,
    key_material_date: Option<f64>,
    produced: u64,
    consumed: u64,
    last_produced_date: Option<f64>,
    last_consumed_date: Option<f64>,
    #[serde(default)]
    callers: Vec<Caller>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Caller {
    arn: String,
    produced: u64,
    consumed: u64,
    last_used_date: f64,
}

/// Exit code 1 if key material that is not current was used to open or verify something.
pub fn run(args: &CensusArgs) -> Result<Exit, Report> {
    let found = fetch(args)?;
    let mut entries = Vec::with_capacity(found.len());
    for value in &found {
        let entry: Entry = serde_json::from_value(value.clone())
            .map_err(|fault| miette::miette!("the server's answer is not a use of key material: {fault}"))?;
        entries.push(entry);
    }
    let old_in_use = entries.iter().any(|entry| entry.key_material_state != "CURRENT" && entry.consumed > 0);
    match args.output {
        Format::Json => output::line(&json!({ "KeyMaterials": found }).to_string()),
        Format::Table => print(entries),
    }
    Ok(if old_in_use { Exit::Findings } else { Exit::Clean })
}

fn fetch(args: &CensusArgs) -> Result<Vec<Value>, Report> {
    let client = Client::new(&args.data, args.endpoint.as_deref())?;
    let mut found = Vec::new();
    let mut request = json!({
        "OnlyNonCurrent": args.old, "IncludeCallers": args.callers, "Limit": if args.callers { 100 } else { 1000 },
    });
    if let Some(key) = &args.key {
        request["KeyId"] = json!(key);
    }
    if let Some(since) = args.since {
        request["UsedSince"] = json!(since.as_seconds());
    }
    loop {
        let answer = client.call("keywright", "Keywright.ListKeyMaterialUsage", &request)?;
        let page: Page = serde_json::from_slice(&answer)
            .map_err(|fault| miette::miette!("the server's answer is not a census: {fault}"))?;
        found.extend(page.key_materials);
        match page.next_marker {
            Some(marker) => request["Marker"] = json!(marker),
            None => return Ok(found),
        }
    }
}

fn print(entries: Vec<Entry>) {
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        let id = entry.key_material_id;
        rows.push(vec![
            entry.key_arn,
            id.get(..16).unwrap_or(&id).to_owned(),
            entry.key_material_state,
            day(entry.key_material_date),
            entry.produced.to_string(),
            day(entry.last_produced_date),
            entry.consumed.to_string(),
            day(entry.last_consumed_date),
        ]);
        for caller in entry.callers {
            rows.push(vec![
                format!("  {}", caller.arn),
                String::new(),
                String::new(),
                String::new(),
                caller.produced.to_string(),
                String::new(),
                caller.consumed.to_string(),
                day(Some(caller.last_used_date)),
            ]);
        }
    }
    output::table(&["KEY", "MATERIAL", "STATE", "MADE", "PRODUCED", "LAST", "CONSUMED", "LAST USE"], rows);
}

fn day(seconds: Option<f64>) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds of a date fit an i64")]
    seconds.map(|seconds| Timestamp::from_seconds(seconds as i64).rfc3339()).unwrap_or_default()
}

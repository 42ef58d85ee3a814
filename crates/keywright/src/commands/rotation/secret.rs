//! `keywright rotation show|preflight|retry|abandon`: one secret's rotation.

use super::{RotationArgs, day};
use crate::client::Client;
use crate::exit::Exit;
use crate::output::{self, Format};
use miette::Report;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    #[serde(rename = "SecretARN")]
    secret_arn: String,
    rotation_enabled: bool,
    rotator: Option<String>,
    last_rotated_date: Option<f64>,
    next_rotation_date: Option<f64>,
    run: Option<Run>,
    held: Option<String>,
    consumers: Vec<Consumer>,
    log: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Consumer {
    consumer: String,
    version_id: String,
    current: bool,
    seen_date: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Run {
    version_id: String,
    step: String,
    attempt: u32,
    started_date: f64,
    next_attempt_date: f64,
    test: bool,
    cause: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    date: f64,
    version_id: String,
    attempt: u32,
    step: String,
    outcome: String,
    cause: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Checked {
    ready: bool,
    problems: Vec<Problem>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Problem {
    code: String,
    message: String,
}

/// Asks the server of the Region that is named, or that the secret's ARN names.
fn ask(
    args: &RotationArgs,
    region: Option<&str>,
    operation: &str,
    secret: &str,
    mut input: Value,
) -> Result<Value, Report> {
    let mut client = Client::new(&args.data, args.endpoint.as_deref())?;
    let of_arn = secret.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(2));
    if let Some(region) = region.or(of_arn) {
        client.use_region(region);
    }
    input["SecretId"] = json!(secret);
    let answer = client.call("keywright", &format!("Keywright.{operation}"), &input)?;
    serde_json::from_slice(&answer)
        .map_err(|fault| miette::miette!("the server's answer to {operation} is not JSON: {fault}"))
}

fn read<T: serde::de::DeserializeOwned>(answer: &Value) -> Result<T, Report> {
    serde_json::from_value(answer.clone())
        .map_err(|fault| miette::miette!("the server's answer is not what this release knows: {fault}"))
}

pub(super) fn show(secret: &str, region: Option<&str>, args: &RotationArgs) -> Result<Exit, Report> {
    let answer = ask(args, region, "GetSecretRotation", secret, json!({}))?;
    match args.output {
        Format::Json => output::line(&answer.to_string()),
        Format::Table => print(&read(&answer)?),
    }
    Ok(Exit::Clean)
}

fn print(shown: &Shown) {
    output::line(&format!("Secret    {}", shown.secret_arn));
    let rotator = shown.rotator.as_deref().unwrap_or("none");
    let state = if shown.rotation_enabled { "on" } else { "off" };
    output::line(&format!("Rotation  {state} (rotator: {rotator})"));
    output::line(&format!("Last      {}", or_never(shown.last_rotated_date)));
    output::line(&format!("Next      {}", or_never(shown.next_rotation_date)));
    if let Some(run) = &shown.run {
        let what = if run.test { "a test" } else { "a rotation" };
        output::line(&format!(
            "Now       {what} to version {}, begun {}: {} is next, attempt {} at {}",
            run.version_id,
            day(Some(run.started_date)),
            run.step,
            run.attempt,
            day(Some(run.next_attempt_date))
        ));
        if let Some(cause) = &run.cause {
            output::line(&format!("Failed    {cause}"));
            output::line(
                "          `keywright rotation retry` goes on at once, `keywright rotation abandon` gives it up",
            );
        }
    }
    if let Some(held) = &shown.held {
        output::line(&format!("Held      {held}"));
    }
    if !shown.consumers.is_empty() {
        output::line("");
        let rows = shown.consumers.iter().map(|consumer| {
            vec![
                consumer.consumer.clone(),
                consumer.version_id.clone(),
                if consumer.current { "current".to_owned() } else { "BEHIND".to_owned() },
                day(Some(consumer.seen_date)),
            ]
        });
        output::table(&["WHO READS IT", "VERSION", "", "LAST SEEN"], rows.collect());
    }
    if shown.log.is_empty() {
        return;
    }
    output::line("");
    let rows = shown.log.iter().map(|entry| {
        vec![
            day(Some(entry.date)),
            entry.version_id.clone(),
            entry.attempt.to_string(),
            entry.step.clone(),
            entry.outcome.clone(),
            entry.cause.clone().unwrap_or_default(),
        ]
    });
    output::table(&["WHEN", "VERSION", "ATTEMPT", "STEP", "OUTCOME", "WHY"], rows.collect());
}

fn or_never(date: Option<f64>) -> String {
    match date {
        Some(_) => day(date),
        None => "never".to_owned(),
    }
}

pub(super) fn preflight(
    secret: &str,
    rotator: Option<&str>,
    strategy: Option<&str>,
    region: Option<&str>,
    args: &RotationArgs,
) -> Result<Exit, Report> {
    let input = json!({ "Type": rotator, "Strategy": strategy });
    let answer = ask(args, region, "PreflightSecretRotation", secret, input)?;
    let checked: Checked = read(&answer)?;
    match args.output {
        Format::Json => output::line(&answer.to_string()),
        Format::Table if checked.ready => {
            output::line("Nothing stands in the way: the rotation can be switched on.");
        }
        Format::Table => {
            let rows = checked.problems.into_iter().map(|problem| vec![problem.code, problem.message]);
            output::table(&["PROBLEM", "WHAT AND WHY"], rows.collect());
        }
    }
    Ok(if checked.ready { Exit::Clean } else { Exit::Findings })
}

pub(super) fn tell(
    secret: &str,
    region: Option<&str>,
    operation: &str,
    args: &RotationArgs,
) -> Result<Exit, Report> {
    let answer = ask(args, region, operation, secret, json!({}))?;
    match (args.output, operation) {
        (Format::Json, _) => output::line(&answer.to_string()),
        (Format::Table, "RetrySecretRotation") => {
            output::line("The rotation goes on; `keywright rotation show` tells how.");
        }
        (Format::Table, _) => output::line("The rotation was given up; the secret stays what it is."),
    }
    Ok(Exit::Clean)
}

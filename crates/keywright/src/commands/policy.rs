//! `keywright policy explain`: why somebody may do something, or not.

use crate::client::Client;
use crate::exit::Exit;
use crate::output::{self, Format};
use clap::{Args, Subcommand};
use miette::Report;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// May a principal do something to a resource? By which statement, and what is missing if not. Exit code 1 if it may
    /// not.
    Explain(ExplainArgs),
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// ARN of a user, a role, a session of a role, or an account's root user.
    #[arg(long, value_name = "ARN")]
    principal: String,
    /// The action as policies write it, such as kms:Decrypt.
    #[arg(long, value_name = "SERVICE:NAME")]
    action: String,
    /// The resource's ARN; for KMS also a key id or an alias.
    #[arg(long, value_name = "ARN", default_value = "*")]
    resource: String,
    /// What the request would say, such as aws:SourceIp=10.0.0.7 or kms:EncryptionContext:app=shop. May come often; a key
    /// that comes twice has both values.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    context: Vec<(String, String)>,
    /// The server's data folder: its root credential is used unless AWS_ACCESS_KEY_ID is set.
    #[arg(long, value_name = "DIR", default_value = "keywright-data", env = "KEYWRIGHT_DATA")]
    data: PathBuf,
    /// The server's address [default: the profile's endpoint_url, or AWS_ENDPOINT_URL].
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL")]
    endpoint: Option<String>,
    #[arg(long, value_enum, default_value = "table")]
    output: Format,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE, such as aws:SourceIp=10.0.0.7".to_owned()),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    decision: String,
    message: Option<String>,
    reason: String,
    decided_by: Vec<Statement>,
    nearly_apply: Vec<NearMiss>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    policy_kind: String,
    policy_name: String,
    policy_of: Option<String>,
    sid: Option<String>,
    effect: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NearMiss {
    statement: Statement,
    lacks: Vec<String>,
}

pub fn run(command: PolicyCommand) -> Result<Exit, Report> {
    let PolicyCommand::Explain(args) = command;
    let client = Client::new(&args.data, args.endpoint.as_deref())?;
    let context: Vec<Value> =
        args.context.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    let request = json!({
        "Principal": args.principal,
        "Action": args.action,
        "Resource": args.resource,
        "Context": context,
    });
    let body = client.call("keywright", "Keywright.ExplainAccess", &request)?;
    let unreadable = |fault| miette::miette!("the server's answer is not an explanation: {fault}");
    let whole: Value = serde_json::from_slice(&body).map_err(unreadable)?;
    let answer: Answer = serde_json::from_slice(&body).map_err(unreadable)?;
    match args.output {
        Format::Json => output::line(&whole.to_string()),
        Format::Table => print(&answer),
    }
    Ok(if answer.decision == "ALLOWED" { Exit::Clean } else { Exit::Findings })
}

fn print(answer: &Answer) {
    let decision = match answer.decision.as_str() {
        "ALLOWED" => "allowed",
        "EXPLICIT_DENY" => "denied by a statement",
        _ => "denied: nothing allows it",
    };
    output::line(&format!("{decision}: {}", answer.reason));
    if let Some(message) = &answer.message {
        output::line(&format!("the caller is told: {message}"));
    }
    for (title, rows) in [
        ("decided by", answer.decided_by.iter().map(|one| one.row("")).collect::<Vec<_>>()),
        (
            "nearly apply",
            answer.nearly_apply.iter().map(|near| near.statement.row(&near.lacks.join("; "))).collect(),
        ),
    ] {
        if !rows.is_empty() {
            output::line("");
            output::line(title);
            output::table(&["POLICY", "OF", "STATEMENT", "EFFECT", "LACKS"], rows);
        }
    }
}

impl Statement {
    fn row(&self, lacks: &str) -> Vec<String> {
        let kind = match self.policy_kind.as_str() {
            "RESOURCE" => "key policy: ",
            _ => "",
        };
        let place = match (self.line, self.column) {
            (Some(line), Some(column)) => format!("line {line} column {column}"),
            _ => String::new(),
        };
        let statement = match &self.sid {
            Some(sid) if place.is_empty() => sid.clone(),
            Some(sid) => format!("{sid} ({place})"),
            None => place,
        };
        vec![
            format!("{kind}{}", self.policy_name),
            self.policy_of.clone().unwrap_or_default(),
            statement,
            self.effect.clone().unwrap_or_default(),
            lacks.to_owned(),
        ]
    }
}

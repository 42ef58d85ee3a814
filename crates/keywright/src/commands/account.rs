//! `keywright account create|list`: asks the server, as its first account.

use crate::client::Client;
use crate::exit::Exit;
use crate::output::{self, Format};
use clap::{Args, Subcommand};
use keywright_types::{SecretText, Timestamp};
use miette::{Report, miette};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Make another account. Its root user's access key is printed once and kept nowhere else.
    Create(CreateArgs),
    /// Every account of the server.
    List(AccountArgs),
}

#[derive(Debug, Args)]
pub struct AccountArgs {
    /// The server's data folder: its root credential is used unless AWS_ACCESS_KEY_ID is set.
    #[arg(long, value_name = "DIR", default_value = "keywright-data", env = "KEYWRIGHT_DATA")]
    data: PathBuf,
    /// The server's address [default: the profile's endpoint_url, or AWS_ENDPOINT_URL].
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL")]
    endpoint: Option<String>,
    #[arg(long, value_enum, default_value = "table")]
    output: Format,
}

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The account's id, twelve digits [default: drawn at random].
    #[arg(value_name = "ACCOUNT")]
    id: Option<String>,
    #[command(flatten)]
    common: AccountArgs,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Made {
    account: Entry,
    access_key_id: String,
    #[serde(deserialize_with = "secret")]
    secret_access_key: SecretText,
}

/// By hand: secrets are not read by accident.
fn secret<'de, D: Deserializer<'de>>(reader: D) -> Result<SecretText, D::Error> {
    String::deserialize(reader).map(SecretText::new)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    account_id: String,
    alias: Option<String>,
    creation_date: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    accounts: Vec<Value>,
    next_marker: Option<String>,
}

pub fn run(command: AccountCommand) -> Result<Exit, Report> {
    match command {
        AccountCommand::Create(args) => create(&args)?,
        AccountCommand::List(args) => list(&args)?,
    }
    Ok(Exit::Clean)
}

fn create(args: &CreateArgs) -> Result<(), Report> {
    let client = Client::new(&args.common.data, args.common.endpoint.as_deref())?;
    let answer = client.call("keywright", "Keywright.CreateAccount", &json!({ "AccountId": args.id }))?;
    let made: Made =
        serde_json::from_slice(&answer).map_err(|_| miette!("the server's answer is not a new account"))?;
    match args.common.output {
        Format::Json => output::line(
            &json!({
                "AccountId": made.account.account_id,
                "AccessKeyId": made.access_key_id,
                "SecretAccessKey": made.secret_access_key.expose(),
            })
            .to_string(),
        ),
        // As a section of an AWS credentials file, to be put there.
        Format::Table => output::line(&format!(
            "[{}]\naws_access_key_id = {}\naws_secret_access_key = {}",
            made.account.account_id,
            made.access_key_id,
            made.secret_access_key.expose()
        )),
    }
    Ok(())
}

fn list(args: &AccountArgs) -> Result<(), Report> {
    let client = Client::new(&args.data, args.endpoint.as_deref())?;
    let mut accounts = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let request = json!({ "Limit": 1000, "Marker": marker });
        let answer = client.call("keywright", "Keywright.ListAccounts", &request)?;
        let page: Page = serde_json::from_slice(&answer)
            .map_err(|fault| miette!("the server's answer is not a list of accounts: {fault}"))?;
        accounts.extend(page.accounts);
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    match args.output {
        Format::Json => output::line(&json!({ "Accounts": accounts }).to_string()),
        Format::Table => {
            let mut rows = Vec::with_capacity(accounts.len());
            for account in accounts {
                let entry: Entry = serde_json::from_value(account)
                    .map_err(|fault| miette!("the server's answer is not an account: {fault}"))?;
                #[expect(clippy::cast_possible_truncation, reason = "whole seconds of a date fit an i64")]
                let made = Timestamp::from_seconds(entry.creation_date as i64).rfc3339();
                rows.push(vec![entry.account_id, entry.alias.unwrap_or_default(), made]);
            }
            output::table(&["ACCOUNT", "ALIAS", "MADE"], rows);
        }
    }
    Ok(())
}

//! `keywright inspect FILE|-`: which key and key material a ciphertext was made with, and whether that is current.
//!
//! What its first bytes say needs no server; when the key material was made, and whether it is current, the server says.
//! Nobody opens the ciphertext for it.

mod encryption_sdk;
mod input;

use crate::client::Client;
use crate::exit::Exit;
use crate::output::{self, Format};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use keywright_crypto::{Header, OVERHEAD, Unrecognised, recognise};
use keywright_types::{KeyId, Timestamp};
use miette::{Report, miette};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The ciphertext: raw, in Base64, or the JSON that a client printed; `-` reads standard input. A message of the AWS
    /// Encryption SDK is inspected by the data keys at its head.
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// Ask no server: only what the ciphertext says of itself.
    #[arg(long)]
    offline: bool,
    /// The Region of the key; no ciphertext says it [default: AWS_REGION, the profile's].
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// The server's data folder: its root credential is used unless AWS_ACCESS_KEY_ID is set.
    #[arg(long, value_name = "DIR", default_value = "keywright-data", env = "KEYWRIGHT_DATA")]
    data: PathBuf,
    /// The server's address [default: the profile's endpoint_url, or AWS_ENDPOINT_URL].
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL")]
    endpoint: Option<String>,
    #[arg(long, value_enum, default_value = "table")]
    output: Format,
}

/// The server's answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    key_arn: String,
    key_state: String,
    key_material_id: Option<String>,
    key_material_state: String,
    key_material_date: Option<f64>,
    key_material_number: Option<u32>,
    current_key_material_date: f64,
    current_key_material_number: u32,
}

/// One ciphertext, as far as it is known.
struct Inspected {
    bytes: usize,
    what: Result<Header, Unrecognised>,
    /// What the server said of one of ours, or why it did not; none if it was not asked.
    server: Option<Result<Value, String>>,
}

pub fn run(args: &InspectArgs) -> Result<Exit, Report> {
    let blob = input::read(&args.file)?;
    if recognise(&blob) == Err(Unrecognised::EncryptionSdk)
        && let Some((version, keys)) = encryption_sdk::data_keys(&blob)
    {
        return of_message(args, blob.len(), version, &keys);
    }
    let found = inspect(args, &blob, args.region.as_deref())?;
    match args.output {
        Format::Json => output::line(&found.as_json().to_string()),
        // Of what is none of ours the error says it all.
        Format::Table if found.what.is_err() => {}
        Format::Table => found.print("")?,
    }
    found.exit()
}

/// Each data key of a message; only a KMS's can be told anything of.
fn of_message(
    args: &InspectArgs,
    bytes: usize,
    version: u8,
    keys: &[encryption_sdk::DataKey<'_>],
) -> Result<Exit, Report> {
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let name = String::from_utf8_lossy(key.key_name).into_owned();
        // arn:aws:kms:REGION:…
        let named = name.split(':').nth(3).filter(|region| !region.is_empty());
        let one = inspect(args, key.ciphertext, args.region.as_deref().or(named))?;
        found.push((String::from_utf8_lossy(key.provider).into_owned(), name, one));
    }
    match args.output {
        Format::Json => {
            let keys = found.iter().map(|(provider, name, one)| {
                json!({ "Provider": provider, "KeyName": name, "Ciphertext": one.as_json() })
            });
            let shown = json!({
                "Format": Unrecognised::EncryptionSdk.as_str(),
                "Bytes": bytes,
                "MessageVersion": version,
                "DataKeys": keys.collect::<Vec<_>>(),
            });
            output::line(&shown.to_string());
        }
        Format::Table => {
            output::line(&format!(
                "message       of the AWS Encryption SDK, version {version}, {} encrypted data keys",
                found.len()
            ));
            for (at, (provider, name, one)) in found.iter().enumerate() {
                output::line(&format!("\ndata key {}    {provider}, {name}", at + 1));
                one.print("  ")?;
            }
        }
    }
    // One current data key opens the message, but each of an older key material wants to be made anew.
    let mut exits = Vec::with_capacity(found.len());
    for (_, _, one) in found.iter().filter(|(_, _, one)| one.what.is_ok()) {
        exits.push(one.exit()?);
    }
    if exits.is_empty() {
        return Err(miette!("no data key of this message is a ciphertext of Keywright's KMS"));
    }
    Ok(if exits.contains(&Exit::Findings) { Exit::Findings } else { Exit::Clean })
}

fn inspect(args: &InspectArgs, blob: &[u8], region: Option<&str>) -> Result<Inspected, Report> {
    let what = recognise(blob);
    let server = match what {
        Ok(_) if !args.offline => Some(ask(args, blob, region).map_err(|report| report.to_string())),
        Ok(_) | Err(_) => None,
    };
    Ok(Inspected { bytes: blob.len(), what, server })
}

fn ask(args: &InspectArgs, blob: &[u8], region: Option<&str>) -> Result<Value, Report> {
    let mut client = Client::new(&args.data, args.endpoint.as_deref())?;
    if let Some(region) = region {
        client.use_region(region);
    }
    let request = json!({ "CiphertextBlob": STANDARD.encode(blob) });
    let answer = client.call("keywright", "Keywright.InspectCiphertext", &request)?;
    serde_json::from_slice(&answer).map_err(|_| miette!("the server's answer tells nothing of a ciphertext"))
}

impl Inspected {
    fn as_json(&self) -> Value {
        match &self.what {
            Err(what) => json!({ "Format": what.as_str(), "Bytes": self.bytes, "Message": what.to_string() }),
            Ok(header) => {
                let (server, fault) = match &self.server {
                    None => (Value::Null, Value::Null),
                    Some(Ok(told)) => (told.clone(), Value::Null),
                    Some(Err(fault)) => (Value::Null, json!(fault)),
                };
                json!({
                    "Format": "KEYWRIGHT_KMS",
                    "Bytes": self.bytes,
                    "PlaintextBytes": self.bytes - OVERHEAD,
                    "Version": header.version(),
                    "Suite": header.suite(),
                    "KeyId": header.key_id().to_string(),
                    "MultiRegion": matches!(header.key_id(), KeyId::MultiRegion(_)),
                    "KeyMaterialTag": tag(header),
                    "Server": server,
                    "ServerError": fault,
                })
            }
        }
    }

    fn print(&self, indent: &str) -> Result<(), Report> {
        let say = |name: &str, text: String| output::line(&format!("{indent}{name:<14}{text}"));
        let header = match &self.what {
            Ok(header) => header,
            Err(what) => {
                say("ciphertext", format!("not one that can be inspected: {what}"));
                say("length", format!("{} bytes", self.bytes));
                return Ok(());
            }
        };
        say("ciphertext", format!("Keywright KMS, version {}, suite {}", header.version(), suite(header)));
        let plaintext = self.bytes - OVERHEAD;
        say("length", format!("{} bytes, of a plaintext of {plaintext}", self.bytes));
        let Some(Ok(told)) = &self.server else {
            say("key", format!("{} (account and Region stand in no ciphertext)", header.key_id()));
            say("key material", format!("{}… (its first 16 bytes)", tag(header)));
            return Ok(());
        };
        let told: Told = serde_json::from_value(told.clone())
            .map_err(|fault| miette!("the server's answer tells nothing of a ciphertext: {fault}"))?;
        say("key", format!("{} ({})", told.key_arn, told.key_state));
        match (&told.key_material_id, told.key_material_number, told.key_material_date) {
            (Some(id), Some(number), Some(made)) => {
                say(
                    "key material",
                    format!("{id} (number {number} of {})", told.current_key_material_number),
                );
                say("made", instant(made));
            }
            _ => say("key material", format!("{}…, which this key never had: nothing opens it", tag(header))),
        }
        say(
            "current",
            if told.is_current() {
                "yes".to_owned()
            } else {
                format!(
                    "no: number {} is, since {}",
                    told.current_key_material_number,
                    instant(told.current_key_material_date)
                )
            },
        );
        Ok(())
    }

    /// Clean if it is of the current key material, or nobody was asked; a finding if it is of another.
    fn exit(&self) -> Result<Exit, Report> {
        match (&self.what, &self.server) {
            (Err(what), _) => Err(miette!("{what}")),
            (Ok(_), Some(Err(fault))) => Err(miette!("{fault}")),
            (Ok(_), None) => Ok(Exit::Clean),
            (Ok(_), Some(Ok(told))) => {
                let current = told["KeyMaterialState"] == "CURRENT";
                Ok(if current { Exit::Clean } else { Exit::Findings })
            }
        }
    }
}

impl Told {
    fn is_current(&self) -> bool {
        self.key_material_state == "CURRENT"
    }
}

fn tag(header: &Header) -> String {
    header.material_tag().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn suite(header: &Header) -> String {
    match header.suite() {
        1 => "1 (AES-256-GCM, a key for each message, committed)".to_owned(),
        other => other.to_string(),
    }
}

fn instant(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds of a date fit an i64")]
    Timestamp::from_seconds(seconds as i64).rfc3339()
}

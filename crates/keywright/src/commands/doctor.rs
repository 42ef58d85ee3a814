//! `keywright doctor`: is everything as it should be, and what to do if not.

use crate::client;
use crate::exit::Exit;
use crate::output::{self, Format};
use clap::Args;
use keywright_server::doctor::{Diagnosis, Doctor, State};
use keywright_server::{Config, Given};
use miette::Report;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The server's configuration file.
    #[arg(long, value_name = "FILE", env = "KEYWRIGHT_CONFIG")]
    config: Option<PathBuf>,
    /// The server's data folder [default: ./keywright-data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the data is, as for `keywright server`.
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// The file with the root key [default: DIR/root.key].
    #[arg(long, value_name = "FILE")]
    seal_file: Option<PathBuf>,
    /// The server to ask how it is [default: the configured address].
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    #[arg(long, value_enum, default_value = "table")]
    output: Format,
}

pub fn run(args: DoctorArgs) -> Result<Exit, Report> {
    let flags = Given {
        data: args.data,
        store: args.store,
        seal: keywright_server::config::GivenSeal { kind: None, file: args.seal_file },
        ..Given::default()
    };
    let config = super::server::configuration(args.config, flags)?;
    let mut doctor = super::server::runtime()?.block_on(Doctor::examine(&config));
    doctor.found.push(ask(&config, args.endpoint.as_deref()));
    match args.output {
        Format::Json => output::line(&as_json(&doctor.found).to_string()),
        Format::Table => {
            let cells = |found: &Diagnosis| {
                vec![found.state.as_str().to_owned(), found.what.to_owned(), found.said.clone()]
            };
            output::table(&["STATE", "WHAT", "FOUND"], doctor.found.iter().map(cells).collect());
        }
    }
    let all_good = doctor.found.iter().all(|found| found.state == State::Good);
    Ok(if all_good { Exit::Clean } else { Exit::Findings })
}

/// Asks the running server how it is.
fn ask(config: &Config, endpoint: Option<&str>) -> Diagnosis {
    let endpoint = endpoint.map_or_else(|| format!("http://{}", config.listen), str::to_owned);
    let (state, said) = match client::get(&endpoint, "/healthz") {
        Err(_) => {
            (State::Warning, format!("no server answers at {endpoint}; start it, or name it with --endpoint"))
        }
        Ok((status, body)) => {
            let report: Value = serde_json::from_slice(&body).unwrap_or_default();
            let lag = report["store"]["lagMillis"].as_u64();
            let lag =
                lag.map_or(String::new(), |lag| format!(", {lag} ms behind the changes of other nodes"));
            let refused = report["rowsRefused"].as_u64().unwrap_or(0);
            let said = format!("{endpoint} says {}{lag}", report["status"].as_str().unwrap_or("nothing"));
            if status != 200 {
                (State::Bad, said)
            } else if refused > 0 {
                let more = "rows of the store are not believed: see `keywright trail verify --store`";
                (State::Bad, format!("{said}; {refused} {more}"))
            } else {
                (State::Good, said)
            }
        }
    };
    Diagnosis { what: "server", state, said }
}

fn as_json(found: &[Diagnosis]) -> Value {
    let entries = found
        .iter()
        .map(|found| json!({ "What": found.what, "State": found.state.as_str(), "Found": found.said }));
    json!({ "Diagnoses": entries.collect::<Vec<_>>() })
}

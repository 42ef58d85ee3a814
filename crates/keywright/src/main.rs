//! `keywright`: the one binary: its subcommands, and the agent that keeps secrets beside a service.

mod agent;
mod client;
mod commands;
mod exit;
mod output;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Keeps keys and secrets turning: a key management service compatible with the AWS KMS API that you run
/// yourself, and that rotates every key on schedule.
#[derive(Parser)]
#[command(name = "keywright", version = VERSION, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\nCompatible with the AWS KMS API. Not affiliated with or endorsed by Amazon Web Services; AWS is a trademark \
     of Amazon.com, Inc. or its affiliates."
);

#[derive(Subcommand)]
enum Command {
    /// Run the service; initialises an empty data folder first.
    Server(commands::server::ServerArgs),
    /// Make a data folder: store, root key, account and root credential.
    Init(commands::server::ServerArgs),
    /// What rotates when, and why something did not.
    #[command(subcommand)]
    Rotation(commands::rotation::RotationCommand),
    /// Which key and key material a ciphertext was made with, when that was made and whether it is the current one; without
    /// opening it. Exit code 1 if it is not the current one.
    Inspect(commands::inspect::InspectArgs),
    /// Which key material is in use, and by whom. Exit code 1 if any is that is not current.
    Census(commands::census::CensusArgs),
    /// The accounts of this server.
    #[command(subcommand)]
    Account(commands::account::AccountCommand),
    /// Policies: why somebody may do something, or not.
    #[command(subcommand)]
    Policy(commands::policy::PolicyCommand),
    /// The audit trail: verify it, or read its end.
    #[command(subcommand)]
    Trail(commands::trail::TrailCommand),
    /// Run a command with secrets in its environment or in files, and keep them as they become.
    Exec(commands::exec::ExecArgs),
    /// Keep secrets in files, and answer the local API of AWS's Secrets Manager Agent.
    Agent(commands::agent::AgentArgs),
    /// Look at folder, keys, database, nodes and server, and say what to mend. Exit code 1 if something is to be.
    Doctor(commands::doctor::DoctorArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Server(args) => commands::server::run(args),
        Command::Init(args) => commands::server::init(args),
        Command::Rotation(command) => commands::rotation::run(command),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Census(args) => commands::census::run(&args),
        Command::Account(command) => commands::account::run(command),
        Command::Policy(command) => commands::policy::run(command),
        Command::Trail(command) => commands::trail::run(command),
        Command::Exec(args) => commands::exec::run(args),
        Command::Agent(args) => commands::agent::run(args),
        Command::Doctor(args) => commands::doctor::run(args),
    };
    match outcome {
        Ok(code) => code.into(),
        Err(report) => {
            output::error(&report);
            exit::Exit::Failed.into()
        }
    }
}

//! The two stores beside each other: what a warm key costs, what a change costs, what two nodes do together.

use crate::load::{self, Requests, Target};
use crate::process::Process;
use crate::report::{base64_of, measure, median};
use crate::yardstick::{ACCESS_KEY_ID, SECRET};
use keywright_testkit::Database;
use std::path::Path;
use std::time::{Duration, Instant};

const WARM_REQUESTS: usize = 30_000;
const CHANGES: usize = 4_000;
const ROUNDS: usize = 5;

pub fn run(binary: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
    let url = keywright_testkit::durable_postgres();
    let start = |name: &str, store: &str| {
        Process::node(binary, &folder.path().join(name), store, ACCESS_KEY_ID, SECRET)
    };
    let sqlite = start("sqlite", "sqlite")?;
    let first = start("first", &url)?;
    share_root_key(folder.path())?;
    let second = start("second", &url)?;
    let encrypt = [warm(&sqlite)?, warm(&first)?, warm(&second)?];

    let mut of_sqlite = Vec::new();
    for _ in 0..ROUNDS {
        let (on_sqlite, _) = measure(&sqlite, &encrypt[0])?;
        let (on_postgres, _) = measure(&first, &encrypt[1])?;
        of_sqlite.push(on_postgres / on_sqlite);
    }
    println!(
        "warm Encrypt on PostgreSQL: {:.0} % of SQLite's requests per CPU second",
        100.0 * median(&of_sqlite)
    );
    let (idle, busy) = transactions(&Database::Url(url.clone()), &first, &encrypt[1])?;
    println!(
        "transactions of the database in the same time: {idle} idle, {busy} under {WARM_REQUESTS} warm Encrypts"
    );
    // What the same database does with one row in one transaction, asked by its own tool over as many connections as a
    // node has: no change of ours, which is four or five rows, can be faster.
    let ceiling = |url: &str| {
        Database::Url(url.to_owned()).sql("CREATE TABLE ceiling (id BIGINT, record TEXT)");
        let script = "INSERT INTO ceiling VALUES (1, repeat('x', 600));";
        keywright_testkit::pgbench(url, script, 16, 5)
    };
    println!("pgbench, one row a transaction over 16 connections: {:.0}/s", ceiling(&url));
    for (name, process) in [("SQLite", &sqlite), ("PostgreSQL", &first)] {
        let create = changes(process, "TrentService.CreateKey", |_| "{}".to_owned())?;
        let key = key_of(process)?;
        let tag = changes(process, "TrentService.TagResource", |number| {
            format!(
                "{{\"KeyId\":\"{}\",\"Tags\":[{{\"TagKey\":\"n\",\"TagValue\":\"{number}\"}}]}}",
                key[number % key.len()]
            )
        })?;
        println!(
            "{name}: {create:.0} CreateKey/s, {tag:.0} TagResource/s over {} connections, each durable",
            load::CONNECTIONS
        );
    }
    let both = together(&[(&first, &encrypt[1]), (&second, &encrypt[2])])?;
    let alone = together(&[(&first, &encrypt[1])])?;
    println!("warm Encrypts on this machine: {alone:.0}/s by one node, {both:.0}/s by two together");
    let creates =
        [&first, &second].map(|node| prepared(node, "TrentService.CreateKey", &|_| "{}".to_owned()));
    let [one, other] = creates;
    let both = together(&[(&first, &one?), (&second, &other?)])?;
    println!("CreateKey on this machine: {both:.0}/s by two nodes together");
    Ok(())
}

/// The second node has a copy of the first one's root key.
fn share_root_key(folder: &Path) -> Result<(), String> {
    let second = folder.join("second");
    std::fs::create_dir_all(&second)
        .and_then(|()| std::fs::copy(folder.join("first/root.key"), second.join("root.key")))
        .map(drop)
        .map_err(|fault| fault.to_string())
}

fn target(process: &Process) -> Target<'static> {
    Target { port: process.port, access_key_id: ACCESS_KEY_ID, secret: SECRET }
}

fn prepared(process: &Process, operation: &str, body: &dyn Fn(usize) -> String) -> Result<Requests, String> {
    load::prepare(&target(process), operation, CHANGES, body)
}

/// Encrypts under a key of their own, which is in memory once the first was answered.
fn warm(process: &Process) -> Result<Requests, String> {
    let made = load::ask(&target(process), "TrentService.CreateKey", "{}")?;
    let key = made["KeyMetadata"]["KeyId"].as_str().ok_or("no key")?.to_owned();
    let requests = load::prepare(&target(process), "TrentService.Encrypt", WARM_REQUESTS, |number| {
        format!("{{\"KeyId\":\"{key}\",\"Plaintext\":\"{}\"}}", base64_of(number))
    })?;
    load::run(process.port, &requests, None)?;
    Ok(requests)
}

/// Some keys to change, so that the changes do not all wait for one row.
fn key_of(process: &Process) -> Result<Vec<String>, String> {
    (0..100)
        .map(|_| {
            let made = load::ask(&target(process), "TrentService.CreateKey", "{}")?;
            Ok(made["KeyMetadata"]["KeyId"].as_str().ok_or("no key")?.to_owned())
        })
        .collect()
}

fn changes(process: &Process, operation: &str, body: impl Fn(usize) -> String) -> Result<f64, String> {
    let requests = load::prepare(&target(process), operation, CHANGES, body)?;
    let outcome = load::run(process.port, &requests, None)?;
    Ok(per_second(outcome.answers, outcome.elapsed))
}

/// Transactions that the database counted while nothing was asked, and while Encrypts were, for the same time.
fn transactions(database: &Database, process: &Process, requests: &Requests) -> Result<(i64, i64), String> {
    let count = || {
        // Sessions report what they did within a second.
        std::thread::sleep(Duration::from_millis(1500));
        database.number(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()",
        )
    };
    let before = count();
    let began = Instant::now();
    load::run(process.port, requests, None)?;
    let took = began.elapsed();
    let busy = count() - before;
    let before = count();
    std::thread::sleep(took);
    Ok((count() - before, busy))
}

/// Requests a second of several nodes under load at the same time.
fn together(loads: &[(&Process, &Requests)]) -> Result<f64, String> {
    let began = Instant::now();
    let answers: Result<Vec<usize>, String> = std::thread::scope(|scope| {
        let running: Vec<_> = loads
            .iter()
            .map(|(process, requests)| {
                let port = process.port;
                scope.spawn(move || load::run(port, requests, None).map(|outcome| outcome.answers))
            })
            .collect();
        running.into_iter().map(|run| run.join().map_err(|_| "a load failed".to_owned())?).collect()
    });
    Ok(per_second(answers?.iter().sum(), began.elapsed()))
}

fn per_second(answers: usize, elapsed: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of answers")]
    let answers = answers as f64;
    answers / elapsed.as_secs_f64()
}

//! The run: every operation beside the ceilings, best of several rounds, as a table.

use crate::load::{self, Requests, Target};
use crate::process::Process;
use crate::yardstick::{ACCESS_KEY_ID, SECRET};
use std::sync::Arc;
use std::time::Duration;

/// Requests in one measurement.
const REQUESTS: usize = 30_000;
/// Each is measured so often, always right after the limit server, so that both have the same minute.
const ROUNDS: usize = 5;
/// At half load, a measurement lasts about this long.
const HALF_LOAD_REQUESTS: usize = 20_000;

struct Row {
    name: &'static str,
    port: u16,
    requests: Requests,
    /// The best round: noise only ever makes a figure worse.
    per_cpu_second: f64,
    per_second: f64,
    /// Of each round, as a share of the limit server's figure just before it.
    of_limit: Vec<f64>,
    p99_at_half_load: Duration,
}

pub fn run(binary: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
    let data = folder.path().join("data");
    let bare = Process::yardstick("bare")?;
    let limit = Process::yardstick("limit")?;
    let server = Process::keywright(binary, &data, ACCESS_KEY_ID, SECRET)?;
    let target = Target { port: server.port, access_key_id: ACCESS_KEY_ID, secret: SECRET };
    std::thread::sleep(Duration::from_secs(2));
    let idle = server.usage()?.resident_kib;
    let made = load::ask(&target, "TrentService.CreateKey", "{}")?;
    let key = made["KeyMetadata"]["KeyId"].as_str().ok_or("no key")?.to_owned();
    let plain = |number: usize| base64_of(number);
    let sealed = load::ask(
        &target,
        "TrentService.Encrypt",
        &format!("{{\"KeyId\":\"{key}\",\"Plaintext\":\"{}\"}}", plain(0)),
    )?;
    let blob = sealed["CiphertextBlob"].as_str().ok_or("no blob")?.to_owned();

    let encrypt = |number: usize| format!("{{\"KeyId\":\"{key}\",\"Plaintext\":\"{}\"}}", plain(number));
    let at = |port: u16| Target { port, access_key_id: ACCESS_KEY_ID, secret: SECRET };
    let row = |name, port, operation: &str, body: &dyn Fn(usize) -> String| -> Result<Row, String> {
        Ok(Row {
            name,
            port,
            requests: load::prepare(&at(port), operation, REQUESTS, body)?,
            per_cpu_second: 0.0,
            per_second: 0.0,
            of_limit: Vec::new(),
            p99_at_half_load: Duration::MAX,
        })
    };
    let mut rows = vec![
        row("bare hyper", bare.port, "TrentService.Encrypt", &encrypt)?,
        row("limit server", limit.port, "TrentService.Encrypt", &encrypt)?,
        row("Encrypt", server.port, "TrentService.Encrypt", &encrypt)?,
        row("Decrypt", server.port, "TrentService.Decrypt", &|_| {
            format!("{{\"CiphertextBlob\":\"{blob}\"}}")
        })?,
        row("GenerateDataKey", server.port, "TrentService.GenerateDataKey", &|_| {
            format!("{{\"KeyId\":\"{key}\",\"KeySpec\":\"AES_256\"}}")
        })?,
        row("DescribeKey", server.port, "TrentService.DescribeKey", &|_| format!("{{\"KeyId\":\"{key}\"}}"))?,
    ];
    let user = make_user(&target)?;
    let by_user = Target { port: server.port, access_key_id: &user.access_key_id, secret: &user.secret };
    let user_encrypt =
        |number: usize| format!("{{\"KeyId\":\"{}\",\"Plaintext\":\"{}\"}}", user.key, plain(number));
    let root_requests = load::prepare(&target, "TrentService.Encrypt", REQUESTS, user_encrypt)?;
    let user_requests = load::prepare(&by_user, "TrentService.Encrypt", REQUESTS, user_encrypt)?;
    let limit_requests = Arc::clone(&rows[1].requests);
    for round in 0..ROUNDS {
        for row in &mut rows {
            let process = [&bare, &limit, &server]
                .into_iter()
                .find(|process| process.port == row.port)
                .ok_or("no process")?;
            let (beside, _) = measure(&limit, &limit_requests)?;
            let (per_cpu_second, per_second) = measure(process, &row.requests)?;
            row.of_limit.push(per_cpu_second / beside);
            row.per_cpu_second = row.per_cpu_second.max(per_cpu_second);
            row.per_second = row.per_second.max(per_second);
            eprintln!("round {}: {} done", round + 1, row.name);
        }
    }
    for row in &mut rows {
        let some: Requests = row.requests.iter().take(HALF_LOAD_REQUESTS).cloned().collect::<Vec<_>>().into();
        for _ in 0..2 {
            let outcome = load::run(row.port, &some, Some(row.per_second / 2.0))?;
            row.p99_at_half_load = row.p99_at_half_load.min(outcome.percentile(0.99));
        }
    }
    println!(
        "\n{:<16} {:>14} {:>10} {:>12} {:>14}",
        "", "req/CPU-s", "of limit", "req/s (wall)", "p99 half load"
    );
    for row in &rows {
        println!(
            "{:<16} {:>14.0} {:>9.0}% {:>12.0} {:>11.2} ms",
            row.name,
            row.per_cpu_second,
            100.0 * median(&row.of_limit),
            row.per_second,
            row.p99_at_half_load.as_secs_f64() * 1000.0
        );
    }
    // In turns, so that both have the same minutes; which goes first changes.
    let mut user_cost = Vec::new();
    for round in 0..2 * ROUNDS {
        let (first, second) = match round % 2 {
            0 => (&root_requests, &user_requests),
            _ => (&user_requests, &root_requests),
        };
        let (first, _) = measure(&server, first)?;
        let (second, _) = measure(&server, second)?;
        user_cost.push(if round % 2 == 0 { first / second } else { second / first });
    }
    println!(
        "\nEncrypt by a user under the wizard's key policy takes {:.0} % of the CPU time of Encrypt by root on the same key",
        100.0 * median(&user_cost)
    );
    println!("\nready after {} ms; {idle} KiB resident when idle", server.ready_after.as_millis());
    println!(
        "{REQUESTS} requests a measurement over {} connections, best of {ROUNDS}; shares are medians of {ROUNDS} pairs",
        load::CONNECTIONS
    );
    Ok(())
}

/// A user, and a key with the policy that the console's wizard writes, of which it is a user.
struct KeyUser {
    access_key_id: String,
    secret: String,
    key: String,
}

/// The four statements of the create-key wizard (KMS Developer Guide, "Default key policy").
const WIZARD: &str = include_str!("wizard_policy.json");

/// The text of an element in an answer of IAM.
pub(crate) fn element(xml: &str, name: &str) -> Result<String, String> {
    let found = xml.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once('<'));
    found.map(|(text, _)| text.to_owned()).ok_or_else(|| format!("no {name} in {xml}"))
}

fn make_user(root: &Target<'_>) -> Result<KeyUser, String> {
    let ask = |form: &str| load::ask_iam(root, &format!("{form}&Version=2010-05-08"));
    let keeper = element(&ask("Action=CreateUser&UserName=keeper")?, "Arn")?;
    let app = element(&ask("Action=CreateUser&UserName=app")?, "Arn")?;
    let made = ask("Action=CreateAccessKey&UserName=app")?;
    let account = app.split(':').nth(4).unwrap_or_default();
    let policy =
        WIZARD.replace("{account}", account).replace("{administrator}", &keeper).replace("{user}", &app);
    let body = serde_json::json!({ "Policy": policy }).to_string();
    let key = load::ask(root, "TrentService.CreateKey", &body)?;
    Ok(KeyUser {
        access_key_id: element(&made, "AccessKeyId")?,
        secret: element(&made, "SecretAccessKey")?,
        key: key["KeyMetadata"]["KeyId"].as_str().ok_or("no key")?.to_owned(),
    })
}

/// One measurement: requests per second of the server's CPU time, and of the wall's.
pub(crate) fn measure(process: &Process, requests: &Requests) -> Result<(f64, f64), String> {
    let before = process.usage()?;
    let outcome = load::run(process.port, requests, None)?;
    let cpu = process.usage()?.cpu_seconds - before.cpu_seconds;
    #[expect(clippy::cast_precision_loss, reason = "a count of answers")]
    let answers = outcome.answers as f64;
    Ok((answers / cpu, answers / outcome.elapsed.as_secs_f64()))
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// Encrypts on a server that is already there, for profilers. It must know the yardsticks' credential.
pub fn load_only(port: &str, as_user: bool) -> Result<(), String> {
    let port = port.parse().map_err(|_| "not a port".to_owned())?;
    let target = Target { port, access_key_id: ACCESS_KEY_ID, secret: SECRET };
    let user = make_user(&target)?;
    let key = &user.key;
    let by_user = Target { port, access_key_id: &user.access_key_id, secret: &user.secret };
    let requests = load::prepare(
        if as_user { &by_user } else { &target },
        "TrentService.Encrypt",
        REQUESTS,
        |number| format!("{{\"KeyId\":\"{key}\",\"Plaintext\":\"{}\"}}", base64_of(number)),
    )?;
    for _ in 0..10 {
        load::run(port, &requests, None)?;
    }
    Ok(())
}

/// 32 bytes that differ from number to number, in base64.
pub(crate) fn base64_of(number: usize) -> String {
    use base64::Engine as _;
    let mut bytes = [0x5a; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

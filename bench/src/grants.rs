//! Do the grants on a key slow its use? An Encrypt by leave of a grant, on a key with that grant alone and on one with
//! 50,000, AWS's quota.

use crate::load::{self, Requests, Target};
use crate::process::Process;
use crate::report::{base64_of, element, measure, median};
use crate::yardstick::{ACCESS_KEY_ID, SECRET};

const GRANTS: usize = 50_000;
const GRANTEES: usize = 50;
const ROUNDS: usize = 7;

pub fn run(binary: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
    let server = Process::keywright(binary, &folder.path().join("data"), ACCESS_KEY_ID, SECRET)?;
    let root = Target { port: server.port, access_key_id: ACCESS_KEY_ID, secret: SECRET };
    let iam = |form: String| load::ask_iam(&root, &format!("{form}&Version=2010-05-08"));
    let user = |name: &str| element(&iam(format!("Action=CreateUser&UserName={name}"))?, "Arn");
    let holder = user("holder")?;
    let made = iam("Action=CreateAccessKey&UserName=holder".to_owned())?;
    let (id, secret) = (element(&made, "AccessKeyId")?, element(&made, "SecretAccessKey")?);
    let by_holder = Target { port: server.port, access_key_id: &id, secret: &secret };
    let grant = |key: &str, grantee: &str| {
        format!("{{\"KeyId\":\"{key}\",\"GranteePrincipal\":\"{grantee}\",\"Operations\":[\"Encrypt\"]}}")
    };
    let prepared = || -> Result<(String, Requests), String> {
        let made = load::ask(&root, "TrentService.CreateKey", "{}")?;
        let key = made["KeyMetadata"]["KeyId"].as_str().ok_or("no key")?.to_owned();
        load::ask(&root, "TrentService.CreateGrant", &grant(&key, &holder))?;
        let requests = load::prepare(&by_holder, "TrentService.Encrypt", 20_000, |number| {
            format!("{{\"KeyId\":\"{key}\",\"Plaintext\":\"{}\"}}", base64_of(number))
        })?;
        Ok((key, requests))
    };
    let (_, few) = prepared()?;
    let (key, many) = prepared()?;
    let grantees =
        (0..GRANTEES).map(|number| user(&format!("grantee-{number}"))).collect::<Result<Vec<_>, _>>()?;
    let requests = load::prepare(&root, "TrentService.CreateGrant", GRANTS - 1, |number| {
        grant(&key, &grantees[number % GRANTEES])
    })?;
    let begin = std::time::Instant::now();
    load::run(server.port, &requests, None)?;
    println!("\n{GRANTS} grants on one key, made in {:.1} s", begin.elapsed().as_secs_f64());
    let mut cost = Vec::new();
    for round in 0..ROUNDS {
        // In turns, so that both have the same minutes.
        let (first, second) = if round % 2 == 0 { (&few, &many) } else { (&many, &few) };
        let ((first, _), (second, _)) = (measure(&server, first)?, measure(&server, second)?);
        cost.push(if round % 2 == 0 { first / second } else { second / first });
    }
    println!(
        "Encrypt by leave of a grant on that key takes {:.0} % of the CPU time of one on a key with one grant",
        100.0 * median(&cost)
    );
    Ok(())
}

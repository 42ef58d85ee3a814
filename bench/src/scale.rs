//! What grows with the number of keys: pages of ListKeys, the start, memory.

use crate::load::{self, Target};
use crate::process::Process;
use crate::yardstick::{ACCESS_KEY_ID, SECRET};
use std::time::{Duration, Instant};

const FEW: usize = 100;
const MANY: usize = 100_000;

pub fn run(binary: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
    let data = folder.path().join("data");
    let mut made = 0;
    for count in [FEW, MANY] {
        let server = Process::keywright(binary, &data, ACCESS_KEY_ID, SECRET)?;
        let target = Target { port: server.port, access_key_id: ACCESS_KEY_ID, secret: SECRET };
        let start = Instant::now();
        while made < count {
            // In portions, because a signature lives five minutes.
            let portion = (count - made).min(20_000);
            let requests = load::prepare(&target, "TrentService.CreateKey", portion, |_| "{}".to_owned())?;
            load::run(server.port, &requests, None)?;
            made += portion;
        }
        println!("{made} keys; the last of them made in {:.1} s", start.elapsed().as_secs_f64());
        let page = page_time(&target)?;
        let (keys, whole) = whole_list(&target)?;
        println!(
            "  a page of 100: {:.2} ms; the whole list of {keys}: {:.0} ms",
            millis(page),
            millis(whole)
        );
        if keys != made {
            return Err(format!("{made} keys were made and {keys} are listed"));
        }
        let usage = server.usage()?;
        println!("  resident {} KiB", usage.resident_kib);
        drop(server);
        let again = Process::keywright(binary, &data, ACCESS_KEY_ID, SECRET)?;
        println!("  ready after {} ms", again.ready_after.as_millis());
        let target = Target { port: again.port, access_key_id: ACCESS_KEY_ID, secret: SECRET };
        std::thread::sleep(Duration::from_secs(2));
        let before = again.usage()?.resident_kib;
        let used = use_every_key(&target)?;
        let after = again.usage()?.resident_kib;
        #[expect(clippy::cast_precision_loss, reason = "sizes of this machine")]
        let per_key = (after.saturating_sub(before)) as f64 * 1024.0 / used as f64;
        println!("  {used} keys used once: {before} to {after} KiB resident, {per_key:.0} bytes a key");
    }
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The middle of many times the first page takes.
fn page_time(target: &Target<'_>) -> Result<Duration, String> {
    let mut times = Vec::new();
    for _ in 0..50 {
        let start = Instant::now();
        load::ask(target, "TrentService.ListKeys", "{\"Limit\":100}")?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

fn whole_list(target: &Target<'_>) -> Result<(usize, Duration), String> {
    let start = Instant::now();
    let mut keys = 0;
    each_page(target, |page| keys += page.len())?;
    Ok((keys, start.elapsed()))
}

fn each_page(target: &Target<'_>, mut page: impl FnMut(&[serde_json::Value])) -> Result<(), String> {
    let mut marker: Option<String> = None;
    loop {
        let body = match &marker {
            None => "{\"Limit\":1000}".to_owned(),
            Some(marker) => format!("{{\"Limit\":1000,\"Marker\":\"{marker}\"}}"),
        };
        let answer = load::ask(target, "TrentService.ListKeys", &body)?;
        page(answer["Keys"].as_array().ok_or("no keys")?);
        match answer["NextMarker"].as_str() {
            Some(next) => marker = Some(next.to_owned()),
            None => return Ok(()),
        }
    }
}

fn use_every_key(target: &Target<'_>) -> Result<usize, String> {
    let mut ids = Vec::new();
    each_page(target, |page| {
        ids.extend(page.iter().filter_map(|key| key["KeyId"].as_str().map(str::to_owned)))
    })?;
    for portion in ids.chunks(20_000) {
        let requests = load::prepare(target, "TrentService.Encrypt", portion.len(), |number| {
            format!("{{\"KeyId\":\"{}\",\"Plaintext\":\"eA==\"}}", portion[number])
        })?;
        load::run(target.port, &requests, None)?;
    }
    Ok(ids.len())
}

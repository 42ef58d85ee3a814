//! Private keys: their rates beside the bare library's, and whether they hold up the others.

use crate::load::{self, Requests, Target};
use crate::process::Process;
use crate::report::{base64_of, measure, median};
use crate::yardstick::{ACCESS_KEY_ID, SECRET};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PSS_SHA256, RsaKeyPair,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;

pub fn run(binary: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
    let server = Process::keywright(binary, &folder.path().join("data"), ACCESS_KEY_ID, SECRET)?;
    let target = Target { port: server.port, access_key_id: ACCESS_KEY_ID, secret: SECRET };
    // Until the stock of RSA keys is full, the server works on that.
    wait_until_idle(&server)?;
    let create = |spec: &str, usage: &str| -> Result<(String, Duration), String> {
        let begin = Instant::now();
        let body = format!("{{\"KeySpec\":\"{spec}\",\"KeyUsage\":\"{usage}\"}}");
        let made = load::ask(&target, "TrentService.CreateKey", &body)?;
        let key = made["KeyMetadata"]["KeyId"].as_str().ok_or("no key")?.to_owned();
        Ok((key, begin.elapsed()))
    };
    let mut from_stock = Vec::new();
    let mut slow_key = String::new();
    for _ in 0..3 {
        let (key, took) = create("RSA_4096", "SIGN_VERIFY")?;
        from_stock.push(took);
        slow_key = key;
    }
    let (_, without_stock) = create("RSA_4096", "SIGN_VERIFY")?;
    wait_until_idle(&server)?;
    let sign = |key: String, algorithm: &'static str| {
        move |number: usize| {
            format!(
                "{{\"KeyId\":\"{key}\",\"Message\":\"{}\",\"SigningAlgorithm\":\"{algorithm}\"}}",
                base64_of(number)
            )
        }
    };
    let (rsa_key, _) = create("RSA_2048", "SIGN_VERIFY")?;
    let (p256_key, _) = create("ECC_NIST_P256", "SIGN_VERIFY")?;
    let (mac_key, _) = create("HMAC_256", "GENERATE_VERIFY_MAC")?;
    let (symmetric_key, _) = create("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")?;
    let rsa = load::prepare(&target, "TrentService.Sign", 6_000, sign(rsa_key, "RSASSA_PSS_SHA_256"))?;
    let p256 = load::prepare(&target, "TrentService.Sign", 30_000, sign(p256_key, "ECDSA_SHA_256"))?;
    let mac = load::prepare(&target, "TrentService.GenerateMac", 30_000, |number| {
        let message = base64_of(number);
        format!("{{\"KeyId\":\"{mac_key}\",\"Message\":\"{message}\",\"MacAlgorithm\":\"HMAC_SHA_256\"}}")
    })?;
    let encrypt = load::prepare(&target, "TrentService.Encrypt", 30_000, |number| {
        format!("{{\"KeyId\":\"{symmetric_key}\",\"Plaintext\":\"{}\"}}", base64_of(number))
    })?;

    let bare_rsa = bare_rsa()?;
    let bare_p256 = bare_p256()?;
    println!("\n{:<34} {:>10} {:>10}", "per CPU second", "bare", "server");
    let mut shares = Vec::new();
    for (name, bare, requests) in [
        ("RSA-2048 PSS, Sign", &bare_rsa as &dyn Fn() -> f64, &rsa),
        ("ECDSA P-256, Sign", &bare_p256, &p256),
    ] {
        let mut best = (0.0_f64, 0.0_f64);
        let mut of_bare = Vec::new();
        for _ in 0..ROUNDS {
            let (beside, (rate, _)) = (bare(), measure(&server, requests)?);
            of_bare.push(rate / beside);
            best = (best.0.max(beside), best.1.max(rate));
        }
        shares.push((name, median(&of_bare)));
        println!("{name:<34} {:>10.0} {:>10.0}", best.0, best.1);
    }
    let mut mac_share = Vec::new();
    for _ in 0..ROUNDS {
        let ((encrypts, _), (macs, _)) = (measure(&server, &encrypt)?, measure(&server, &mac)?);
        mac_share.push(macs / encrypts);
    }
    for (name, share) in shares {
        println!("{name}: {:.0} % of the bare rate (median of {ROUNDS} pairs)", 100.0 * share);
    }
    println!("GenerateMac: {:.0} % of Encrypt's requests per CPU second", 100.0 * median(&mac_share));
    let slow = load::prepare(&target, "TrentService.Sign", 2_000, sign(slow_key, "RSASSA_PSS_SHA_512"))?;
    beside(&server, &encrypt, &slow)?;
    from_stock.sort();
    println!(
        "CreateKey RSA_4096: {:.1} to {:.1} ms from a stock of 3, {:.0} ms without",
        from_stock[0].as_secs_f64() * 1000.0,
        from_stock[from_stock.len() - 1].as_secs_f64() * 1000.0,
        without_stock.as_secs_f64() * 1000.0
    );
    Ok(())
}

/// Encrypt at a tenth of its full rate, alone and while RSA-4096 signs as fast as it can.
fn beside(server: &Process, encrypt: &Requests, slow: &Requests) -> Result<(), String> {
    let (_, full) = measure(server, encrypt)?;
    let some: Requests = encrypt.iter().take(10_000).cloned().collect::<Vec<_>>().into();
    let mut pairs = Vec::new();
    for _ in 0..3 {
        let alone = load::run(server.port, &some, Some(full / 10.0))?.percentile(0.99);
        let stop = Arc::new(AtomicBool::new(false));
        let signing = {
            let (stop, slow, port) = (Arc::clone(&stop), Arc::clone(slow), server.port);
            std::thread::spawn(move || -> Result<usize, String> {
                let mut signed = 0;
                while !stop.load(Ordering::Relaxed) {
                    signed += load::run(port, &slow, None)?.answers;
                }
                Ok(signed)
            })
        };
        let together = load::run(server.port, &some, Some(full / 10.0))?.percentile(0.99);
        stop.store(true, Ordering::Relaxed);
        let signed = signing.join().map_err(|_| "the signing load panicked")??;
        pairs.push((alone, together, signed));
    }
    for (alone, together, signed) in pairs {
        println!(
            "Encrypt's p99 at a tenth of its full rate: {:.2} ms alone, {:.2} ms while {signed} RSA-4096 signatures were made",
            alone.as_secs_f64() * 1000.0,
            together.as_secs_f64() * 1000.0
        );
    }
    Ok(())
}

fn wait_until_idle(server: &Process) -> Result<(), String> {
    for _ in 0..180 {
        let before = server.usage()?.cpu_seconds;
        std::thread::sleep(Duration::from_secs(1));
        if server.usage()?.cpu_seconds - before < 0.05 {
            return Ok(());
        }
    }
    Err("the server is never idle".to_owned())
}

/// Signatures per second of this thread's CPU time.
fn rate(mut once: impl FnMut()) -> f64 {
    let cpu = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        #[expect(clippy::cast_precision_loss, reason = "seconds and nanoseconds of a thread")]
        let seconds = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
        seconds
    };
    let begin = cpu();
    let mut count = 0.0;
    while cpu() - begin < 0.5 {
        for _ in 0..20 {
            once();
        }
        count += 20.0;
    }
    count / (cpu() - begin)
}

fn bare_rsa() -> Result<impl Fn() -> f64, String> {
    let key = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).map_err(|fault| fault.to_string())?;
    Ok(move || {
        let (rng, mut signature) = (SystemRandom::new(), vec![0; key.public_modulus_len()]);
        rate(|| key.sign(&RSA_PSS_SHA256, &rng, &[0x5a; 32], &mut signature).expect("it signs"))
    })
}

fn bare_p256() -> Result<impl Fn() -> f64, String> {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|fault| fault.to_string())?;
    assert!(!key.public_key().as_ref().is_empty());
    Ok(move || {
        let rng = SystemRandom::new();
        rate(|| {
            key.sign(&rng, &[0x5a; 32]).expect("it signs");
        })
    })
}

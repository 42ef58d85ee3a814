//! A server as a child process, and what it costs.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Process {
    child: Child,
    pub port: u16,
    pub ready_after: Duration,
}

/// What a process has used so far.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    pub cpu_seconds: f64,
    pub resident_kib: u64,
}

impl Process {
    /// One of the yardsticks: this same program.
    pub fn yardstick(kind: &str) -> Result<Self, String> {
        let own = std::env::current_exe().map_err(|fault| fault.to_string())?;
        let mut command = Command::new(own);
        command.args(["serve", kind]).stdout(Stdio::piped());
        Self::begin(command, |line| line.trim().parse().ok())
    }

    /// The real server on a data folder of its own.
    pub fn keywright(binary: &str, data: &Path, access_key_id: &str, secret: &str) -> Result<Self, String> {
        Self::node(binary, data, "sqlite", access_key_id, secret)
    }

    /// The real server on a store that it may share.
    pub fn node(
        binary: &str,
        data: &Path,
        store: &str,
        access_key_id: &str,
        secret: &str,
    ) -> Result<Self, String> {
        let mut command = Command::new(binary);
        command
            .args(["server", "--data", &data.display().to_string(), "--listen", "127.0.0.1:0"])
            .env("KEYWRIGHT_STORE", store)
            .env("KEYWRIGHT_ROOT_ACCESS_KEY_ID", access_key_id)
            .env("KEYWRIGHT_ROOT_SECRET_ACCESS_KEY", secret)
            .stderr(Stdio::piped());
        Self::begin(command, |line| {
            let (_, rest) = line.split_once("address=127.0.0.1:")?;
            rest.split_whitespace().next()?.parse().ok()
        })
    }

    fn begin(mut command: Command, port_of: impl Fn(&str) -> Option<u16>) -> Result<Self, String> {
        let start = Instant::now();
        let mut child = command.spawn().map_err(|fault| format!("cannot start a server: {fault}"))?;
        let mut lines: Box<dyn std::io::BufRead + Send> = match (child.stdout.take(), child.stderr.take()) {
            (Some(stdout), _) => Box::new(BufReader::new(stdout)),
            (None, Some(stderr)) => Box::new(BufReader::new(stderr)),
            (None, None) => return Err("the server's output is not piped".to_owned()),
        };
        let mut said = String::new();
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).map_err(|fault| fault.to_string())? == 0 {
                return Err(format!("the server ended before it was ready: {said}"));
            }
            if let Some(port) = port_of(&line) {
                let ready_after = start.elapsed();
                // Whatever it says from now on is read away, or it would stop at a full pipe.
                std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
                return Ok(Self { child, port, ready_after });
            }
            said.push_str(&line);
        }
    }

    /// From `/proc`: user and system time of all threads, resident memory.
    pub fn usage(&self) -> Result<Usage, String> {
        let read = |name: &str| {
            std::fs::read_to_string(format!("/proc/{}/{name}", self.child.id()))
                .map_err(|fault| fault.to_string())
        };
        let stat = read("stat")?;
        let after_name = stat.rsplit_once(") ").ok_or("no stat")?.1;
        let fields: Vec<&str> = after_name.split(' ').collect();
        let ticks: f64 = [fields[11], fields[12]].iter().filter_map(|text| text.parse::<f64>().ok()).sum();
        #[expect(clippy::cast_precision_loss, reason = "a hundred ticks a second")]
        let per_second = rustix::param::clock_ticks_per_second() as f64;
        let status = read("status")?;
        let resident_kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|text| text.trim().trim_end_matches(" kB").parse().ok())
            .ok_or("no VmRSS")?;
        Ok(Usage { cpu_seconds: ticks / per_second, resident_kib })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

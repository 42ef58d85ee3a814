//! One PostgreSQL for a test process, and a new database in it for every test that asks.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const READY_WITHIN: Duration = Duration::from_secs(60);
const USER: &str = "keywright";

/// A running PostgreSQL; its database is sorted by an English locale, so that nothing rests on the C locale.
struct Postgres {
    programs: PathBuf,
    port: u16,
    databases: AtomicUsize,
    // Its standard input is what keeps the server running.
    _supervisor: Child,
}

/// The URL of a new, empty database on the PostgreSQL of this process.
///
/// # Panics
/// If there is no PostgreSQL on this machine, or it does not start.
#[must_use]
pub fn database() -> String {
    static SHARED: OnceLock<Postgres> = OnceLock::new();
    // Tests kill processes, not the machine: what was written is there without fsync too.
    SHARED.get_or_init(|| Postgres::start("off")).database()
}

/// The same on a PostgreSQL that syncs what it commits, for measurements.
///
/// # Panics
/// As [`database`].
#[must_use]
pub fn durable_database() -> String {
    static SHARED: OnceLock<Postgres> = OnceLock::new();
    SHARED.get_or_init(|| Postgres::start("on")).database()
}

impl Postgres {
    fn start(fsync: &str) -> Self {
        let programs = programs().expect("PostgreSQL is needed: apt-get install postgresql");
        let folder =
            tempfile::Builder::new().prefix("keywright-postgres-").tempdir().expect("a folder").keep();
        let port = free_port();
        let mut supervisor = Command::new("setsid");
        supervisor
            .args(["sh", "-c", include_str!("supervise.sh"), "sh"])
            .arg(&programs)
            .args([&port.to_string(), fsync]);
        supervisor.current_dir(&folder).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // PostgreSQL refuses to run as root.
        if std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
            let (uid, gid) = postgres_user();
            chown(&folder, Some(uid), Some(gid)).expect("the folder is given to postgres");
            supervisor.uid(uid).gid(gid);
        }
        let started = supervisor.spawn().expect("a shell");
        let made = Self { programs, port, databases: AtomicUsize::new(0), _supervisor: started };
        made.wait_until_ready(&folder);
        made
    }

    fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = self.program("createdb").arg(&name).output().expect("createdb runs");
        assert!(made.status.success(), "createdb: {}", String::from_utf8_lossy(&made.stderr));
        format!("postgres://{USER}@127.0.0.1:{}/{name}", self.port)
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.args(["-h", "127.0.0.1", "-U", USER, "-p"]).arg(self.port.to_string());
        command
    }

    fn wait_until_ready(&self, folder: &Path) {
        let begun = Instant::now();
        while !self.program("pg_isready").output().is_ok_and(|output| output.status.success()) {
            if begun.elapsed() > READY_WITHIN {
                let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
                panic!("PostgreSQL did not start:\n{}{}", read("initdb.log"), read("postgres.log"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Runs statements with psql on the database of that URL.
pub(crate) fn sql(url: &str, statement: &str) -> String {
    let programs = programs().expect("PostgreSQL is needed: apt-get install postgresql");
    let output = Command::new(programs.join("psql"))
        .args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", url, "-c", statement])
        .output()
        .expect("psql runs");
    assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// Transactions a second that PostgreSQL's own pgbench reaches with a script on that database.
///
/// # Panics
/// If it does not run.
#[must_use]
pub fn pgbench(url: &str, script: &str, connections: usize, seconds: u32) -> f64 {
    let programs = programs().expect("PostgreSQL is needed: apt-get install postgresql");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), script).expect("a script");
    let (connections, seconds) = (connections.to_string(), seconds.to_string());
    let output = Command::new(programs.join("pgbench"))
        .args([
            "--no-vacuum",
            "--protocol=prepared",
            "--jobs=2",
            "--client",
            &connections,
            "--time",
            &seconds,
        ])
        .arg("--file")
        .arg(file.path())
        .arg(url)
        .output()
        .expect("pgbench runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let line = said.lines().find_map(|line| line.strip_prefix("tps = ")).expect("a number of transactions");
    line.split_whitespace().next().and_then(|tps| tps.parse().ok()).expect("a number")
}

/// The newest PostgreSQL's programs, where Debian puts them.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|folder| folder.join("initdb").exists())
        .max_by_key(|folder| {
            folder.parent().and_then(|version| version.file_name()?.to_str()?.parse::<u32>().ok())
        })
}

fn postgres_user() -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").expect("the system's users");
    users
        .lines()
        .find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == "postgres").then_some(())?;
            Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
        })
        .expect("the user postgres of Debian's package")
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[cfg(test)]
mod tests {
    use super::{database, sql};

    #[test]
    fn every_database_is_new_and_sorted_by_an_english_locale() {
        let (one, other) = (database(), database());
        assert_ne!(one, other);
        sql(&one, "CREATE TABLE t (name TEXT); INSERT INTO t VALUES ('a'), ('B')");
        assert_eq!(sql(&one, "SELECT name FROM t ORDER BY name"), "a\nB");
        assert_eq!(sql(&one, "SELECT name FROM t ORDER BY name COLLATE \"C\""), "B\na");
        assert_eq!(sql(&other, "SELECT count(*) FROM pg_tables WHERE tablename = 't'"), "0");
    }
}

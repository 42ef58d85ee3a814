//! What tests need besides Rust: system packages, a Python environment, npm packages.
//!
//! Each is made only if it is missing or older than what asks for it, so that a second run costs nothing.

use crate::steps::{output, run};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that a system package brings.
struct Package {
    /// Debian's name.
    package: &'static str,
    /// Says whether it is there.
    present: fn() -> bool,
}

const PACKAGES: &[Package] = &[
    Package { package: "build-essential", present: || answers("cc", &["--version"]) },
    Package { package: "python3-venv", present: || answers("python3", &["-c", "import ensurepip, venv"]) },
    Package { package: "postgresql", present: postgresql },
    // What the built-in rotators rotate in the tests.
    Package { package: "mariadb-server", present: || Path::new("/usr/sbin/mariadbd").exists() },
    Package { package: "redis-server", present: || Path::new("/usr/bin/redis-server").exists() },
    Package { package: "faketime", present: || answers("faketime", &["--version"]) },
];

/// Whether a PostgreSQL server is installed; its programs are not on the path.
fn postgresql() -> bool {
    fs::read_dir("/usr/lib/postgresql")
        .is_ok_and(|versions| versions.flatten().any(|version| version.path().join("bin/initdb").exists()))
}

fn answers(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// Installs the system packages that are missing.
///
/// # Errors
/// Which package is missing and how to install it, when this user may not.
pub fn packages() -> Result<(), String> {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|package| !(package.present)()).map(|package| package.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing {}", missing.join(" "));
    let root = output("id", &["-u"])?.trim() == "0";
    let by_hand = format!("install the system packages {} and try again", missing.join(" "));
    let apt = |arguments: &[&str]| {
        let mut all = if root { vec!["apt-get"] } else { vec!["sudo", "-n", "apt-get"] };
        all.extend_from_slice(arguments);
        run(all[0], &all[1..]).map_err(|fault| format!("{fault}; {by_hand}"))
    };
    let mut install = vec!["install", "-qq", "--yes", "--no-install-recommends"];
    install.extend_from_slice(&missing);
    // The lists of a fresh machine may be absent or stale.
    if apt(&install).is_err() {
        apt(&["update", "-qq"])?;
        apt(&install)?;
    }
    Ok(())
}

/// A C compiler, which the cryptography and the embedded store are built with.
///
/// # Errors
/// As [`packages`].
pub fn compiler() -> Result<(), String> {
    if answers("cc", &["--version"]) { Ok(()) } else { packages() }
}

/// The Python of the tests' own environment, made from `e2e/requirements.txt`.
///
/// # Errors
/// What could not be installed.
pub fn python() -> Result<PathBuf, String> {
    let root = crate::root();
    let environment = root.join(".venv");
    let python = environment.join("bin/python");
    let wanted = root.join("e2e/requirements.txt");
    let stamp = environment.join("requirements.txt");
    if same(&wanted, &stamp) && python.exists() {
        return Ok(python);
    }
    let place = environment.display().to_string();
    run("python3", &["-m", "venv", "--clear", &place])?;
    let python_text = python.display().to_string();
    run(
        &python_text,
        &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "e2e/requirements.txt"],
    )?;
    copy(&wanted, &stamp)?;
    Ok(python)
}

/// The npm packages of `e2e/js`.
///
/// # Errors
/// What could not be installed.
pub fn node() -> Result<(), String> {
    let folder = crate::root().join("e2e/js");
    let wanted = folder.join("package-lock.json");
    let stamp = folder.join("node_modules/.installed-lock.json");
    if same(&wanted, &stamp) {
        return Ok(());
    }
    let place = folder.display().to_string();
    run("npm", &["ci", "--prefix", &place, "--no-audit", "--no-fund", "--loglevel=error"])?;
    copy(&wanted, &stamp)
}

fn same(one: &Path, other: &Path) -> bool {
    fs::read(one).ok().zip(fs::read(other).ok()).is_some_and(|(one, other)| one == other)
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(drop).map_err(|fault| format!("cannot write {}: {fault}", to.display()))
}

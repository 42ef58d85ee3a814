//! Licences, sources and unwanted crates among the dependencies, against `deny.toml`.
//!
//! It reads the parts of cargo-deny's file that need no network and no installation, so that every test run
//! checks them. Crates that only tests use are checked for their licence and source, not for the ban.

use crate::steps::output;
use serde::Deserialize;
use serde_json::Value;
use std::fs;

#[derive(Deserialize)]
struct Rules {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    name: String,
    /// Crates that may use it all the same.
    #[serde(default)]
    wrappers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// # Errors
/// The dependencies that break a rule.
pub fn check() -> Result<(), String> {
    let text = fs::read_to_string(crate::root().join("deny.toml")).map_err(|fault| fault.to_string())?;
    let rules: Rules = toml::from_str(&text).map_err(|fault| fault.to_string())?;
    let metadata = output("cargo", &["metadata", "--format-version", "1", "--locked"])?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|fault| fault.to_string())?;
    let mut faults = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = text_of(package, "name");
        let Some(source) = package["source"].as_str() else { continue };
        let registry = source.trim_start_matches("registry+");
        if !rules.sources.allow_registry.iter().any(|allowed| allowed == registry) {
            faults.push(format!("{name} comes from an unknown source"));
        }
        let license = text_of(package, "license");
        if !satisfied(license, &rules.licenses.allow) {
            faults.push(format!("{name} has the licence {license:?}"));
        }
    }
    for banned in &rules.bans.deny {
        for user in users(banned)? {
            faults.push(format!("{user} uses {}, which is banned", banned.name));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

fn text_of<'a>(package: &'a Value, member: &str) -> &'a str {
    package[member].as_str().unwrap_or_default()
}

/// What of the shipped program uses a banned crate without being allowed to. Cargo's tree is asked and not its
/// metadata, which counts optional dependencies that nobody switched on.
fn users(banned: &Banned) -> Result<Vec<String>, String> {
    let shipped = ["tree", "--locked", "--package", "keywright", "--edges", "normal,build", "--prefix"];
    let all = output("cargo", &[&shipped[..], &["none", "--format", "{p}"]].concat())?;
    let Some(version) = all.lines().find_map(|line| {
        let (name, rest) = line.split_once(' ')?;
        (name == banned.name)
            .then(|| rest.split_whitespace().next().unwrap_or_default().trim_start_matches('v'))
    }) else {
        return Ok(Vec::new());
    };
    let package = format!("{}@{version}", banned.name);
    let inverted =
        output("cargo", &[&shipped[..], &["depth", "--depth", "1", "--invert", &package]].concat())?;
    let users = inverted.lines().filter_map(|line| line.strip_prefix('1')?.split_whitespace().next());
    Ok(users
        .filter(|user| !banned.wrappers.iter().any(|allowed| allowed == user))
        .map(str::to_owned)
        .collect())
}

/// Whether an SPDX expression can be satisfied by allowed licences: every `AND` part has an allowed `OR`
/// alternative. Parentheses are taken apart; crates use no deeper nesting.
fn satisfied(expression: &str, allowed: &[String]) -> bool {
    let plain = expression.replace('/', " OR ").replace(['(', ')'], " ");
    !plain.trim().is_empty()
        && plain
            .split(" AND ")
            .all(|part| part.split(" OR ").any(|license| allowed.iter().any(|known| known == license.trim())))
}

#[cfg(test)]
mod tests {
    use super::satisfied;

    #[test]
    fn one_alternative_is_enough_and_every_part_is_needed() {
        let allowed = ["MIT".to_owned(), "ISC".to_owned()];
        assert!(satisfied("MIT OR GPL-3.0", &allowed));
        assert!(satisfied("GPL-3.0/MIT", &allowed));
        assert!(satisfied("ISC AND (MIT OR GPL-3.0)", &allowed));
        assert!(!satisfied("MIT AND GPL-3.0", &allowed));
        assert!(!satisfied("", &allowed));
    }
}

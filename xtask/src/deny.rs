//! Licences, sources and unwanted crates among the dependencies, against `deny.toml`.
//!
//! It reads the parts of cargo-deny's file that need no network and no installation, so that every test run
//! checks them. Crates that only tests use are checked for their licence and source, not for the ban.

use crate::steps::output;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{HashMap, HashSet, VecDeque};
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
    let shipped = shipped(&metadata);
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
        if shipped.contains(text_of(package, "id"))
            && rules.bans.deny.iter().any(|banned| banned.name == name)
        {
            faults.push(format!("{name} is banned"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

fn text_of<'a>(package: &'a Value, member: &str) -> &'a str {
    package[member].as_str().unwrap_or_default()
}

/// Ids of the packages that the binary is made of: those reached from it by normal and build edges.
fn shipped(metadata: &Value) -> HashSet<&str> {
    let mut edges: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut queue = VecDeque::new();
    for node in metadata["resolve"]["nodes"].as_array().into_iter().flatten() {
        let id = text_of(node, "id");
        for dependency in node["deps"].as_array().into_iter().flatten() {
            let kinds = dependency["dep_kinds"].as_array();
            let ships = kinds.into_iter().flatten().any(|kind| kind["kind"].as_str() != Some("dev"));
            if ships {
                edges.entry(id).or_default().push(text_of(dependency, "pkg"));
            }
        }
    }
    for package in metadata["packages"].as_array().into_iter().flatten() {
        if text_of(package, "name") == "keywright" {
            queue.push_back(text_of(package, "id"));
        }
    }
    let mut reached = HashSet::new();
    while let Some(id) = queue.pop_front() {
        if reached.insert(id) {
            queue.extend(edges.get(id).into_iter().flatten());
        }
    }
    reached
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

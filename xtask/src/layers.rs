//! The arrows between the crates: which crate may use which.
//!
//! The compiler forbids cycles; this forbids shortcuts. A new edge wants a decision record in docs/adr.

use crate::steps::output;
use serde_json::Value;

/// Every crate with what it may depend on; what is not here may not be.
const ARROWS: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("testkit", &[]),
    ("crypto", &["types"]),
    ("aws", &["types"]),
    ("policy", &["types"]),
    ("schedule", &["types"]),
    ("rotators", &["types", "crypto"]),
    ("store", &["types", "crypto"]),
    ("trail", &["types", "crypto"]),
    ("auth", &["types", "crypto", "aws", "store", "trail", "policy"]),
    ("kms", &["types", "crypto", "aws", "store", "policy", "auth"]),
    ("iam", &["types", "crypto", "aws", "store", "policy", "auth"]),
    ("secrets", &["types", "crypto", "aws", "store", "policy", "auth", "kms", "schedule", "rotators"]),
    (
        "inventory",
        &["types", "crypto", "aws", "store", "policy", "auth", "kms", "iam", "secrets", "rotators"],
    ),
    (
        "server",
        &[
            "types",
            "crypto",
            "aws",
            "store",
            "trail",
            "policy",
            "auth",
            "kms",
            "iam",
            "secrets",
            "rotators",
            "inventory",
        ],
    ),
];

/// The binary and the workspace's own tools may use everything.
const ABOVE_ALL: &[&str] = &["keywright", "keywright-bench", "xtask"];

/// # Errors
/// The arrows that should not be.
pub fn check() -> Result<(), String> {
    let metadata = output("cargo", &["metadata", "--format-version", "1", "--no-deps", "--locked"])?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|fault| fault.to_string())?;
    let mut faults = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        if ABOVE_ALL.contains(&name) {
            continue;
        }
        let short = name.trim_start_matches("keywright-");
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == short) else {
            faults.push(format!("{name} has no place in the layers: add it to xtask/src/layers.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().unwrap_or_default();
            let ours = used.strip_prefix("keywright-");
            // What only tests use does not shape the program.
            let for_tests = dependency["kind"].as_str() == Some("dev");
            if let Some(used) = ours
                && !for_tests
                && !allowed.contains(&used)
            {
                faults.push(format!("{short} may not use {used}"));
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

#[cfg(test)]
mod tests {
    use crate::steps::output;
    use serde_json::Value;

    /// What tests use in place of the real thing, or to compare with it, is no part of the program; and no crate has a
    /// feature by which it could become one.
    #[test]
    fn peer_04_nothing_that_is_for_tests_is_in_the_program() {
        let shipped = ["tree", "--locked", "--package", "keywright", "--edges", "normal,build"];
        let tree = output("cargo", &[&shipped[..], &["--prefix", "none", "--format", "{p}"]].concat())
            .expect("a tree");
        let has = |name: &str| tree.lines().any(|line| line.split(' ').next() == Some(name));
        assert!(has("keywright-crypto") && has("aws-lc-rs"), "the tree is the program's");
        for for_tests in ["keywright-testkit", "aws-sigv4", "proptest"] {
            assert!(!has(for_tests), "{for_tests} is shipped");
        }
        let metadata = ["metadata", "--format-version", "1", "--no-deps", "--locked"];
        let metadata: Value =
            serde_json::from_str(&output("cargo", &metadata).expect("metadata")).expect("JSON");
        for package in metadata["packages"].as_array().expect("packages") {
            let features = package["features"].as_object().expect("features");
            assert!(features.is_empty(), "{} has features", package["name"]);
        }
    }
}

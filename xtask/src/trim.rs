//! `cargo xtask trim-models --from <folder of botocore/data>`: takes AWS's service models into `models/`.
//!
//! Kept: operations, shapes, constraints, errors, sensitivity, HTTP bindings, idempotency tokens.
//! Dropped: documentation, and what only concerns clients; of large services, the shapes of operations that are
//! not to be built, which stay in the table by name.
//! Added: on each member of an operation's input or output, whether it may enter the audit trail; sensitivity
//! that the models forget.
//!
//! The rule of the trail: never what the model marks sensitive, never blobs, never tokens that are a right
//! in themselves; everything else may. It is applied here, once, so that the result stands in a checked-in
//! file where a reviewer sees a new member's verdict.

use crate::model::{Kind, Model, Shape};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::Path;

/// The services taken from botocore, by their folder's name, and the operations whose shapes are kept.
const SERVICES: &[(&str, Keep)] = &[
    ("iam", Keep::Only(IAM_OPERATIONS)),
    ("kms", Keep::All),
    ("secretsmanager", Keep::All),
    ("sts", Keep::Only(STS_OPERATIONS)),
];

/// Which operations of a model keep their shapes. The others are known by name, so that a request for one is
/// answered clearly, and cost nothing else.
enum Keep {
    All,
    Only(&'static [&'static str]),
}

const IAM_OPERATIONS: &[&str] = &[
    "AddUserToGroup",
    "AttachGroupPolicy",
    "AttachRolePolicy",
    "AttachUserPolicy",
    "ChangePassword",
    "CreateAccessKey",
    "CreateAccountAlias",
    "CreateGroup",
    "CreateLoginProfile",
    "CreatePolicy",
    "CreatePolicyVersion",
    "CreateRole",
    "CreateUser",
    "CreateVirtualMFADevice",
    "DeactivateMFADevice",
    "DeleteAccessKey",
    "DeleteAccountAlias",
    "DeleteAccountPasswordPolicy",
    "DeleteGroup",
    "DeleteGroupPolicy",
    "DeleteLoginProfile",
    "DeletePolicy",
    "DeletePolicyVersion",
    "DeleteRole",
    "DeleteRolePermissionsBoundary",
    "DeleteRolePolicy",
    "DeleteUser",
    "DeleteUserPermissionsBoundary",
    "DeleteUserPolicy",
    "DeleteVirtualMFADevice",
    "DetachGroupPolicy",
    "DetachRolePolicy",
    "DetachUserPolicy",
    "EnableMFADevice",
    "GenerateCredentialReport",
    "GetAccessKeyLastUsed",
    "GetAccountAuthorizationDetails",
    "GetAccountPasswordPolicy",
    "GetAccountSummary",
    "GetContextKeysForCustomPolicy",
    "GetContextKeysForPrincipalPolicy",
    "GetCredentialReport",
    "GetGroup",
    "GetGroupPolicy",
    "GetLoginProfile",
    "GetMFADevice",
    "GetPolicy",
    "GetPolicyVersion",
    "GetRole",
    "GetRolePolicy",
    "GetUser",
    "GetUserPolicy",
    "ListAccessKeys",
    "ListAccountAliases",
    "ListAttachedGroupPolicies",
    "ListAttachedRolePolicies",
    "ListAttachedUserPolicies",
    "ListEntitiesForPolicy",
    "ListGroupPolicies",
    "ListGroups",
    "ListGroupsForUser",
    "ListInstanceProfilesForRole",
    "ListMFADeviceTags",
    "ListMFADevices",
    "ListPolicies",
    "ListPolicyTags",
    "ListPolicyVersions",
    "ListRolePolicies",
    "ListRoleTags",
    "ListRoles",
    "ListSSHPublicKeys",
    "ListServiceSpecificCredentials",
    "ListSigningCertificates",
    "ListUserPolicies",
    "ListUserTags",
    "ListUsers",
    "ListVirtualMFADevices",
    "PutGroupPolicy",
    "PutRolePermissionsBoundary",
    "PutRolePolicy",
    "PutUserPermissionsBoundary",
    "PutUserPolicy",
    "RemoveUserFromGroup",
    "ResyncMFADevice",
    "SetDefaultPolicyVersion",
    "SimulateCustomPolicy",
    "SimulatePrincipalPolicy",
    "TagMFADevice",
    "TagPolicy",
    "TagRole",
    "TagUser",
    "UntagMFADevice",
    "UntagPolicy",
    "UntagRole",
    "UntagUser",
    "UpdateAccessKey",
    "UpdateAccountPasswordPolicy",
    "UpdateAssumeRolePolicy",
    "UpdateGroup",
    "UpdateLoginProfile",
    "UpdateRole",
    "UpdateRoleDescription",
    "UpdateUser",
];
const STS_OPERATIONS: &[&str] = &[
    "AssumeRole",
    "AssumeRoleWithWebIdentity",
    "DecodeAuthorizationMessage",
    "GetAccessKeyInfo",
    "GetCallerIdentity",
    "GetSessionToken",
];

/// Shapes that are secret although the model does not say so. Service, shape, reason.
const SENSITIVE: &[(&str, &str, &str)] = &[
    ("iam", "authenticationCodeType", "a one-time code is a credential while it lives"),
    ("sts", "contextAssertionType", "a signed token that speaks for a person"),
    ("sts", "tokenCodeType", "a one-time code is a credential while it lives"),
    ("sts", "tokenType", "a session token is a part of temporary credentials"),
];

/// Members that are a credential by themselves. `ClientRequestToken` is not one: it names a version.
const TOKENS: &[&str] = &["GrantToken", "GrantTokens", "ImportToken", "RotationToken"];

/// Fields of botocore's models that are dropped wherever they stand. Any other unknown field is an error.
const DROPPED: &[&str] = &["documentation", "deprecated", "deprecatedMessage", "deprecatedSince", "box"];

/// Fields of operations that are dropped as well. Which operations may come unsigned is a short list of the
/// server, not a model's word.
const DROPPED_OF_OPERATIONS: &[&str] = &["auth", "authtype"];

/// Fields of botocore's metadata that nothing here needs.
const DROPPED_METADATA: &[&str] = &[
    "auth",
    "globalEndpoint",
    "protocols",
    "serviceAbbreviation",
    "serviceFullName",
    "signatureVersion",
    "uid",
];

pub fn run(arguments: &[String]) -> Result<(), String> {
    let [flag, from] = arguments else { return Err("usage: trim-models --from <botocore/data>".into()) };
    if flag != "--from" {
        return Err(format!("unknown argument {flag}"));
    }
    let from = Path::new(from);
    let version = botocore_version(from)?;
    let models = crate::root().join("models");
    for (service, keep) in SERVICES {
        let mut model = read(from, service, &version)?;
        keep_operations(&mut model, keep).map_err(|error| format!("{service}: {error}"))?;
        keep_reachable(&mut model)?;
        mark_sensitive(&mut model, service).map_err(|error| format!("{service}: {error}"))?;
        mark_audit(&mut model)?;
        let path = models.join(format!("{service}.json"));
        let mut text = serde_json::to_string_pretty(&model).map_err(|error| error.to_string())?;
        text.push('\n');
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{}: {} operations, {} shapes", path.display(), model.operations.len(), model.shapes.len());
    }
    let notice = models.join("NOTICE");
    fs::write(&notice, notice_text(&version)).map_err(|error| format!("{}: {error}", notice.display()))
}

fn notice_text(version: &str) -> String {
    format!(
        "The models of AWS's services in this folder are service models of botocore {version}\n\
         (https://github.com/boto/botocore), modified: trimmed by `cargo xtask trim-models`, which drops\n\
         documentation, client-side fields and the shapes of some operations, and adds the fields \"audit\"\n\
         and \"trimmed\" and the trait \"sensitive\" where it was forgotten.\n\
         \n\
         Botocore\n\
         Copyright 2012-2022 Amazon.com, Inc. or its affiliates. All Rights Reserved.\n\
         \n\
         Licensed under the Apache License, Version 2.0: see the file LICENSE at the root of this repository.\n\
         \n\
         keywright.json and the models in test/ are Keywright's own.\n"
    )
}

/// botocore's version, from the package that the data folder belongs to.
fn botocore_version(data: &Path) -> Result<String, String> {
    let path = data.join("../__init__.py");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.lines()
        .find_map(|line| line.strip_prefix("__version__ = "))
        .map(|version| version.trim_matches(['\'', '"']).to_owned())
        .ok_or_else(|| format!("{}: no __version__", path.display()))
}

/// Reads the newest model of a service, plain or compressed.
fn read(data: &Path, service: &str, version: &str) -> Result<Model, String> {
    let folder = data.join(service);
    let listing = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let newest = listing
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .max()
        .ok_or_else(|| format!("{}: no API version", folder.display()))?;
    let plain = newest.join("service-2.json");
    let compressed = newest.join("service-2.json.gz");
    let text = if plain.exists() {
        fs::read_to_string(&plain).map_err(|error| format!("{}: {error}", plain.display()))?
    } else {
        let file =
            fs::File::open(&compressed).map_err(|error| format!("{}: {error}", compressed.display()))?;
        let mut text = String::new();
        GzDecoder::new(file)
            .read_to_string(&mut text)
            .map_err(|error| format!("{}: {error}", compressed.display()))?;
        text
    };
    let mut value: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let root = value.as_object_mut().ok_or("a model is an object")?;
    root.remove("version");
    root.remove("documentation");
    root.insert(
        "source".into(),
        format!("botocore {version}, modified: trimmed by cargo xtask trim-models").into(),
    );
    if let Some(metadata) = root.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| !DROPPED_METADATA.contains(&name.as_str()));
    }
    for operation in objects(root, "operations")? {
        drop_fields(operation);
        if let Some(fields) = operation.as_object_mut() {
            fields.retain(|name, _| !DROPPED_OF_OPERATIONS.contains(&name.as_str()));
        }
        for part in ["input", "output"] {
            operation.get_mut(part).into_iter().for_each(drop_fields);
        }
        let errors = operation.get_mut("errors").and_then(Value::as_array_mut);
        errors.into_iter().flatten().for_each(drop_fields);
    }
    for shape in objects(root, "shapes")? {
        drop_fields(shape);
        for part in ["member", "key", "value"] {
            shape.get_mut(part).into_iter().for_each(drop_fields);
        }
        let members = shape.get_mut("members").and_then(Value::as_object_mut);
        members.into_iter().flat_map(|members| members.values_mut()).for_each(drop_fields);
    }
    serde_json::from_value(value).map_err(|error| format!("{service}: {error}"))
}

fn objects<'a>(
    root: &'a mut serde_json::Map<String, Value>,
    field: &str,
) -> Result<impl Iterator<Item = &'a mut Value>, String> {
    let object = root.get_mut(field).and_then(Value::as_object_mut).ok_or_else(|| format!("no {field}"))?;
    Ok(object.values_mut())
}

/// Removes the dropped fields of one trait list. Members of structures are not fields: a member may well
/// be called `documentation`.
fn drop_fields(value: &mut Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, _| !DROPPED.contains(&name.as_str()));
    }
}

/// Leaves nothing but the name of operations that are not to be built.
fn keep_operations(model: &mut Model, keep: &Keep) -> Result<(), String> {
    let Keep::Only(kept) = keep else { return Ok(()) };
    if let Some(unknown) = kept.iter().find(|name| !model.operations.contains_key(**name)) {
        return Err(format!("the model has no operation {unknown}"));
    }
    for operation in model.operations.values_mut().filter(|operation| !kept.contains(&&*operation.name)) {
        operation.trimmed = true;
        (operation.input, operation.output) = (None, None);
        operation.errors.clear();
    }
    Ok(())
}

/// Adds the sensitivity that a model forgets; a shape that is no longer there must be looked at.
fn mark_sensitive(model: &mut Model, service: &str) -> Result<(), String> {
    for (_, name, _) in SENSITIVE.iter().filter(|(of, _, _)| *of == service) {
        let shape = model.shapes.get_mut(*name).ok_or_else(|| format!("the model has no shape {name}"))?;
        shape.sensitive = true;
    }
    Ok(())
}

/// Drops shapes that no operation uses.
fn keep_reachable(model: &mut Model) -> Result<(), String> {
    let mut reached = BTreeSet::new();
    let mut queue: Vec<String> = Vec::new();
    for operation in model.operations.values() {
        let parts = operation.input.iter().chain(&operation.output).chain(&operation.errors);
        queue.extend(parts.map(|reference| reference.shape.clone()));
    }
    while let Some(name) = queue.pop() {
        let shape = model.shape(&name)?;
        if reached.insert(name) {
            let parts = shape.members.0.iter().map(|(_, reference)| reference);
            let parts = parts.chain(&shape.member).chain(&shape.key).chain(&shape.value);
            queue.extend(parts.map(|reference| reference.shape.clone()));
        }
    }
    model.shapes.retain(|name, _| reached.contains(name));
    Ok(())
}

/// Applies the rule of the trail to every member of every structure but errors.
fn mark_audit(model: &mut Model) -> Result<(), String> {
    let shapes = model.shapes.clone();
    for shape in model.shapes.values_mut().filter(|shape| shape.kind == Kind::Structure && !shape.exception) {
        for (name, reference) in &mut shape.members.0 {
            let mut seen = BTreeSet::new();
            reference.audit =
                !TOKENS.contains(&name.as_str()) && may_be_audited(&shapes, &reference.shape, &mut seen)?;
        }
    }
    Ok(())
}

/// Whether values of a shape may enter the trail. Structures may: their own members have their own verdicts.
fn may_be_audited(
    shapes: &BTreeMap<String, Shape>,
    name: &str,
    seen: &mut BTreeSet<String>,
) -> Result<bool, String> {
    let shape = shapes.get(name).ok_or_else(|| format!("the model has no shape {name}"))?;
    if shape.sensitive || shape.kind == Kind::Blob {
        return Ok(false);
    }
    if !seen.insert(name.to_owned()) {
        return Ok(true);
    }
    match shape.kind {
        Kind::List | Kind::Map => {
            for part in shape.member.iter().chain(&shape.key).chain(&shape.value) {
                if !may_be_audited(shapes, &part.shape, seen)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Kind::Structure
        | Kind::String
        | Kind::Boolean
        | Kind::Integer
        | Kind::Long
        | Kind::Double
        | Kind::Float
        | Kind::Timestamp => Ok(true),
        Kind::Blob => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::may_be_audited;
    use crate::model::Model;
    use std::collections::BTreeSet;

    const MODEL: &str = r#"{
        "source": "a test", "metadata": {"apiVersion": "1", "endpointPrefix": "x", "protocol": "json"},
        "operations": {},
        "shapes": {
            "Blob": {"type": "blob"},
            "Flag": {"type": "boolean"},
            "Password": {"type": "string", "sensitive": true},
            "Text": {"type": "string"},
            "Blobs": {"type": "list", "member": {"shape": "Blob"}},
            "Passwords": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Password"}},
            "Texts": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
            "Login": {"type": "structure", "members": {"Password": {"shape": "Password"}, "Next": {"shape": "Login"}}},
            "Logins": {"type": "list", "member": {"shape": "Login"}}
        }
    }"#;

    #[test]
    fn the_rule_of_the_trail() {
        let model: Model = serde_json::from_str(MODEL).expect("a model");
        let check = |shape: &str, allowed: bool| {
            let verdict = may_be_audited(&model.shapes, shape, &mut BTreeSet::new());
            assert_eq!(verdict, Ok(allowed), "{shape}");
        };
        for shape in ["Flag", "Text", "Texts", "Login", "Logins"] {
            check(shape, true);
        }
        for shape in ["Blob", "Password", "Blobs", "Passwords"] {
            check(shape, false);
        }
    }

    /// A model's new trait must be looked at.
    #[test]
    fn unknown_traits_are_errors() {
        let changed = MODEL.replace("\"sensitive\": true", "\"sensitive\": true, \"novelty\": 1");
        let error = serde_json::from_str::<Model>(&changed).expect_err("the trait is not known");
        assert!(error.to_string().contains("novelty"), "{error}");
    }
}

//! `Principal` and `NotPrincipal`.
//!
//! Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal".

use crate::document::Effect;
use crate::error::{Fault, quoted, step};
use crate::evaluate::Delegation;
use crate::json::{Node, Value};
use crate::named::NamedKind;
use crate::request::{PrincipalFacts, PrincipalKind};
use keywright_types::PARTITION;
use std::collections::BTreeMap;

/// Someone whom a resource's policy names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// `"*"`.
    Everyone,
    /// An account, by its number or its root ARN.
    Account(String),
    /// A user, role, session or federated user.
    Arn(String),
    /// The same, tied to the unique id that it had when the policy was written.
    Pinned {
        arn: String,
        id: String,
        /// Whether it is one session of a role; the id is the role's.
        session: bool,
    },
    /// The unique id of a user or role.
    Id(String),
    /// A provider of identities, by its ARN.
    Provider(String),
    Service(String),
    /// A canonical user, or a name that nobody had when the policy was written: kept for what it says.
    Nobody,
}

/// The principals of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principals {
    These(Vec<Named>),
    /// `NotPrincipal`: everybody else. Only a Deny has it.
    AllBut(Vec<Named>),
}

impl Principals {
    pub(crate) fn parse(node: &Node, negated: bool, path: &str) -> Result<Self, Fault> {
        let mut named = Vec::new();
        match &node.value {
            Value::Text(text) if text == "*" => named.push(Named::Everyone),
            Value::Object(members) if !members.is_empty() => {
                for member in members {
                    let path = step(path, &member.name);
                    let read = reader(&member.name).ok_or_else(|| {
                        let known = "AWS, Service, Federated and CanonicalUser are known";
                        Fault::form(member.at, &path, format!("unknown kind of principal; {known}"))
                    })?;
                    for (at, text) in texts(&member.node, &path)? {
                        named.push(read(text).map_err(|message| Fault::form(at, &path, message))?);
                    }
                }
            }
            Value::Null
            | Value::Text(_)
            | Value::Bool(_)
            | Value::Number(_)
            | Value::List(_)
            | Value::Object(_) => {
                return Err(Fault::form(node.at, path, "expected \"*\" or an object such as {\"AWS\": …}"));
            }
        }
        if !negated {
            return Ok(Self::These(named));
        }
        if named.contains(&Named::Everyone) {
            return Err(Fault::form(node.at, path, "NotPrincipal cannot be everyone"));
        }
        Ok(Self::AllBut(named))
    }

    pub(crate) fn pin(&mut self, ids: &BTreeMap<String, String>) {
        let (Self::These(named) | Self::AllBut(named)) = self;
        for named in named {
            if let Named::Arn(arn) = named {
                *named = match ids.get(arn) {
                    Some(id) => {
                        let session = is_session(arn);
                        Named::Pinned { arn: std::mem::take(arn), id: id.clone(), session }
                    }
                    None => Named::Nobody,
                };
            }
        }
    }

    /// Whether a statement of this effect speaks of the principal, and how.
    ///
    /// A Deny that names an account means everybody in it, as an Allow does; one that excepts an account (the IAM User
    /// Guide asks for that beside the user or role that is meant) excepts its root user only.
    pub(crate) fn speak_of(&self, principal: &PrincipalFacts<'_>, effect: Effect) -> Option<Delegation> {
        match self {
            // A provider must be named: "everyone" was not written with strangers in mind that a provider vouches for.
            Self::These(named) if effect == Effect::Allow && principal.kind == PrincipalKind::Federated => {
                named
                    .iter()
                    .filter(|named| **named != Named::Everyone)
                    .filter_map(|named| named.is(principal))
                    .max()
            }
            Self::These(named) => strongest(named, principal),
            Self::AllBut(named) => match (effect, strongest(named, principal)) {
                // The parser lets no Allow be negated. Were there one, it would allow nobody.
                (Effect::Allow, _) | (Effect::Deny, Some(Delegation::Direct | Delegation::Role)) => None,
                (Effect::Deny, Some(Delegation::Account)) => {
                    (principal.kind != PrincipalKind::Root).then_some(Delegation::Direct)
                }
                (Effect::Deny, None) => Some(Delegation::Direct),
            },
        }
    }
}

fn strongest(named: &[Named], principal: &PrincipalFacts<'_>) -> Option<Delegation> {
    named.iter().filter_map(|named| named.is(principal)).max()
}

impl Named {
    fn is(&self, principal: &PrincipalFacts<'_>) -> Option<Delegation> {
        let is_service = matches!(principal.kind, PrincipalKind::Service | PrincipalKind::Federated);
        let of_role = principal.kind == PrincipalKind::RoleSession;
        match self {
            Self::Pinned { arn, id, session } if principal.id == Some(id) => match session {
                true => (principal.arn == arn).then_some(Delegation::Direct),
                false if of_role => Some(Delegation::Role),
                false => Some(Delegation::Direct),
            },
            Self::Id(id) if principal.id == Some(id) => {
                Some(if of_role { Delegation::Role } else { Delegation::Direct })
            }
            Self::Pinned { .. } | Self::Id(_) => None,
            Self::Provider(arn) => (principal.kind == PrincipalKind::Federated && principal.arn == arn)
                .then_some(Delegation::Direct),
            Self::Everyone => Some(Delegation::Direct),
            Self::Account(account) => {
                (!is_service && principal.account == account).then_some(Delegation::Account)
            }
            Self::Arn(arn) if !is_service && principal.arn == arn => Some(Delegation::Direct),
            Self::Arn(arn) => (!is_service && principal.role_arn == Some(arn)).then_some(Delegation::Role),
            Self::Service(name) => (principal.kind == PrincipalKind::Service && principal.arn == name)
                .then_some(Delegation::Direct),
            Self::Nobody => None,
        }
    }
}

/// Reads one value, or says what is wrong with it.
type Reader = fn(&str) -> Result<Named, String>;

/// How the values of one kind of principal are read; none for an unknown kind.
fn reader(kind: &str) -> Option<Reader> {
    Some(match NamedKind::parse(kind)? {
        NamedKind::Aws => aws,
        NamedKind::Service => service,
        NamedKind::Federated => federated,
        NamedKind::CanonicalUser => canonical_user,
    })
}

/// Whether a principal's ARN is that of one session. The service says so and no other part: the path of a user or role
/// may read `/:assumed-role/`.
fn is_session(arn: &str) -> bool {
    arn.split(':').nth(2) == Some("sts")
}

fn aws(value: &str) -> Result<Named, String> {
    if value == "*" {
        return Ok(Named::Everyone);
    }
    if value.contains(['*', '?']) {
        return Err(format!("{}: wildcards are not allowed inside a principal's ARN", quoted(value)));
    }
    if is_account(value) {
        return Ok(Named::Account(value.to_owned()));
    }
    if is_unique_id(value) {
        return Ok(Named::Id(value.to_owned()));
    }
    arn(value).ok_or_else(|| format!("{} is not a principal", quoted(value)))
}

/// The ARN of an account, user, role, session or federated user. Those of other partitions are refused: their accounts
/// are others, also under the same number.
fn arn(value: &str) -> Option<Named> {
    let mut parts = value.splitn(6, ':');
    let (arn, partition) = (parts.next()?, parts.next()?);
    let (service, region) = (parts.next()?, parts.next()?);
    let (account, resource) = (parts.next()?, parts.next()?);
    if arn != "arn" || partition != PARTITION || !region.is_empty() || !is_account(account) {
        return None;
    }
    if service == "iam" && resource == "root" {
        return Some(Named::Account(account.to_owned()));
    }
    let (kind, name) = resource.split_once('/')?;
    let segments = name.split('/').count();
    let named = match (service, kind) {
        // Paths may stand before the name.
        ("iam", "user" | "role") => true,
        ("sts", "assumed-role") => segments == 2,
        ("sts", "federated-user") => segments == 1,
        _ => false,
    };
    // The characters of IAM's names and, a larger set, of paths (IAM API Reference, User and Role).
    let (path, name) = name.rsplit_once('/').unwrap_or(("", name));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    let well_named = !name.is_empty() && name.bytes().all(plain);
    let well_placed = path.bytes().all(|byte| byte.is_ascii_graphic());
    (named && well_named && well_placed).then(|| Named::Arn(value.to_owned()))
}

fn service(value: &str) -> Result<Named, String> {
    let plain = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    if value.contains('.') && value.split('.').all(plain) {
        Ok(Named::Service(value.to_owned()))
    } else {
        Err(format!("{} is not a service's name", quoted(value)))
    }
}

fn federated(value: &str) -> Result<Named, String> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic() && !b"*?\"".contains(&byte)) {
        Ok(Named::Provider(value.to_owned()))
    } else {
        Err(format!("{} is not a provider of identities", quoted(value)))
    }
}

fn canonical_user(value: &str) -> Result<Named, String> {
    if value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(Named::Nobody)
    } else {
        Err(format!("{} is not a canonical user id", quoted(value)))
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `AIDA…` of a user, `AROA…` of a role (IAM User Guide, "Unique identifiers").
fn is_unique_id(text: &str) -> bool {
    (text.starts_with("AIDA") || text.starts_with("AROA"))
        && (16..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// A string, or a list of at least one, each with its place.
pub(crate) fn texts<'a>(node: &'a Node, path: &str) -> Result<Vec<(usize, &'a str)>, Fault> {
    let text = |node: &'a Node| match &node.value {
        Value::Text(text) => Ok((node.at, text.as_str())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Object(_) => {
            Err(Fault::form(node.at, path, format!("expected a string, found {}", node.kind())))
        }
    };
    match &node.value {
        Value::List(items) if items.is_empty() => Err(Fault::form(node.at, path, "the list is empty")),
        Value::List(items) => items.iter().map(text).collect(),
        Value::Null | Value::Text(_) | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            text(node).map(|text| vec![text])
        }
    }
}

//! `Principal` and `NotPrincipal`.

use crate::PolicyError;
use crate::evaluate::Delegation;
use crate::json::Node;
use crate::request::{PrincipalFacts, PrincipalKind};

/// Someone whom a resource's policy names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    /// `"*"`.
    Everyone,
    /// An account, by its number or its root ARN.
    Account(String),
    /// A user, role, session or federated user.
    Arn(String),
    Service(String),
    /// Kept for what it says; nobody signs in here as one.
    Federated(String),
    CanonicalUser(String),
}

/// The principals of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Principals {
    named: Vec<Named>,
    /// `NotPrincipal`.
    negated: bool,
}

impl Principals {
    pub(crate) fn parse(node: &Node, negated: bool, path: &str) -> Result<Self, PolicyError> {
        let mut named = Vec::new();
        match node {
            Node::Text(text) if text == "*" => named.push(Named::Everyone),
            Node::Object(members) if !members.is_empty() => {
                for (kind, values) in members {
                    let path = format!("{path}.{kind}");
                    for value in texts(values, &path)? {
                        named.push(one(kind, value, &path)?);
                    }
                }
            }
            _ => return Err(PolicyError::form(path, "expected \"*\" or an object such as {\"AWS\": …}")),
        }
        if negated && named.contains(&Named::Everyone) {
            return Err(PolicyError::form(path, "NotPrincipal cannot be everyone"));
        }
        Ok(Self { named, negated })
    }

    /// Whether an Allow of this statement speaks of the principal, and how.
    pub(crate) fn allows(&self, principal: &PrincipalFacts<'_>) -> Option<Delegation> {
        let found = self.named.iter().filter_map(|named| named.is(principal)).max();
        match (self.negated, found) {
            (false, found) => found,
            (true, None) => Some(Delegation::Direct),
            (true, Some(_)) => None,
        }
    }

    /// Whether a Deny of this statement speaks of the principal. An account that is named means everybody in
    /// it; one that is excepted excepts its root user only.
    pub(crate) fn denies(&self, principal: &PrincipalFacts<'_>) -> bool {
        let found = self.named.iter().filter_map(|named| named.is(principal)).max();
        if !self.negated {
            return found.is_some();
        }
        match found {
            Some(Delegation::Direct) => false,
            Some(Delegation::Account) => principal.kind != PrincipalKind::Root,
            None => true,
        }
    }
}

impl Named {
    fn is(&self, principal: &PrincipalFacts<'_>) -> Option<Delegation> {
        let direct = |yes: bool| yes.then_some(Delegation::Direct);
        match self {
            Self::Everyone => Some(Delegation::Direct),
            Self::Account(account) => {
                let of_account = principal.kind != PrincipalKind::Service && principal.account == account;
                of_account.then_some(Delegation::Account)
            }
            Self::Arn(arn) => direct(
                principal.kind != PrincipalKind::Service
                    && (principal.arn == arn || principal.role_arn == Some(arn)),
            ),
            Self::Service(name) => direct(principal.kind == PrincipalKind::Service && principal.arn == name),
            Self::Federated(_) | Self::CanonicalUser(_) => None,
        }
    }
}

fn one(kind: &str, value: &str, path: &str) -> Result<Named, PolicyError> {
    match kind {
        "AWS" => aws(value, path),
        "Service" if is_service(value) => Ok(Named::Service(value.to_owned())),
        "Service" => Err(PolicyError::form(path, format!("{value:?} is not a service's name"))),
        "Federated" => Ok(Named::Federated(value.to_owned())),
        "CanonicalUser" => Ok(Named::CanonicalUser(value.to_owned())),
        _ => Err(PolicyError::form(
            path,
            "unknown kind of principal; AWS, Service, Federated and CanonicalUser are known",
        )),
    }
}

fn aws(value: &str, path: &str) -> Result<Named, PolicyError> {
    if value == "*" {
        return Ok(Named::Everyone);
    }
    if is_account(value) {
        return Ok(Named::Account(value.to_owned()));
    }
    // The unique id that a deleted user or role leaves behind; it names nobody any more.
    if value.starts_with("AIDA") || value.starts_with("AROA") {
        return Ok(Named::Arn(value.to_owned()));
    }
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    let [arn, partition, service, region, account, resource] = parts.as_slice() else {
        return Err(PolicyError::form(path, format!("{value:?} is not a principal")));
    };
    if value.contains(['*', '?']) {
        return Err(PolicyError::form(
            path,
            format!("{value:?}: wildcards are not allowed inside a principal's ARN"),
        ));
    }
    let kind = resource.split('/').next().unwrap_or_default();
    let of_kind = match *service {
        "iam" => matches!(kind, "root" | "user" | "role"),
        "sts" => matches!(kind, "assumed-role" | "federated-user"),
        _ => false,
    };
    let named = resource.contains('/') && !resource.ends_with('/') || *resource == "root";
    if *arn != "arn"
        || !partition.starts_with("aws")
        || !region.is_empty()
        || !is_account(account)
        || !of_kind
        || !named
    {
        return Err(PolicyError::form(path, format!("{value:?} is not a principal")));
    }
    if *resource == "root" {
        Ok(Named::Account((*account).to_owned()))
    } else {
        Ok(Named::Arn(value.to_owned()))
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_service(text: &str) -> bool {
    text.contains('.')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-')
}

/// A string, or a list of at least one.
pub(crate) fn texts<'a>(node: &'a Node, path: &str) -> Result<Vec<&'a str>, PolicyError> {
    let text = |node: &'a Node| match node {
        Node::Text(text) => Ok(text.as_str()),
        other => Err(PolicyError::form(path, format!("expected a string, found {}", other.kind()))),
    };
    match node {
        Node::List(items) if items.is_empty() => Err(PolicyError::form(path, "the list is empty")),
        Node::List(items) => items.iter().map(text).collect(),
        other => text(other).map(|text| vec![text]),
    }
}

//! A policy document: its text, and its statements compiled.
//!
//! Source: IAM User Guide, "IAM JSON policy elements reference" and "Grammar of the IAM JSON policy language".

use crate::PolicyError;
use crate::condition::Condition;
use crate::error::{Fault, quoted, step};
use crate::glob::Case;
use crate::json::{Node, Value};
use crate::pattern::{Pattern, Syntax, any_matches};
use crate::principal::{Principals, texts};
use crate::request::{Context, Request};
use keywright_types::PARTITION;
use std::collections::{BTreeMap, BTreeSet};

/// What a policy is attached to, which decides what its statements must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// To a user, group or role: statements have no principal.
    Identity,
    /// To a resource: statements have one. `Action` and `Resource` may be absent, and then the statement
    /// matches nothing, as AWS KMS has it.
    Resource,
    /// To a role, saying who may assume it: statements have a principal, and no `Resource`, which is the role.
    Trust,
}

/// A policy, parsed and compiled.
#[derive(Debug, Clone)]
pub struct Document {
    text: String,
    pub(crate) statements: Vec<Statement>,
}

#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    /// None in identity policies: whoever has the policy.
    pub(crate) principals: Option<Principals>,
    pub(crate) actions: Matcher,
    pub(crate) resources: Matcher,
    pub(crate) conditions: Vec<Condition>,
}

/// What a statement does to the requests that it speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Debug, Clone)]
pub(crate) enum Matcher {
    AnyOf(Vec<Pattern>),
    NoneOf(Vec<Pattern>),
    /// The member is absent: nothing matches.
    Nothing,
}

impl Matcher {
    pub(crate) fn matches(&self, text: &str, case: Case, context: &dyn Context) -> bool {
        let any = |patterns: &[Pattern]| any_matches(patterns, text, case, context);
        match self {
            Self::AnyOf(patterns) => any(patterns),
            // Also with a variable that has no value: a pattern with one matches no resource, so that the
            // request is none of these (IAM User Guide, "Policy variables with no value").
            Self::NoneOf(patterns) => !any(patterns),
            Self::Nothing => false,
        }
    }

    fn patterns(&self) -> &[Pattern] {
        match self {
            Self::AnyOf(patterns) | Self::NoneOf(patterns) => patterns,
            Self::Nothing => &[],
        }
    }
}

/// The version with policy variables; the older one is the default.
const WITH_VARIABLES: &str = "2012-10-17";
const WITHOUT_VARIABLES: &str = "2008-10-17";

impl Document {
    /// Reads a policy.
    ///
    /// # Errors
    /// [`PolicyError`] with the place and the reason.
    pub fn parse(text: &str, kind: Kind) -> Result<Self, PolicyError> {
        let statements = Node::parse(text)
            .and_then(|node| read_statements(&node, kind))
            .map_err(|fault| fault.in_text(text))?;
        Ok(Self { text: text.to_owned(), statements })
    }

    /// The text as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text's size in bytes, which is what KMS and Secrets Manager count against their quotas; who stores
    /// policies checks them.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.text.len()
    }

    /// Ties the users, roles and sessions that the policy names to the unique ids which they had when it was written, by
    /// their ARNs. A name without an id means nobody from then on.
    pub fn pin(&mut self, ids: &BTreeMap<String, String>) {
        for statement in &mut self.statements {
            if let Some(principals) = &mut statement.principals {
                principals.pin(ids);
            }
        }
    }

    /// Every action of every `Action` and `NotAction`, as written: for services that accept only their own.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().flat_map(|statement| statement.actions.patterns()).map(Pattern::text)
    }
}

fn read_statements(node: &Node, kind: Kind) -> Result<Vec<Statement>, Fault> {
    let Value::Object(members) = &node.value else {
        return Err(expected(node, "policy", "an object"));
    };
    let (mut variables, mut statements) = (false, None);
    for member in members {
        let node = &member.node;
        match (member.name.as_str(), &node.value) {
            ("Version", Value::Text(version)) if version == WITH_VARIABLES => variables = true,
            ("Version", Value::Text(version)) if version == WITHOUT_VARIABLES => {}
            ("Version", _) => {
                return Err(Fault::form(
                    node.at,
                    "Version",
                    format!("expected \"{WITH_VARIABLES}\" or \"{WITHOUT_VARIABLES}\""),
                ));
            }
            ("Id", Value::Text(_)) => {}
            ("Id", _) => return Err(expected(node, "Id", "a string")),
            ("Statement", _) => statements = Some(node),
            (unknown, _) => {
                let message = format!("unknown member {}", quoted(unknown));
                return Err(Fault::form(member.at, "policy", message));
            }
        }
    }
    let Some(list) = statements else {
        return Err(Fault::form(node.at, "policy", "there is no Statement"));
    };
    let nodes = match &list.value {
        Value::List(items) => items.iter().collect(),
        Value::Object(_) => vec![list],
        Value::Null | Value::Text(_) | Value::Bool(_) | Value::Number(_) => {
            return Err(expected(list, "Statement", "a list"));
        }
    };
    if nodes.is_empty() {
        return Err(Fault::form(list.at, "Statement", "the list is empty"));
    }
    let mut statements: Vec<Statement> = Vec::with_capacity(nodes.len());
    let mut sids = BTreeSet::new();
    for (index, node) in nodes.into_iter().enumerate() {
        let path = format!("Statement[{index}]");
        let statement = Statement::parse(node, kind, variables, &path)?;
        if statement.sid.as_ref().is_some_and(|sid| !sids.insert(sid.clone())) {
            return Err(Fault::form(node.at, format!("{path}.Sid"), "the same Sid comes twice"));
        }
        statements.push(statement);
    }
    Ok(statements)
}

impl Statement {
    fn parse(node: &Node, kind: Kind, variables: bool, path: &str) -> Result<Self, Fault> {
        let Value::Object(members) = &node.value else { return Err(expected(node, path, "an object")) };
        let (mut sid, mut effect, mut principals, mut conditions) = (None, None, None, Vec::new());
        let (mut actions, mut resources) = (Matcher::Nothing, Matcher::Nothing);
        let mut one_of = OneOf::default();
        for member in members {
            let (name, node) = (member.name.as_str(), &member.node);
            let at = member.at;
            let path = step(path, name);
            match name {
                "Sid" => sid = read_sid(node, kind, &path)?,
                "Effect" => effect = Some(read_effect(node, &path)?),
                "Principal" | "NotPrincipal" => {
                    one_of.seen("Principal", at, &path)?;
                    let negated = name == "NotPrincipal";
                    principals = Some((member, Principals::parse(node, negated, &path)?));
                }
                "Action" | "NotAction" => {
                    one_of.seen("Action", at, &path)?;
                    let syntax = Syntax { wildcards: true, variables: false, parts_of_arn: false };
                    let patterns = patterns(node, syntax, &path, check_action)?;
                    actions =
                        if name == "Action" { Matcher::AnyOf(patterns) } else { Matcher::NoneOf(patterns) };
                }
                "Resource" | "NotResource" => {
                    one_of.seen("Resource", at, &path)?;
                    let syntax = Syntax { wildcards: true, variables, parts_of_arn: true };
                    let patterns = patterns(node, syntax, &path, check_resource)?;
                    resources =
                        if name == "Resource" { Matcher::AnyOf(patterns) } else { Matcher::NoneOf(patterns) };
                }
                "Condition" => conditions = Condition::parse_all(node, variables, &path)?,
                unknown => {
                    return Err(Fault::form(at, path, format!("unknown member {}", quoted(unknown))));
                }
            }
        }
        let effect = effect.ok_or_else(|| Fault::form(node.at, path, "there is no Effect"))?;
        match (kind, &principals) {
            (Kind::Identity, Some((member, _))) => {
                return Err(Fault::form(member.at, path, "a policy of an identity has no Principal"));
            }
            (Kind::Resource | Kind::Trust, None) => {
                return Err(Fault::form(node.at, path, "there is no Principal"));
            }
            // IAM User Guide, "NotPrincipal": it must be used with Deny. An Allow to everybody but one would let in
            // whoever comes later.
            (Kind::Resource | Kind::Trust, Some((member, Principals::AllBut(_))))
                if effect == Effect::Allow =>
            {
                return Err(Fault::form(member.at, path, "NotPrincipal is for Deny only"));
            }
            (Kind::Identity, None) | (Kind::Resource | Kind::Trust, Some(_)) => {}
        }
        if kind == Kind::Trust {
            if !matches!(resources, Matcher::Nothing) {
                return Err(Fault::form(node.at, path, "a trust policy has no Resource: it is the role's"));
            }
            if matches!(actions, Matcher::Nothing) {
                return Err(Fault::form(node.at, path, "there is no Action"));
            }
            // None of nothing is everything: there is one resource, the role.
            resources = Matcher::NoneOf(Vec::new());
        }
        if kind == Kind::Identity {
            if matches!(actions, Matcher::Nothing) {
                return Err(Fault::form(node.at, path, "there is no Action"));
            }
            if matches!(resources, Matcher::Nothing) {
                return Err(Fault::form(node.at, path, "there is no Resource"));
            }
        }
        let principals = principals.map(|(_, principals)| principals);
        Ok(Self { sid, effect, principals, actions, resources, conditions })
    }

    pub(crate) fn covers_action(&self, request: &Request<'_>) -> bool {
        self.actions.matches(request.action, Case::Insensitive, request.context)
    }

    pub(crate) fn covers_resource(&self, request: &Request<'_>) -> bool {
        self.resources.matches(request.resource, Case::Sensitive, request.context)
    }

    /// Whether action, resource and conditions fit; the principal is asked apart.
    pub(crate) fn covers(&self, request: &Request<'_>) -> bool {
        self.covers_action(request)
            && self.covers_resource(request)
            && self.conditions.iter().all(|condition| condition.holds(request.context))
    }
}

fn expected(node: &Node, path: &str, wanted: &str) -> Fault {
    Fault::form(node.at, path, format!("expected {wanted}, found {}", node.kind()))
}

/// An empty Sid is none. Those of IAM's own policies are letters and digits; key policies have spaces in theirs.
fn read_sid(node: &Node, kind: Kind, path: &str) -> Result<Option<String>, Fault> {
    let Value::Text(text) = &node.value else { return Err(expected(node, path, "a string")) };
    let of_iam = matches!(kind, Kind::Identity | Kind::Trust);
    if of_iam && !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Fault::form(node.at, path, "a Sid has letters and digits only"));
    }
    Ok(Some(text.clone()).filter(|text| !text.is_empty()))
}

fn read_effect(node: &Node, path: &str) -> Result<Effect, Fault> {
    match &node.value {
        Value::Text(text) if text == "Allow" => Ok(Effect::Allow),
        Value::Text(text) if text == "Deny" => Ok(Effect::Deny),
        Value::Null
        | Value::Text(_)
        | Value::Bool(_)
        | Value::Number(_)
        | Value::List(_)
        | Value::Object(_) => Err(Fault::form(node.at, path, "expected \"Allow\" or \"Deny\"")),
    }
}

/// An element and its `Not…` form exclude each other.
#[derive(Default)]
struct OneOf(Vec<&'static str>);

impl OneOf {
    fn seen(&mut self, element: &'static str, at: usize, path: &str) -> Result<(), Fault> {
        if self.0.contains(&element) {
            let message = format!("{element} and Not{element} exclude each other");
            return Err(Fault::form(at, path, message));
        }
        self.0.push(element);
        Ok(())
    }
}

fn patterns(
    node: &Node,
    syntax: Syntax,
    path: &str,
    check: fn(&str, Syntax) -> Result<(), String>,
) -> Result<Vec<Pattern>, Fault> {
    texts(node, path)?
        .into_iter()
        .map(|(at, text)| {
            check(text, syntax)
                .and_then(|()| Pattern::parse(text, syntax))
                .map_err(|message| Fault::form(at, path, message))
        })
        .collect()
}

/// `*` or `service:Name`. Wildcards are for the name; of services there is one, or all of them as `*`.
fn check_action(text: &str, _: Syntax) -> Result<(), String> {
    let service = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
    };
    let name = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"*?-_".contains(&byte))
    };
    let of_service = text
        .split_once(':')
        .is_some_and(|(before, behind)| (before == "*" || service(before)) && name(behind));
    (text == "*" || of_service).then_some(()).ok_or_else(|| format!("{} is not an action", quoted(text)))
}

/// `*` or an ARN of this partition and of a service by its whole name: any other would never match. Variables stand in
/// its last part only: one before would let a tag choose the account.
///
/// Source: IAM User Guide, "Resource" ("You can't use a wildcard in the service segment").
fn check_resource(text: &str, syntax: Syntax) -> Result<(), String> {
    if text == "*" {
        return Ok(());
    }
    let mut parts = text.splitn(4, ':');
    let (arn, partition, service) = (parts.next(), parts.next(), parts.next());
    if arn != Some("arn") {
        return Err(format!("{} is not an ARN or \"*\"", quoted(text)));
    }
    if partition != Some(PARTITION) {
        return Err(format!("in {} the partition is not {PARTITION}", quoted(text)));
    }
    let named = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    if !service.is_some_and(named) {
        return Err(format!("in {} the service is not named in full", quoted(text)));
    }
    let before = text.find("${").map_or(0, |at| text[..at].matches(':').count());
    if syntax.variables && text.contains("${") && before < 5 {
        return Err(format!("in {} a variable stands before the fifth colon", quoted(text)));
    }
    Ok(())
}

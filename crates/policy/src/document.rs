//! A policy document: its text, and its statements compiled.

use crate::PolicyError;
use crate::condition::Condition;
use crate::json::Node;
use crate::pattern::{Case, Pattern, Syntax};
use crate::principal::{Principals, texts};
use crate::request::{Context, Request};

/// What a policy is attached to, which decides what its statements must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// To a user, group or role: statements have no principal.
    Identity,
    /// To a resource: statements have one. `Action` and `Resource` may be absent, and then the statement
    /// matches nothing, as AWS KMS has it.
    Resource,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
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
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(text, case, context));
        match self {
            Self::AnyOf(patterns) => any(patterns),
            Self::NoneOf(patterns) => !any(patterns),
            Self::Nothing => false,
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
        let Node::Object(members) = Node::parse(text)? else {
            return Err(PolicyError::form("policy", "expected an object"));
        };
        let mut variables = false;
        let mut statements = None;
        for (name, value) in &members {
            match (name.as_str(), value) {
                ("Version", Node::Text(version)) if version == WITH_VARIABLES => variables = true,
                ("Version", Node::Text(version)) if version == WITHOUT_VARIABLES => {}
                ("Version", _) => {
                    return Err(PolicyError::form(
                        "Version",
                        format!("expected \"{WITH_VARIABLES}\" or \"{WITHOUT_VARIABLES}\""),
                    ));
                }
                ("Id", Node::Text(_)) => {}
                ("Id", other) => {
                    return Err(PolicyError::form(
                        "Id",
                        format!("expected a string, found {}", other.kind()),
                    ));
                }
                ("Statement", value) => statements = Some(value),
                (unknown, _) => {
                    return Err(PolicyError::form("policy", format!("unknown member {unknown:?}")));
                }
            }
        }
        let nodes = match statements {
            None => return Err(PolicyError::form("policy", "there is no Statement")),
            Some(Node::List(items)) => items.iter().collect(),
            Some(one @ Node::Object(_)) => vec![one],
            Some(other) => {
                return Err(PolicyError::form(
                    "Statement",
                    format!("expected a list, found {}", other.kind()),
                ));
            }
        };
        if nodes.is_empty() {
            return Err(PolicyError::form("Statement", "the list is empty"));
        }
        let statements: Vec<Statement> = nodes
            .into_iter()
            .enumerate()
            .map(|(at, node)| Statement::parse(node, kind, variables, &format!("Statement[{at}]")))
            .collect::<Result<_, _>>()?;
        for (at, statement) in statements.iter().enumerate() {
            let again = |other: &Statement| statement.sid.is_some() && other.sid == statement.sid;
            if statements[..at].iter().any(again) {
                return Err(PolicyError::form(format!("Statement[{at}].Sid"), "the same Sid comes twice"));
            }
        }
        Ok(Self { text: text.to_owned(), statements })
    }

    /// The text as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Statement {
    fn parse(node: &Node, kind: Kind, variables: bool, path: &str) -> Result<Self, PolicyError> {
        let Node::Object(members) = node else {
            return Err(PolicyError::form(path, format!("expected an object, found {}", node.kind())));
        };
        let (mut sid, mut effect, mut principals, mut conditions) = (None, None, None, Vec::new());
        let (mut actions, mut resources) = (Matcher::Nothing, Matcher::Nothing);
        let mut one_of = OneOf::default();
        for (name, value) in members {
            let path = format!("{path}.{name}");
            match name.as_str() {
                "Sid" => match value {
                    Node::Text(text) => sid = Some(text.clone()).filter(|text| !text.is_empty()),
                    other => {
                        return Err(PolicyError::form(
                            path,
                            format!("expected a string, found {}", other.kind()),
                        ));
                    }
                },
                "Effect" => {
                    effect = Some(match value {
                        Node::Text(text) if text == "Allow" => Effect::Allow,
                        Node::Text(text) if text == "Deny" => Effect::Deny,
                        _ => return Err(PolicyError::form(path, "expected \"Allow\" or \"Deny\"")),
                    });
                }
                "Principal" | "NotPrincipal" => {
                    one_of.seen("Principal", &path)?;
                    principals = Some(Principals::parse(value, name == "NotPrincipal", &path)?);
                }
                "Action" | "NotAction" => {
                    one_of.seen("Action", &path)?;
                    let patterns =
                        patterns(value, Syntax { wildcards: true, variables: false }, &path, is_action)?;
                    actions =
                        if name == "Action" { Matcher::AnyOf(patterns) } else { Matcher::NoneOf(patterns) };
                }
                "Resource" | "NotResource" => {
                    one_of.seen("Resource", &path)?;
                    let patterns =
                        patterns(value, Syntax { wildcards: true, variables }, &path, is_resource)?;
                    resources =
                        if name == "Resource" { Matcher::AnyOf(patterns) } else { Matcher::NoneOf(patterns) };
                }
                "Condition" => conditions = Condition::parse_all(value, variables, &path)?,
                unknown => return Err(PolicyError::form(path, format!("unknown member {unknown:?}"))),
            }
        }
        let effect = effect.ok_or_else(|| PolicyError::form(path, "there is no Effect"))?;
        match (kind, &principals) {
            (Kind::Identity, Some(_)) => {
                return Err(PolicyError::form(path, "a policy of an identity has no Principal"));
            }
            (Kind::Resource, None) => return Err(PolicyError::form(path, "there is no Principal")),
            (Kind::Identity, None) | (Kind::Resource, Some(_)) => {}
        }
        if kind == Kind::Identity {
            if matches!(actions, Matcher::Nothing) {
                return Err(PolicyError::form(path, "there is no Action"));
            }
            if matches!(resources, Matcher::Nothing) {
                return Err(PolicyError::form(path, "there is no Resource"));
            }
        }
        Ok(Self { sid, effect, principals, actions, resources, conditions })
    }

    /// Whether action, resource and conditions fit; the principal is asked apart.
    pub(crate) fn covers(&self, request: &Request<'_>) -> bool {
        self.actions.matches(request.action, Case::Insensitive, request.context)
            && self.resources.matches(request.resource, Case::Sensitive, request.context)
            && self.conditions.iter().all(|condition| condition.holds(request.context))
    }
}

/// An element and its `Not…` form exclude each other.
#[derive(Default)]
struct OneOf(Vec<&'static str>);

impl OneOf {
    fn seen(&mut self, element: &'static str, path: &str) -> Result<(), PolicyError> {
        if self.0.contains(&element) {
            return Err(PolicyError::form(path, format!("{element} and Not{element} exclude each other")));
        }
        self.0.push(element);
        Ok(())
    }
}

fn patterns(
    node: &Node,
    syntax: Syntax,
    path: &str,
    allowed: fn(&str) -> bool,
) -> Result<Vec<Pattern>, PolicyError> {
    texts(node, path)?
        .into_iter()
        .map(|text| {
            if !allowed(text) {
                return Err(PolicyError::form(path, format!("{text:?} is not allowed here")));
            }
            Pattern::parse(text, syntax).map_err(|message| PolicyError::form(path, message))
        })
        .collect()
}

/// `*` or `service:Name`.
fn is_action(text: &str) -> bool {
    let named = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'?' | b'-' | b'_'))
    };
    text == "*" || text.split_once(':').is_some_and(|(service, action)| named(service) && named(action))
}

/// `*` or an ARN.
fn is_resource(text: &str) -> bool {
    text == "*" || text.starts_with("arn:") || text.starts_with("${") || text.starts_with('*')
}

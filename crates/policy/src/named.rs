//! Whom a policy names, as it is written: for those who check that they exist, and who show the policy again.
//!
//! A policy that names a user or role is kept to that one: the service finds its unique id when the policy is written,
//! ties the document to it ([`Document::pin`]), and when the user is gone shows the id in place of the name
//! ([`Document::shown`]). A new user of the same name has another id, and inherits nothing.
//!
//! Source: IAM User Guide, "AWS JSON policy elements: Principal" (the warnings on deleted users and roles).

use crate::document::Document;
use crate::error::Place;
use crate::json::{Node, Value};
use std::collections::BTreeMap;

/// A principal that a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPrincipal {
    pub kind: NamedKind,
    /// As written, such as `arn:aws:iam::111122223333:user/alice`, `111122223333` or `*`.
    pub name: String,
    /// Where the name stands.
    pub place: Place,
}

/// The four types of principals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamedKind {
    /// An account, user, role, session or unique id, or everyone.
    Aws,
    Service,
    Federated,
    CanonicalUser,
}

impl NamedKind {
    /// Its name in policies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Service => "Service",
            Self::Federated => "Federated",
            Self::CanonicalUser => "CanonicalUser",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Aws, Self::Service, Self::Federated, Self::CanonicalUser]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

impl Document {
    /// Everybody whom `Principal` and `NotPrincipal` name, in the order of the text and as often as it names them.
    #[must_use]
    pub fn principals(&self) -> Vec<NamedPrincipal> {
        let mut named = Vec::new();
        each(self.text(), &mut |kind, node, name| {
            named.push(NamedPrincipal {
                kind,
                name: name.to_owned(),
                place: Place::of(self.text(), node.at),
            });
        });
        named
    }

    /// The policy's text with those who are gone by their unique ids; `gone` is ids by ARN. The rest of the text stays
    /// as it was given.
    #[must_use]
    pub fn shown(&self, gone: &BTreeMap<String, String>) -> String {
        let (text, mut shown, mut from) = (self.text(), String::new(), 0);
        each(text, &mut |kind, node, name| {
            if let (NamedKind::Aws, Some(id)) = (kind, gone.get(name)) {
                shown.push_str(&text[from..node.at]);
                shown.push('"');
                shown.push_str(id);
                shown.push('"');
                from = Node::end(text, node.at);
            }
        });
        shown.push_str(&text[from..]);
        shown
    }
}

/// Calls `take` for every principal of a text that is a policy.
fn each(text: &str, take: &mut dyn FnMut(NamedKind, &Node, &str)) {
    // A document's text was parsed before it became one, so that neither can fail here.
    let Ok(policy) = Node::parse(text) else { return };
    let Some(statements) = policy.member("Statement") else { return };
    for statement in statements.items() {
        // One of the two, never both.
        let Some(principals) = statement.member("Principal").or_else(|| statement.member("NotPrincipal"))
        else {
            continue;
        };
        match &principals.value {
            Value::Text(name) => take(NamedKind::Aws, principals, name),
            Value::Object(members) => {
                for member in members {
                    let Some(kind) = NamedKind::parse(&member.name) else { continue };
                    for item in member.node.items() {
                        if let Value::Text(name) = &item.value {
                            take(kind, item, name);
                        }
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => {}
        }
    }
}

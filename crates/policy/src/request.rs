//! What is asked of a policy.

use std::borrow::Cow;

/// The value of a condition key in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConditionValue<'a> {
    Absent,
    Single(Cow<'a, str>),
    Multi(Vec<&'a str>),
    Number(i64),
    Bool(bool),
}

/// Looks condition keys up; names come in lower case.
pub trait Context {
    fn value(&self, name: &str) -> ConditionValue<'_>;
}

/// What kind of principal asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// The root user of an account.
    Root,
    User,
    /// A session of a role.
    RoleSession,
    /// A service by itself, under its name such as `secretsmanager.amazonaws.com`.
    Service,
    /// Somebody whom a provider of identities vouches for, under the provider's ARN.
    Federated,
}

/// Who asks, as policies may name it.
#[derive(Debug, Clone, Copy)]
pub struct PrincipalFacts<'a> {
    pub kind: PrincipalKind,
    /// The ARN; for a service its name.
    pub arn: &'a str,
    /// 12 digits; empty for a service.
    pub account: &'a str,
    /// The ARN of the role behind a session.
    pub role_arn: Option<&'a str>,
    /// The unique id of the user, or of the role behind the session.
    pub id: Option<&'a str>,
}

/// One question: may this principal do this to that?
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub principal: PrincipalFacts<'a>,
    /// Such as `kms:Decrypt`.
    pub action: &'a str,
    /// The resource's ARN, or `*` for an action on nothing in particular.
    pub resource: &'a str,
    pub context: &'a dyn Context,
}

//! Why a statement speaks of a request or does not: for people, asked after the decision.

use crate::document::{Document, Effect};
use crate::evaluate::StatementRef;
use crate::request::Request;
use std::fmt;

/// A part of a statement that the request does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Miss<'a> {
    Principal,
    Action,
    Resource,
    /// One condition of possibly many. `operator` is as written, `key` in lower case.
    Condition {
        operator: &'a str,
        key: &'a str,
    },
}

impl fmt::Display for Miss<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal => f.write_str("it does not name the caller"),
            Self::Action => f.write_str("it does not name the action"),
            Self::Resource => f.write_str("it does not cover the resource"),
            Self::Condition { operator, key } => write!(f, "its condition {operator} on {key} does not hold"),
        }
    }
}

/// One statement, held against one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation<'a> {
    pub statement: StatementRef<'a>,
    pub effect: Effect,
    /// What does not fit; nothing when the statement speaks of the request.
    pub misses: Vec<Miss<'a>>,
}

impl Explanation<'_> {
    /// Whether the statement speaks of the request.
    #[must_use]
    pub fn applies(&self) -> bool {
        self.misses.is_empty()
    }

    /// Whether one thing alone is missing: the statement that its author probably thought would apply.
    #[must_use]
    pub fn nearly_applies(&self) -> bool {
        self.misses.len() == 1
    }
}

impl Document {
    /// Every statement of this policy with what it lacks, in their order. Slower than [`Document::evaluate`]: it looks
    /// at everything, also after the decision is clear.
    #[must_use]
    pub fn explain(&self, request: &Request<'_>) -> Vec<Explanation<'_>> {
        self.statements
            .iter()
            .enumerate()
            .map(|(index, statement)| {
                let mut misses = Vec::new();
                if statement.speaks_of_caller(request).is_none() {
                    misses.push(Miss::Principal);
                }
                if !statement.covers_action(request) {
                    misses.push(Miss::Action);
                }
                if !statement.covers_resource(request) {
                    misses.push(Miss::Resource);
                }
                let failing = statement.conditions.iter().filter(|one| !one.holds(request.context));
                misses.extend(failing.map(|one| Miss::Condition { operator: &one.operator, key: &one.key }));
                Explanation {
                    statement: StatementRef { index, sid: statement.sid.as_deref() },
                    effect: statement.effect,
                    misses,
                }
            })
            .collect()
    }
}

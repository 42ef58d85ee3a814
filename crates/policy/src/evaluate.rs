//! What one policy says to one request.

use crate::document::{Document, Effect, Statement};
use crate::request::Request;

/// How an Allow reaches the caller, from the weakest way to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delegation {
    /// The statement names the caller's account. For KMS that lets the account's IAM policies decide.
    Account,
    /// The statement names the role behind the caller's session: what limits the role and the session still does.
    Role,
    /// The statement names the caller itself (a user or a session), or everyone.
    Direct,
}

/// The statement that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementRef<'a> {
    /// Its place in the document, from 0.
    pub index: usize,
    pub sid: Option<&'a str>,
}

/// What one policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a> {
    Allow {
        by: Delegation,
        statement: StatementRef<'a>,
    },
    Deny {
        statement: StatementRef<'a>,
    },
    /// No statement speaks of it.
    Silent,
}

impl Statement {
    /// Whether the statement speaks of the caller. A policy of an identity speaks of whoever has it.
    pub(crate) fn speaks_of_caller(&self, request: &Request<'_>) -> Option<Delegation> {
        match &self.principals {
            None => Some(Delegation::Direct),
            Some(named) => named.speak_of(&request.principal, self.effect),
        }
    }
}

impl Document {
    /// What this policy says: Deny if one statement denies, else the strongest Allow.
    #[must_use]
    pub fn evaluate(&self, request: &Request<'_>) -> Verdict<'_> {
        let mut allowed = Verdict::Silent;
        let mut strongest = None;
        for (index, statement) in self.statements.iter().enumerate() {
            let place = StatementRef { index, sid: statement.sid.as_deref() };
            let Some(by) = statement.speaks_of_caller(request) else { continue };
            match statement.effect {
                Effect::Deny => {
                    if statement.covers(request) {
                        return Verdict::Deny { statement: place };
                    }
                }
                Effect::Allow => {
                    if strongest.is_none_or(|strongest| by > strongest) && statement.covers(request) {
                        strongest = Some(by);
                        allowed = Verdict::Allow { by, statement: place };
                    }
                }
            }
        }
        allowed
    }
}

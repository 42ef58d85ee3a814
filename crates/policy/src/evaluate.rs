//! What one policy says to one request.

use crate::document::{Document, Effect};
use crate::request::Request;

/// How an Allow reaches the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delegation {
    /// The statement names the caller's account. For KMS that lets the account's IAM policies decide.
    Account,
    /// The statement names the caller itself, or everyone.
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

impl Document {
    /// What this policy says: Deny if one statement denies, else the strongest Allow.
    #[must_use]
    pub fn evaluate(&self, request: &Request<'_>) -> Verdict<'_> {
        let mut allowed = Verdict::Silent;
        let mut strongest = None;
        for (index, statement) in self.statements.iter().enumerate() {
            let place = StatementRef { index, sid: statement.sid.as_deref() };
            let principal = &request.principal;
            match statement.effect {
                Effect::Deny => {
                    let speaks = statement.principals.as_ref().is_none_or(|named| named.denies(principal));
                    if speaks && statement.covers(request) {
                        return Verdict::Deny { statement: place };
                    }
                }
                Effect::Allow => {
                    let by = match &statement.principals {
                        None => Some(Delegation::Direct),
                        Some(named) => named.allows(principal),
                    };
                    if let Some(by) = by
                        && strongest.is_none_or(|strongest| by > strongest)
                        && statement.covers(request)
                    {
                        strongest = Some(by);
                        allowed = Verdict::Allow { by, statement: place };
                    }
                }
            }
        }
        allowed
    }
}

//! The IAM policy language: parse strictly, compile once, evaluate, say why.
//!
//! What: [`Document::parse`] reads a policy; [`Document::evaluate`] gives a [`Verdict`] with the statement that
//! decided; [`decide_kms`] and [`decide_union`] combine the documents of a request the way AWS does.
//! Why here: the rules are pure. Nothing in this crate does IO, knows the time or allocates in proportion to
//! what a stranger sends; callers gather facts and ask.
//!
//! Invariants
//! - A matching Deny wins over every Allow, wherever it stands.
//! - What a policy says and this program does not know is an error when the policy is written, never
//!   silently no effect when it is evaluated.
//! - "The account may" is not "the caller may": [`Verdict::Allow`] tells the two apart, because for KMS an
//!   account only delegates to its own IAM policies.
//!
//! Source: IAM User Guide, "IAM JSON policy elements reference" and "Policy evaluation logic"; KMS Developer
//! Guide, "Key policies" and "Troubleshooting key access".

mod arn;
mod condition;
mod decide;
mod defaults;
mod document;
mod error;
mod evaluate;
mod json;
mod pattern;
mod principal;
mod request;

pub use decide::{Denial, Identity, decide_kms, decide_union};
pub use defaults::{default_key_policy, service_managed_key_policy};
pub use document::{Document, Kind};
pub use error::PolicyError;
pub use evaluate::{Delegation, StatementRef, Verdict};
pub use request::{ConditionValue, Context, PrincipalFacts, PrincipalKind, Request};

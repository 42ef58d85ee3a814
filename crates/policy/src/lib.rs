//! The IAM policy language: parse strictly, compile once, evaluate, say why.
//!
//! What:
//! - [`Document::parse`] reads a policy; a [`PolicyError`] points at what is wrong in it.
//! - [`Document::evaluate`] answers a [`Request`] with a [`Verdict`] and the statement that decided;
//!   [`Document::explain`] says of every statement what it lacks, [`Document::written`] where it stands.
//! - [`Document::principals`] lists whom a policy names, [`Document::pin`] ties them to their unique ids, and
//!   [`Document::shown`] writes the id of one who is gone.
//! - [`decide_kms`] and [`decide_union`] combine the documents of a request the way AWS does; [`judge_kms`] and
//!   [`judge_union`] say by which statement as well; [`keeps_control`] is the check before a key policy is replaced.
//! - [`default_key_policy`] and [`service_managed_key_policy`] write the policies of keys that were given none.
//!
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
//! Not here: quotas, and which actions a service accepts in its policies ([`Document::size_bytes`] and
//! [`Document::actions`] serve who checks them); whether the principals that a policy names exist.
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
mod explain;
mod glob;
mod json;
mod lockout;
mod named;
mod pattern;
mod principal;
mod request;
mod written;

pub use decide::{
    AllowedBy, Deciding, Decision, Denial, Grant, Identity, OwnRight, decide_kms, decide_union, judge_kms,
    judge_union,
};
pub use defaults::{default_key_policy, service_managed_key_policy};
pub use document::{Document, Effect, Kind};
pub use error::{Place, PolicyError};
pub use evaluate::{Delegation, StatementRef, Verdict};
pub use explain::{Explanation, Miss};
pub use lockout::keeps_control;
pub use named::{NamedKind, NamedPrincipal};
pub use request::{ConditionValue, Context, PrincipalFacts, PrincipalKind, Request};
pub use written::Written;

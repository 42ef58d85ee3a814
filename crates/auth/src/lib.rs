//! Who calls, and may they.
//!
//! What: access keys, sessions and the check of a caller's credentials ([`Authenticator`]); users, roles and what they
//! may do ([`identities`]); the [`Operation`] trait that every operation of every service implements, and
//! [`authorise`], the only maker of [`Authorised`].
//! Why here: a service's `decide` takes an `Authorised<Op>`, so an unauthorised decision does not compile.
//!
//! Invariants
//! - A [`Caller`] comes from the verified credentials of the request, never from what it says of itself.
//! - `Authorised` has no public constructor; it is made after the policy allowed every check.
//! - Whether a hidden resource is "denied" or "not found" is decided here: a caller without the right
//!   to it is denied, whether it exists or not.
//!
//! Not here: the policy language (policy), the operations of IAM and STS (iam), verification of signatures (aws::sigv4), the pipeline (server).

mod access_keys;
mod account;
mod announce;
mod authenticate;
mod authorise;
mod conditions;
mod context;
mod error;
mod explain;
pub mod identities;
mod inner_call;
mod marker;
mod operation;
pub mod record;
mod session;
mod web_identity;
mod wording;

pub use access_keys::{AccessKeyRow, AccessKeyStatus, AccessKeys, Credential, ROOT, new_id, new_secret};
pub use account::AccountRow;
pub use announce::{BusEvent, ServiceEvent};
pub use authenticate::{Authenticator, Named, Unidentified};
pub use authorise::{
    Authorised, Unauthorised, authorise, keeps_control, keeps_right, no_policy, no_right_to_open,
};
pub use context::{Caller, Env, Of, RequestContext, Via, View};
pub use error::{Cause, ServiceError};
pub use explain::{Explained, NearMiss, Outcome, PolicyRole, Question, Told, explain_access, find_principal};
pub use inner_call::{InnerAnswer, InnerCall};
pub use marker::{InvalidMarker, Page};
pub use operation::{
    Check, Checks, Decided, Decision, Done, Errand, Operation, Protected, Rule, SlowWork, Work,
};
pub use session::{
    Federation, NewSession, Session, SessionFacts, SessionOf, Sessions, TokenFault, account_of_session_key,
};
pub use web_identity::{Claim, WebIdentity, provider_arn};

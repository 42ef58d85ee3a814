//! Identity and access management, and temporary credentials: the operations of IAM and STS.
//!
//! What: users, groups, roles, policies, access keys, passwords, MFA devices; sessions; simulation. Each operation is
//! one file of `ops` (IAM) or `sts`, named after the API's verb.
//! Why here: `auth` reads identities for every request; this crate is the only one that changes them.
//!
//! Invariants
//! - What decides about one identity stands in its one row (`auth::identities`), and every change of it relies on the
//!   row's version.
//! - Whatever names another entity (a policy that is attached, a group that is joined, a boundary) changes that entity's
//!   row too, so that it cannot be deleted meanwhile.
//! - Links (`LinkRow`) are written with the row that they list, and decide nothing.
//! - IAM is one service for all Regions: nothing here depends on the request's.
//!
//! Not here: who may do what (auth, policy), the door's check of signatures and session tokens (auth).

mod access_keys;
mod account;
mod attachments;
mod attempts;
mod base32;
mod bearers;
mod boundaries;
mod changes;
mod counts;
mod credential_report;
mod credential_uses;
mod entities;
mod error;
mod groups;
mod inline;
mod login_profiles;
mod mfa;
mod new_passwords;
pub mod oidc;
pub mod ops;
mod paging;
mod password_policy;
mod passwords;
mod policies;
mod policy_entities;
mod policy_list;
mod policy_text;
mod qr_code;
mod quotas;
mod role_settings;
mod service;
mod simulation;
pub mod sts;
mod tags;
mod trust;
mod usage;
mod uses;
mod versions;

pub use credential_report::CredentialReportRow;
pub use credential_uses::CredentialUses;
pub use error::IamError;
pub use passwords::verify_password;
pub use service::Iam;
pub use sts::trust_of;

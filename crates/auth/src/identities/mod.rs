//! Users, groups, roles and their policies: how they are stored, and what they may do.
//!
//! What: the rows, and [`Identities`], which knows of every caller the policies that speak for and against it.
//! Why here: authorisation needs them for every request of every service; the operations that change them are the
//! service `iam`.
//!
//! Invariants
//! - A caller's rights are read by unique id, never by name: a namesake that is made later inherits nothing.
//! - A policy that an identity's row names and that is not there is a fault, not "no policy": it could have held a Deny.
//! - Rights are forgotten on any change of an identity or policy of their account.
//!
//! Not here: the operations (iam), the language (policy).

mod aws_managed;
mod lookups;
mod names;
mod rights;
mod rows;

pub use aws_managed::{SERVICE_POLICIES, ServicePolicy, find_service_policy};
pub use lookups::{
    find_group, find_group_by_id, find_policy, find_role, find_role_by_id, find_user, find_user_by_id,
    names_now, unique_id_of,
};
pub use names::{EntityArn, EntityKind, Json, NameKey, entity_arn, parse_entity_arn, session_arn};
pub(crate) use rights::role_session;
pub use rights::{Attached, Identities, PolicySource, Rights};
pub use rows::{
    CredentialUseRow, GroupRow, InlinePolicies, LinkKind, LinkRow, MfaDeviceRow, Pins, PolicyRow,
    PolicyVersion, RoleRow, UserRow,
};

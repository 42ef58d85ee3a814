//! Roles as IAM's answers show them.

use super::shapes;
use keywright_auth::identities::{CredentialUseRow, RoleRow};
use keywright_aws::iam::{Role, RoleLastUsed};

/// What lists show of a role; `trust` is its trust policy, encoded.
pub(crate) fn listed(row: &RoleRow, trust: &str) -> Role {
    Role {
        path: row.path.clone(),
        role_name: row.name.clone(),
        role_id: row.role_id.to_string(),
        arn: row.arn(),
        create_date: row.created_at,
        assume_role_policy_document: Some(trust.to_owned()),
        description: row.description.clone(),
        max_session_duration: i32::try_from(row.max_session_seconds).ok(),
        max_signin_session_duration: None,
        permissions_boundary: None,
        tags: None,
        role_last_used: None,
        source_role_template: None,
    }
}

/// All of a role.
pub(crate) fn whole(row: &RoleRow, trust: &str, last_use: Option<&CredentialUseRow>) -> Role {
    Role {
        permissions_boundary: row.boundary.as_deref().map(shapes::boundary),
        tags: Some(shapes::tags(&row.tags)).filter(|tags| !tags.is_empty()),
        role_last_used: Some(RoleLastUsed {
            last_used_date: last_use.map(|used| used.used_at),
            region: last_use.map(|used| used.region.clone()),
        }),
        ..listed(row, trust)
    }
}

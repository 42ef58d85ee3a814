//! Rows as IAM's answers show them.

use keywright_auth::identities::UserRow;
use keywright_aws::iam::{AttachedPermissionsBoundary, PermissionsBoundaryAttachmentType, Tag, User};
use keywright_types::{Tags, Timestamp};

pub(crate) fn user(row: &UserRow, password_last_used: Option<Timestamp>) -> User {
    User {
        path: row.path.clone(),
        user_name: row.name.clone(),
        user_id: row.user_id.to_string(),
        arn: row.arn(),
        create_date: row.created_at,
        password_last_used,
        permissions_boundary: row.boundary.as_deref().map(boundary),
        tags: Some(tags(&row.tags)).filter(|tags| !tags.is_empty()),
    }
}

pub(crate) fn boundary(arn: &str) -> AttachedPermissionsBoundary {
    AttachedPermissionsBoundary {
        permissions_boundary_type: Some(PermissionsBoundaryAttachmentType::PermissionsBoundaryPolicy),
        permissions_boundary_arn: Some(arn.to_owned()),
    }
}

pub(crate) fn tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: key.to_owned(), value: value.to_owned() }).collect()
}

pub(crate) fn pairs(tags: Vec<Tag>) -> Vec<(String, String)> {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

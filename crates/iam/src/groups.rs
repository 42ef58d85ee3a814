//! Who is in a group.
//!
//! A user's own row says in which groups it is; the links only find those rows quickly.

use crate::counts;
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::{GroupRow, LinkKind, UserRow};
use keywright_auth::{Page, ServiceError as _, View};
use keywright_store::{Column as _, Versioned};

/// One page of a group's users by name, and one user more if there are more.
///
/// # Errors
/// The store's.
pub(crate) async fn members(
    view: View<'_, Iam>,
    group: &GroupRow,
    page: &Page,
) -> Result<Vec<Versioned<UserRow>>, IamError> {
    let params = [
        group.account.to_value(),
        page.after.clone().unwrap_or_default().to_value(),
        group.account.to_value(),
        group.group_id.to_value(),
        LinkKind::Member.as_str().to_owned().to_value(),
        page.rows().to_value(),
    ];
    let condition = "WHERE account = $1 AND name_key > $2 AND user_id IN \
                     (SELECT entity_id FROM iam_links WHERE account = $3 AND target = $4 AND kind = $5) \
                     ORDER BY name_key LIMIT $6";
    let mut found = view.store.select::<UserRow>(condition, &params).await.map_err(IamError::from_store)?;
    found.retain(|user| user.row.member_of.0.contains(&group.group_id));
    Ok(found)
}

/// Whether anybody is in the group. A link that is left over hinders the group's deletion; it does no other harm.
///
/// # Errors
/// The store's.
pub(crate) async fn has_members(view: View<'_, Iam>, group: &GroupRow) -> Result<bool, IamError> {
    let params = [
        group.account.to_value(),
        group.group_id.to_value(),
        LinkKind::Member.as_str().to_owned().to_value(),
    ];
    let condition = "WHERE account = $1 AND target = $2 AND kind = $3";
    Ok(counts::rows(view, "iam_links", condition, &params).await? > 0)
}

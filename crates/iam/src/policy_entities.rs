//! Whom a managed policy is attached to or bounds, for ListEntitiesForPolicy.

use crate::error::IamError;
use crate::policy_list::quoted;
use crate::service::Iam;
use crate::usage::{ATTACHING, BOUNDING};
use keywright_auth::identities::LinkKind;
use keywright_auth::{Page, ServiceError as _, View};
use keywright_aws::iam::{EntityType, PolicyUsageType};
use keywright_store::Column as _;
use keywright_types::AccountId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Group,
    Role,
    User,
}

/// One who has the policy.
pub struct Listed {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) id: String,
    /// Where it stands in the list.
    pub(crate) position: String,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Group, Self::Role, Self::User];

    /// Also where it stands in the list.
    const fn word(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Role => "role",
            Self::User => "user",
        }
    }

    fn of(link: LinkKind) -> Option<Self> {
        match link {
            LinkKind::UserPolicy | LinkKind::UserBoundary => Some(Self::User),
            LinkKind::GroupPolicy => Some(Self::Group),
            LinkKind::RolePolicy | LinkKind::RoleBoundary => Some(Self::Role),
            LinkKind::Member => None,
        }
    }
}

/// The links that the filters let through. Entities of the type "policy" have no policies, so that nobody is left.
pub(crate) fn kinds(entities: Option<EntityType>, usage: Option<PolicyUsageType>) -> Vec<LinkKind> {
    let wanted = |kind: Kind| match entities {
        None => true,
        Some(EntityType::User) => kind == Kind::User,
        Some(EntityType::Role) => kind == Kind::Role,
        Some(EntityType::Group) => kind == Kind::Group,
        Some(EntityType::LocalManagedPolicy | EntityType::AwsManagedPolicy) => false,
    };
    let used: Vec<LinkKind> = match usage {
        None => ATTACHING.into_iter().chain(BOUNDING).collect(),
        Some(PolicyUsageType::PermissionsPolicy) => ATTACHING.to_vec(),
        Some(PolicyUsageType::PermissionsBoundary) => BOUNDING.to_vec(),
    };
    used.into_iter().filter(|link| Kind::of(*link).is_some_and(wanted)).collect()
}

/// One page, with one too many if there are more. Whoever has the policy and is bounded by it stands in it once.
///
/// # Errors
/// The store's.
pub(crate) async fn find(
    view: View<'_, Iam>,
    account: AccountId,
    arn: &str,
    links: &[LinkKind],
    path_prefix: &str,
    page: &Page,
) -> Result<Vec<Listed>, IamError> {
    let selects: Vec<String> = Kind::ALL
        .into_iter()
        .filter_map(|kind| {
            let of_kind: Vec<LinkKind> =
                links.iter().copied().filter(|link| Kind::of(*link) == Some(kind)).collect();
            let word = kind.word();
            (!of_kind.is_empty()).then(|| {
                format!(
                    "SELECT '{word}' AS kind, e.name AS name, e.{word}_id AS id, '{word}/' || e.name_key AS position \
                     FROM iam_links l JOIN iam_{word}s e ON e.{word}_id = l.entity_id AND e.account = l.account \
                     WHERE l.account = $1 AND l.target = $2 AND l.kind IN ({}) AND substr(e.path, 1, $3) = $4",
                    quoted(&of_kind)
                )
            })
        })
        .collect();
    if selects.is_empty() {
        return Ok(Vec::new());
    }
    // UNION, not UNION ALL: it takes away what comes twice.
    let sql = format!(
        "SELECT kind, name, id, position FROM ({}) AS found WHERE position > $5 ORDER BY position LIMIT $6",
        // A lone SELECT needs the word as well.
        match selects.as_slice() {
            [one] => one.replacen("SELECT", "SELECT DISTINCT", 1),
            several => several.join(" UNION "),
        }
    );
    let params = [
        account.to_value(),
        arn.to_owned().to_value(),
        i64::try_from(path_prefix.chars().count()).unwrap_or(i64::MAX).to_value(),
        path_prefix.to_owned().to_value(),
        page.after.clone().unwrap_or_default().to_value(),
        page.rows().to_value(),
    ];
    let rows = view.store.query("iam_links", &sql, &params).await.map_err(IamError::from_store)?;
    let mut found = Vec::with_capacity(rows.len());
    for mut row in rows {
        let kind: String = row.take().map_err(IamError::from_store)?;
        let Some(kind) = Kind::ALL.into_iter().find(|known| known.word() == kind) else { continue };
        found.push(Listed {
            kind,
            name: row.take().map_err(IamError::from_store)?,
            id: row.take().map_err(IamError::from_store)?,
            position: row.take().map_err(IamError::from_store)?,
        });
    }
    Ok(found)
}

//! How many have a managed policy, and how many it bounds: counts for answers.
//!
//! The links are read after the policy's row. Whoever attaches a policy changes its row, so that a deletion which saw
//! no link and relies on the row's version cannot miss one.

use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::LinkKind;
use keywright_auth::{ServiceError as _, View};
use keywright_store::{Column as _, Value};
use keywright_types::AccountId;
use std::collections::HashMap;

/// The links that attach a policy.
pub(crate) const ATTACHING: [LinkKind; 3] =
    [LinkKind::UserPolicy, LinkKind::GroupPolicy, LinkKind::RolePolicy];
/// The links by which a policy bounds somebody.
pub(crate) const BOUNDING: [LinkKind; 2] = [LinkKind::UserBoundary, LinkKind::RoleBoundary];

/// The uses of one policy in one account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) attached: i32,
    pub(crate) bounding: i32,
}

impl Usage {
    pub(crate) fn is_none(self) -> bool {
        self == Self::default()
    }
}

/// # Errors
/// The store's.
pub(crate) async fn of_policy(view: View<'_, Iam>, account: AccountId, arn: &str) -> Result<Usage, IamError> {
    Ok(of_policies(view, account, std::iter::once(arn)).await?.remove(arn).unwrap_or_default())
}

/// By ARN; those without use are absent.
///
/// # Errors
/// The store's.
pub(crate) async fn of_policies<'a>(
    view: View<'_, Iam>,
    account: AccountId,
    arns: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, Usage>, IamError> {
    let mut params: Vec<Value> = vec![account.to_value()];
    let mut targets = Vec::new();
    for arn in arns {
        params.push(arn.to_owned().to_value());
        targets.push(format!("${}", params.len()));
    }
    let mut usages: HashMap<String, Usage> = HashMap::new();
    if targets.is_empty() {
        return Ok(usages);
    }
    let sql = format!(
        "SELECT target, kind, COUNT(*) FROM iam_links WHERE account = $1 AND target IN ({}) GROUP BY target, kind",
        targets.join(", ")
    );
    let rows = view.store.query("iam_links", &sql, &params).await.map_err(IamError::from_store)?;
    for mut row in rows {
        let target: String = row.take().map_err(IamError::from_store)?;
        let kind: String = row.take().map_err(IamError::from_store)?;
        let count: i64 = row.take().map_err(IamError::from_store)?;
        let usage = usages.entry(target).or_default();
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        if ATTACHING.iter().any(|known| known.as_str() == kind) {
            usage.attached = usage.attached.saturating_add(count);
        } else if BOUNDING.iter().any(|known| known.as_str() == kind) {
            usage.bounding = usage.bounding.saturating_add(count);
        }
    }
    Ok(usages)
}

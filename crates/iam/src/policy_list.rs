//! What ListPolicies finds: the service's own policies, then the account's, by name.

use crate::error::IamError;
use crate::service::Iam;
use crate::usage::{self, ATTACHING, BOUNDING, Usage};
use keywright_auth::identities::{LinkKind, PolicyRow, SERVICE_POLICIES, ServicePolicy};
use keywright_auth::{Page, ServiceError as _, View};
use keywright_aws::iam::{PolicyScopeType, PolicyUsageType};
use keywright_store::Column as _;
use keywright_types::{AccountId, PARTITION};

pub(crate) struct Filter {
    pub(crate) scope: PolicyScopeType,
    pub(crate) only_attached: bool,
    pub(crate) path_prefix: String,
    pub(crate) usage: Option<PolicyUsageType>,
}

/// One page, with one item too many if there are more.
pub struct Found {
    pub(crate) page: Page,
    pub(crate) items: Vec<Item>,
}

pub(crate) enum Item {
    Service(&'static ServicePolicy, Usage),
    Own(Box<PolicyRow>, Usage),
}

impl Item {
    /// Those of the service come first; the two parts cannot be confused, as names have no slash.
    pub(crate) fn position(&self) -> String {
        match self {
            Self::Service(policy, _) => format!("{SERVICE}{}", policy.name),
            Self::Own(row, _) => format!("{OWN}{}", row.name_key),
        }
    }
}

const SERVICE: &str = "aws/";
const OWN: &str = "local/";

impl Filter {
    pub(crate) fn scope_of_marker(&self) -> [String; 5] {
        [
            "ListPolicies".to_owned(),
            self.scope.as_str().to_owned(),
            self.only_attached.to_string(),
            self.path_prefix.clone(),
            self.usage.map_or("", PolicyUsageType::as_str).to_owned(),
        ]
    }

    /// The links that a policy must have one of, if it must have any.
    fn wanted(&self) -> Option<&'static [LinkKind]> {
        match (self.usage, self.only_attached) {
            (Some(PolicyUsageType::PermissionsBoundary), _) => Some(&BOUNDING),
            (Some(PolicyUsageType::PermissionsPolicy), _) | (None, true) => Some(&ATTACHING),
            (None, false) => None,
        }
    }

    fn keeps(&self, usage: Usage) -> bool {
        match (self.usage, self.only_attached) {
            (Some(PolicyUsageType::PermissionsBoundary), _) => usage.bounding > 0,
            (Some(PolicyUsageType::PermissionsPolicy), _) | (None, true) => usage.attached > 0,
            (None, false) => true,
        }
    }

    /// # Errors
    /// The store's.
    pub(crate) async fn find(
        &self,
        view: View<'_, Iam>,
        account: AccountId,
        page: Page,
    ) -> Result<Found, IamError> {
        let after = page.after.as_deref().unwrap_or_default();
        let mut items = Vec::new();
        if self.scope != PolicyScopeType::Local && !after.starts_with(OWN) {
            let after = after.strip_prefix(SERVICE).unwrap_or_default();
            self.find_of_service(view, account, after, &mut items).await?;
        }
        if self.scope != PolicyScopeType::Aws {
            let after = after.strip_prefix(OWN).unwrap_or_default();
            self.find_own(view, account, after, page.rows(), &mut items).await?;
        }
        Ok(Found { page, items })
    }

    async fn find_of_service(
        &self,
        view: View<'_, Iam>,
        account: AccountId,
        after: &str,
        items: &mut Vec<Item>,
    ) -> Result<(), IamError> {
        let policies: Vec<(&ServicePolicy, String)> = SERVICE_POLICIES
            .iter()
            .filter(|policy| policy.name > after && policy.path.starts_with(&self.path_prefix))
            .map(|policy| (policy, policy.arn()))
            .collect();
        let usages = usage::of_policies(view, account, policies.iter().map(|(_, arn)| arn.as_str())).await?;
        items.extend(policies.into_iter().filter_map(|(policy, arn)| {
            let usage = usages.get(&arn).copied().unwrap_or_default();
            self.keeps(usage).then_some(Item::Service(policy, usage))
        }));
        Ok(())
    }

    async fn find_own(
        &self,
        view: View<'_, Iam>,
        account: AccountId,
        after: &str,
        rows: i64,
        items: &mut Vec<Item>,
    ) -> Result<(), IamError> {
        let used = self.wanted().map_or_else(String::new, |kinds| {
            format!(
                "AND EXISTS (SELECT 1 FROM iam_links l WHERE l.account = iam_policies.account AND l.target = \
                 'arn:{PARTITION}:iam::' || iam_policies.account || ':policy' || path || name AND l.kind IN ({}))",
                quoted(kinds)
            )
        });
        let condition = format!(
            "WHERE account = $1 AND name_key > $2 AND substr(path, 1, $3) = $4 {used} ORDER BY name_key LIMIT $5"
        );
        let params = [
            account.to_value(),
            after.to_owned().to_value(),
            i64::try_from(self.path_prefix.chars().count()).unwrap_or(i64::MAX).to_value(),
            self.path_prefix.to_value(),
            rows.to_value(),
        ];
        let found =
            view.store.select::<PolicyRow>(&condition, &params).await.map_err(IamError::from_store)?;
        let found: Vec<(PolicyRow, String)> = found
            .into_iter()
            .map(|found| {
                let arn = found.row.arn();
                (found.row, arn)
            })
            .collect();
        let usages = usage::of_policies(view, account, found.iter().map(|(_, arn)| arn.as_str())).await?;
        items.extend(
            found
                .into_iter()
                .map(|(row, arn)| Item::Own(Box::new(row), usages.get(&arn).copied().unwrap_or_default())),
        );
        Ok(())
    }
}

/// The kinds as a list of SQL literals; they are our own constants.
pub(crate) fn quoted(kinds: &[LinkKind]) -> String {
    let kinds: Vec<String> = kinds.iter().map(|kind| format!("'{}'", kind.as_str())).collect();
    kinds.join(", ")
}

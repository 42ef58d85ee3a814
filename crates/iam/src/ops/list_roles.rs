//! ListRoles: the account's roles by name, below a path.

use super::role_shape;
use crate::error::IamError;
use crate::paging::Paging;
use crate::service::Iam;
use crate::trust;
use keywright_auth::identities::{EntityKind, RoleRow, entity_arn};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, Protected, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListRolesRequest, ListRolesResponse, operations};
use keywright_store::Column as _;

pub struct ListRoles {
    path_prefix: String,
    paging: Paging,
}

/// One page of roles, each with its trust policy as it is shown.
pub struct RolesPage {
    page: Page,
    roles: Vec<(RoleRow, String)>,
}

impl ListRoles {
    fn scope(&self) -> [&str; 2] {
        ["ListRoles", &self.path_prefix]
    }
}

impl Operation for ListRoles {
    type Service = Iam;
    type Input = ListRolesRequest;
    type Output = ListRolesResponse;
    type Facts = RolesPage;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_ROLES;
    const READ_ONLY: bool = true;

    fn parse(input: ListRolesRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self {
            path_prefix: input.path_prefix.unwrap_or_else(|| "/".to_owned()),
            paging: Paging::new(input.marker, input.max_items),
        })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<RolesPage, IamError> {
        let account = request.caller.account;
        let page = self.paging.open(view.keyring, account, &self.scope())?;
        let params = [
            account.to_value(),
            page.after.clone().unwrap_or_default().to_value(),
            i64::try_from(self.path_prefix.chars().count()).unwrap_or(i64::MAX).to_value(),
            self.path_prefix.to_value(),
            page.rows().to_value(),
        ];
        let condition = "WHERE account = $1 AND name_key > $2 AND substr(path, 1, $3) = $4 \
                         ORDER BY name_key LIMIT $5";
        let found = view.store.select::<RoleRow>(condition, &params).await.map_err(IamError::from_store)?;
        let mut roles = Vec::with_capacity(found.len());
        for found in found {
            let trust = trust::shown(view, &found.row).await?;
            roles.push((found.row, trust));
        }
        Ok(RolesPage { page, roles })
    }

    fn checks(&self, _facts: &RolesPage, request: &RequestContext) -> Checks {
        let arn = entity_arn(request.caller.account, EntityKind::Role, &self.path_prefix, "");
        [Check { action: "iam:ListRoles", protected: Protected::ByIdentity { arn } }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &RolesPage,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let mut roles: Vec<&(RoleRow, String)> = facts.roles.iter().collect();
        let account = request.caller.account;
        let marker = facts
            .page
            .close(env.keyring, account, &op.scope(), &mut roles, |(role, _)| role.name_key.to_string());
        Ok(Decision::answer(ListRolesResponse {
            roles: roles.into_iter().map(|(role, trust)| role_shape::listed(role, trust)).collect(),
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

//! ListGrants: the grants of a key, page by page. A page is one walk along an index, however many grants there are.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::grant::{Grant, GrantId, GrantRow, Party, grant_id, shown};
use crate::service::{Kms, Resolved, find_grant, key_values};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, RequestContext, ServiceError as _,
    View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{GrantListEntry, ListGrantsRequest, ListGrantsResponse, operations};
use keywright_policy::ConditionValue;
use keywright_store::Column as _;
use keywright_types::KeyRef;

pub struct ListGrants {
    key: KeyRef,
    grant: Option<GrantId>,
    grantee: Option<String>,
    marker: Option<String>,
    limit: usize,
}

/// The key and the grants read, with the page they are for.
pub struct GrantsPage {
    key: Resolved,
    page: Page,
    grants: Vec<(GrantId, GrantListEntry)>,
    for_service: bool,
}

impl ListGrants {
    fn scope<'a>(&'a self, key: &'a str) -> [&'a str; 3] {
        ["ListGrants", key, self.grantee.as_deref().unwrap_or_default()]
    }

    async fn read(&self, view: View<'_, Kms>, key: &Resolved, page: &Page) -> Result<Vec<Grant>, KmsError> {
        let Resolved::Key(key) = key else { return Ok(Vec::new()) };
        if let Some(id) = self.grant {
            let found = find_grant(view.store, &key.arn, id).await?;
            let Some(grantee) = &self.grantee else { return Ok(found.into_iter().collect()) };
            let Some(name) = grantee_name(view, grantee).await? else { return Ok(Vec::new()) };
            return Ok(found.into_iter().filter(|grant| *grant.grantee.name == *name).collect());
        }
        let [account, region, key_id] = key_values(&key.arn);
        let after = page.after.clone().unwrap_or_default().to_value();
        let rows = match &self.grantee {
            None => {
                let condition = "WHERE account = $1 AND region = $2 AND key_id = $3 AND grant_id > $4 \
                                 ORDER BY grant_id LIMIT $5";
                let params = [account, region, key_id, after, page.rows().to_value()];
                view.store.select::<GrantRow>(condition, &params).await
            }
            Some(grantee) => {
                let Some(name) = grantee_name(view, grantee).await? else { return Ok(Vec::new()) };
                let condition = "WHERE account = $1 AND region = $2 AND key_id = $3 AND grantee = $4 \
                                 AND grant_id > $5 ORDER BY grant_id LIMIT $6";
                let name = name.to_string().to_value();
                let params = [account, region, key_id, name, after, page.rows().to_value()];
                view.store.select::<GrantRow>(condition, &params).await
            }
        };
        let rows = rows.map_err(KmsError::from_store)?;
        rows.into_iter().map(Grant::from_row).collect::<Result<_, _>>().map_err(KmsError::from_store)
    }
}

/// A principal that is not there has no grants to list.
async fn grantee_name(view: View<'_, Kms>, text: &str) -> Result<Option<std::sync::Arc<str>>, KmsError> {
    match Party::find_name(view.store, text).await {
        Ok(name) => Ok(Some(name)),
        Err(KmsError::InvalidPrincipal { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Operation for ListGrants {
    type Service = Kms;
    type Input = ListGrantsRequest;
    type Output = ListGrantsResponse;
    type Facts = GrantsPage;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::LIST_GRANTS;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: ListGrantsRequest, service: &Kms) -> Result<Self, KmsError> {
        if input.grantee_service_principal.is_some() {
            return Err(KmsError::unsupported(
                "Grants to service principals are not supported by this release.",
            ));
        }
        Ok(Self {
            key: parse::key_without_alias(&input.key_id, service)?,
            grant: input.grant_id.as_deref().map(grant_id).transpose()?,
            grantee: input.grantee_principal,
            limit: parse::limit(input.limit, 50, 100)?,
            marker: input.marker,
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<GrantsPage, KmsError> {
        let key = view.service.resolve(view, &self.key, request).await?;
        let arn = key_text(&key);
        let scope = self.scope(&arn);
        let page =
            Page::open(view.keyring, request.caller.account, &scope, self.marker.as_deref(), self.limit)?;
        let grants = self.read(view, &key, &page).await?;
        let grants = shown(view.store, grants).await?;
        Ok(GrantsPage { key, page, grants, for_service: request.via.is_some() })
    }

    fn checks(&self, facts: &GrantsPage, _request: &RequestContext) -> Checks {
        [facts.key.check("kms:ListGrants")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a GrantsPage, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match name {
            "kms:grantisforawsresource" => ConditionValue::Bool(facts.for_service),
            _ => condition::of_key(&facts.key, Some(&self.key), name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &GrantsPage,
        env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.key.get()?;
        let scope = op.scope(&key.arn_text);
        let mut grants = facts.grants.clone();
        let next_marker =
            facts
                .page
                .close(env.keyring, request.caller.account, &scope, &mut grants, |(id, _)| id.to_string());
        Ok(Decision::answer(ListGrantsResponse {
            grants: Some(grants.into_iter().map(|(_, entry)| entry).collect()),
            truncated: Some(next_marker.is_some()),
            next_marker,
        }))
    }
}

fn key_text(key: &Resolved) -> String {
    match key {
        Resolved::Key(key) => key.arn_text.to_string(),
        Resolved::NoKey(_) | Resolved::NoAlias(_) => String::new(),
    }
}

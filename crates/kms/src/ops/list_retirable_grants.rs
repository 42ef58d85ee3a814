//! ListRetirableGrants: the grants that a principal of the caller's account may retire, on any account's keys in the
//! Region. The caller's own policies decide; the resource is the principal.

use super::parse;
use crate::error::KmsError;
use crate::grant::{Grant, GrantId, GrantRow, Party, account_of, shown};
use crate::service::Kms;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, Protected, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{GrantListEntry, ListGrantsResponse, ListRetirableGrantsRequest, operations};
use keywright_store::Column as _;

pub struct ListRetirableGrants {
    retiring: String,
    marker: Option<String>,
    limit: usize,
}

/// The grants read and the page they are for.
pub struct RetirablePage {
    is_known: bool,
    page: Page,
    grants: Vec<(GrantId, GrantListEntry)>,
}

impl ListRetirableGrants {
    fn scope<'a>(&'a self, request: &'a RequestContext) -> [&'a str; 3] {
        ["ListRetirableGrants", request.region.as_str(), &self.retiring]
    }
}

impl Operation for ListRetirableGrants {
    type Service = Kms;
    type Input = ListRetirableGrantsRequest;
    type Output = ListGrantsResponse;
    type Facts = RetirablePage;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::LIST_RETIRABLE_GRANTS;
    const READ_ONLY: bool = true;

    fn parse(input: ListRetirableGrantsRequest, _service: &Kms) -> Result<Self, KmsError> {
        if input.retiring_service_principal.is_some() {
            return Err(KmsError::unsupported(
                "Grants to service principals are not supported by this release.",
            ));
        }
        Ok(Self {
            retiring: input
                .retiring_principal
                .ok_or_else(|| KmsError::validation("You must specify a RetiringPrincipal."))?,
            limit: parse::limit(input.limit, 50, 100)?,
            marker: input.marker,
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<RetirablePage, KmsError> {
        let account = request.caller.account;
        let page =
            Page::open(view.keyring, account, &self.scope(request), self.marker.as_deref(), self.limit)?;
        // Of another account's principals nobody learns anything, not even whether they are there.
        let name = match account_of(&self.retiring) {
            Some(of) if of == account => match Party::find_name(view.store, &self.retiring).await {
                Ok(name) => name,
                Err(KmsError::InvalidPrincipal { .. }) => {
                    return Ok(RetirablePage { is_known: false, page, grants: Vec::new() });
                }
                Err(error) => return Err(error),
            },
            Some(_) | None => return Ok(RetirablePage { is_known: false, page, grants: Vec::new() }),
        };
        let rows = view
            .store
            .select::<GrantRow>(
                "WHERE region = $1 AND retiring = $2 AND grant_id > $3 ORDER BY grant_id LIMIT $4",
                &[
                    request.region.to_value(),
                    name.to_string().to_value(),
                    page.after.clone().unwrap_or_default().to_value(),
                    page.rows().to_value(),
                ],
            )
            .await
            .map_err(KmsError::from_store)?;
        let grants = rows.into_iter().map(Grant::from_row).collect::<Result<_, _>>();
        let grants = shown(view.store, grants.map_err(KmsError::from_store)?).await?;
        Ok(RetirablePage { is_known: true, page, grants })
    }

    fn checks(&self, _facts: &RetirablePage, _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: self.retiring.clone() };
        [Check { action: "kms:ListRetirableGrants", protected }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &RetirablePage,
        env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        if !facts.is_known {
            return Err(KmsError::InvalidPrincipal { arn: op.retiring.clone() });
        }
        let mut grants = facts.grants.clone();
        let account = request.caller.account;
        let next_marker =
            facts.page.close(env.keyring, account, &op.scope(request), &mut grants, |(id, _)| id.to_string());
        Ok(Decision::answer(ListGrantsResponse {
            grants: Some(grants.into_iter().map(|(_, entry)| entry).collect()),
            truncated: Some(next_marker.is_some()),
            next_marker,
        }))
    }
}

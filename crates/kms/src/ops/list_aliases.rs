//! ListAliases: the account's aliases in the Region, or one key's, by name. Predefined aliases of
//! service-managed keys that do not exist yet are shown without a target.

use super::parse;
use crate::alias::{AliasRow, SERVICES_WITH_KEYS};
use crate::error::KmsError;
use crate::service::{Kms, Resolved, local_alias};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, Protected, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{AliasListEntry, ListAliasesRequest, ListAliasesResponse, operations};
use keywright_store::Column as _;
use keywright_types::{AliasName, KeyId, KeyRef, Timestamp};

pub struct ListAliases {
    key: Option<KeyRef>,
    marker: Option<String>,
    limit: usize,
}

/// One line of the list: a predefined alias may have no row.
#[derive(Clone)]
struct Entry {
    name: AliasName,
    target: Option<(KeyId, Timestamp, Timestamp)>,
}

/// The aliases read and the page they are for.
pub struct AliasesPage {
    resolved: Option<Resolved>,
    page: Page,
    entries: Vec<Entry>,
}

impl ListAliases {
    /// What a marker is bound to: the list of this Region, or of this key.
    fn scope(&self, request: &RequestContext) -> Vec<String> {
        let mut scope = vec!["ListAliases".to_owned(), request.region.to_string()];
        match &self.key {
            Some(KeyRef::Id(key_id)) => scope.push(key_id.to_string()),
            Some(KeyRef::Arn(arn)) => scope.push(arn.key_id.to_string()),
            Some(KeyRef::Alias(_) | KeyRef::AliasArn(_)) | None => {}
        }
        scope
    }
}

impl Operation for ListAliases {
    type Service = Kms;
    type Input = ListAliasesRequest;
    type Output = ListAliasesResponse;
    type Facts = AliasesPage;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::LIST_ALIASES;
    const READ_ONLY: bool = true;

    fn parse(input: ListAliasesRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self {
            key: input.key_id.as_deref().map(|text| parse::key_without_alias(text, service)).transpose()?,
            limit: parse::limit(input.limit, 50, 100)?,
            marker: input.marker,
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<AliasesPage, KmsError> {
        let account = request.caller.account;
        let scope = self.scope(request);
        let scope: Vec<&str> = scope.iter().map(String::as_str).collect();
        let page = Page::open(view.keyring, account, &scope, self.marker.as_deref(), self.limit)?;
        let resolved = match &self.key {
            Some(key_ref) => Some(view.service.resolve(view, key_ref, request).await?),
            None => None,
        };
        let after = page.after.clone().unwrap_or_default();
        let rows = match &resolved {
            Some(Resolved::Key(key)) => {
                let condition =
                    "WHERE account = $1 AND region = $2 AND key_id = $3 AND name > $4 ORDER BY name LIMIT $5";
                let params = [
                    account.to_value(),
                    request.region.to_value(),
                    key.arn.key_id.to_value(),
                    after.to_value(),
                    page.rows().to_value(),
                ];
                view.store.select::<AliasRow>(condition, &params).await
            }
            Some(Resolved::NoKey(_) | Resolved::NoAlias(_)) => Ok(Vec::new()),
            None => {
                let condition = "WHERE account = $1 AND region = $2 AND name > $3 ORDER BY name LIMIT $4";
                let params =
                    [account.to_value(), request.region.to_value(), after.to_value(), page.rows().to_value()];
                view.store.select::<AliasRow>(condition, &params).await
            }
        };
        let mut entries: Vec<Entry> = rows
            .map_err(KmsError::from_store)?
            .into_iter()
            .map(|stored| Entry {
                target: Some((stored.row.key_id, stored.row.created_at, stored.row.updated_at)),
                name: stored.row.name,
            })
            .collect();
        if resolved.is_none() {
            add_predefined(&mut entries, &after, &page);
        }
        Ok(AliasesPage { resolved, page, entries })
    }

    fn checks(&self, _facts: &AliasesPage, _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "kms:ListAliases", protected }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &AliasesPage,
        env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        if let Some(resolved) = &facts.resolved {
            resolved.get()?;
        }
        let scope = op.scope(request);
        let scope: Vec<&str> = scope.iter().map(String::as_str).collect();
        let mut entries = facts.entries.clone();
        let next_marker =
            facts.page.close(env.keyring, request.caller.account, &scope, &mut entries, |entry| {
                entry.name.to_string()
            });
        let aliases = entries.into_iter().map(|entry| AliasListEntry {
            alias_arn: Some(local_alias(&entry.name, request).to_string()),
            alias_name: Some(entry.name.to_string()),
            target_key_id: entry.target.map(|(key_id, _, _)| key_id.to_string()),
            creation_date: entry.target.map(|(_, created_at, _)| created_at),
            last_updated_date: entry.target.map(|(_, _, updated_at)| updated_at),
        });
        Ok(Decision::answer(ListAliasesResponse {
            aliases: Some(aliases.collect()),
            truncated: Some(next_marker.is_some()),
            next_marker,
        }))
    }
}

/// Adds the predefined names that have no row and fall on this page, in their places.
fn add_predefined(entries: &mut Vec<Entry>, after: &str, page: &Page) {
    let is_full = i64::try_from(entries.len()).is_ok_and(|read| read >= page.rows());
    let last = entries.last().map(|entry| entry.name.clone());
    for service in SERVICES_WITH_KEYS {
        let Some(name) = AliasName::parse(&format!("alias/aws/{service}")) else { continue };
        let on_page = name.as_str() > after && (!is_full || last.as_ref().is_some_and(|last| name < *last));
        if on_page && let Err(place) = entries.binary_search_by(|entry| entry.name.cmp(&name)) {
            entries.insert(place, Entry { name, target: None });
        }
    }
}

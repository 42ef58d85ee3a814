//! ListSecretVersionIds: the versions that have a value; with IncludeDeprecated also those without labels.

use super::parse;
use crate::access::AccessRow;
use crate::arn::SecretRef;
use crate::error::SecretsError;
use crate::service::{Secrets, store_fault};
use crate::target::Target;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{
    ListSecretVersionIdsRequest, ListSecretVersionIdsResponse, SecretVersionsListEntry, operations,
};
use keywright_policy::ConditionValue;
use keywright_store::Column as _;
use keywright_types::Timestamp;
use std::collections::HashMap;

pub struct ListSecretVersionIds {
    secret: SecretRef,
    with_deprecated: bool,
    limit: usize,
    next_token: Option<String>,
}

/// The secret and a page of its versions.
pub struct VersionsPage {
    target: Target,
    page: Page,
    entries: Vec<Entry>,
}

/// One version as stored, without its value.
#[derive(Clone)]
struct Entry {
    id: String,
    created_at: Timestamp,
    kms_key: String,
    accessed_on: Option<Timestamp>,
}

impl ListSecretVersionIds {
    fn scope(&self, request: &RequestContext) -> [String; 4] {
        [
            "ListSecretVersionIds".to_owned(),
            request.region.to_string(),
            self.secret.text.clone(),
            self.with_deprecated.to_string(),
        ]
    }

    /// Versions in the order of their ids. Those without labels are passed over unless they are wanted.
    async fn read(
        &self,
        view: View<'_, Secrets>,
        target: &Target,
        page: &Page,
    ) -> Result<Vec<Entry>, SecretsError> {
        let Some(secret) = target.find_secret() else { return Ok(Vec::new()) };
        let [account, region, name] = secret.row.secret_key().values();
        let mut after = page.after.clone().unwrap_or_default();
        let mut entries = Vec::new();
        let wanted = usize::try_from(page.rows()).unwrap_or(usize::MAX);
        loop {
            let rows = view
                .store
                .query(
                    "secret_versions",
                    "SELECT version_id, created_at, kms_key_arn, is_default_key FROM secret_versions \
                     WHERE account = $1 AND region = $2 AND name = $3 AND version_id > $4 ORDER BY version_id LIMIT $5",
                    &[
                        account.clone(),
                        region.clone(),
                        name.clone(),
                        after.to_value(),
                        page.rows().to_value(),
                    ],
                )
                .await
                .map_err(store_fault)?;
            let read = rows.len();
            for mut row in rows {
                let id: String = row.take().map_err(store_fault)?;
                let created_at = row.take().map_err(store_fault)?;
                let arn: String = row.take().map_err(store_fault)?;
                let is_default: bool = row.take().map_err(store_fault)?;
                after.clone_from(&id);
                if self.with_deprecated || secret.versions().find(&id).is_some() {
                    let kms_key = if is_default { "DefaultEncryptionKey".to_owned() } else { arn };
                    entries.push(Entry { id, created_at, kms_key, accessed_on: None });
                }
            }
            if entries.len() >= wanted || read < wanted {
                break;
            }
        }
        entries.truncate(wanted);
        let accessed = view
            .store
            .select::<AccessRow>("WHERE account = $1 AND region = $2 AND name = $3", &[account, region, name])
            .await
            .map_err(store_fault)?;
        let accessed: HashMap<String, Timestamp> =
            accessed.into_iter().map(|found| (found.row.version_id, found.row.accessed_on)).collect();
        for entry in &mut entries {
            entry.accessed_on = accessed.get(&entry.id).copied();
        }
        Ok(entries)
    }
}

impl Operation for ListSecretVersionIds {
    type Service = Secrets;
    type Input = ListSecretVersionIdsRequest;
    type Output = ListSecretVersionIdsResponse;
    type Facts = VersionsPage;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::LIST_SECRET_VERSION_IDS;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: ListSecretVersionIdsRequest, service: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self {
            secret: SecretRef::parse(&input.secret_id, &service.regions)?,
            with_deprecated: input.include_deprecated.unwrap_or(false),
            limit: parse::limit(input.max_results, 100),
            next_token: input.next_token,
        })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<VersionsPage, SecretsError> {
        let target = Target::find(view, &self.secret, request).await?;
        let scope = self.scope(request);
        let scope: Vec<&str> = scope.iter().map(String::as_str).collect();
        let page =
            Page::open(view.keyring, request.caller.account, &scope, self.next_token.as_deref(), self.limit)?;
        let entries = self.read(view, &target, &page).await?;
        Ok(VersionsPage { target, page, entries })
    }

    fn checks(&self, facts: &VersionsPage, _request: &RequestContext) -> Checks {
        [facts.target.check("secretsmanager:ListSecretVersionIds")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a VersionsPage, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        facts.target.condition(name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &VersionsPage,
        env: Env<'_, Secrets>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.target.get()?;
        let scope = op.scope(request);
        let scope: Vec<&str> = scope.iter().map(String::as_str).collect();
        let mut entries = facts.entries.clone();
        let next_token =
            facts
                .page
                .close(env.keyring, request.caller.account, &scope, &mut entries, |entry| entry.id.clone());
        let versions = entries.into_iter().map(|entry| {
            let labels = secret.versions().labels_of(&entry.id);
            SecretVersionsListEntry {
                version_stages: (!labels.is_empty()).then_some(labels),
                version_id: Some(entry.id),
                last_accessed_date: entry.accessed_on,
                created_date: Some(entry.created_at),
                kms_key_ids: Some(vec![entry.kms_key]),
            }
        });
        Ok(Decision::answer(ListSecretVersionIdsResponse {
            versions: Some(versions.collect()),
            next_token,
            arn: Some(secret.arn.to_string()),
            name: Some(secret.row.name.clone()),
        }))
    }
}

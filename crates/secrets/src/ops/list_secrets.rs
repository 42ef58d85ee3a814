//! ListSecrets: the secrets of the account and Region.

use super::describe_secret::shown_function;
use super::parse;
use super::rotate_secret::shown_metadata;
use crate::error::SecretsError;
use crate::filter::Filters;
use crate::listing::{Listed, Listing};
use crate::secret::{Secret, SecretRow};
use crate::service::{Secrets, store_fault};
use crate::tagging;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{
    ListSecretsRequest, ListSecretsResponse, SecretListEntry, SortByType, SortOrderType, operations,
};
use keywright_types::Timestamp;

pub struct ListSecrets {
    listing: Listing,
}

/// A page, and when each of its secrets was last read.
pub struct ListSecretsFacts {
    listed: Listed,
    accessed_on: Vec<Option<Timestamp>>,
}

/// Of secrets that have to do with replication alone.
fn primary_region(row: &SecretRow) -> Option<String> {
    row.replication.as_ref().map(|_| row.primary_region.as_ref().unwrap_or(&row.region).to_string())
}

fn entry(secret: &Secret, accessed_on: Option<Timestamp>, now: Timestamp) -> SecretListEntry {
    let row = &secret.row;
    let rotation = row.rotation.as_ref().map(|rotation| &rotation.0);
    let stages = secret.versions().iter().map(|(id, _)| (id.to_owned(), secret.versions().labels_of(id)));
    SecretListEntry {
        arn: Some(secret.arn.to_string()),
        name: Some(row.name.clone()),
        r#type: row.secret_type.clone(),
        description: row.description.clone(),
        kms_key_id: row.kms_key.clone(),
        rotation_enabled: rotation.map(|rotation| rotation.enabled),
        rotation_lambda_arn: rotation.and_then(|rotation| shown_function(row, rotation)),
        rotation_rules: rotation.and_then(|rotation| rotation.rules.as_ref()).map(|rules| rules.shown(now)),
        external_secret_rotation_metadata: rotation.and_then(shown_metadata),
        external_secret_rotation_role_arn: None,
        last_rotated_date: row.last_rotated_at,
        last_changed_date: Some(row.changed_at),
        last_accessed_date: accessed_on,
        deleted_date: row.delete_at,
        next_rotation_date: row.next_rotation_at,
        tags: (!row.tags.is_empty()).then(|| tagging::shown(&row.tags)),
        secret_versions_to_stages: (!secret.versions().is_empty()).then(|| stages.collect()),
        owning_service: None,
        created_date: Some(row.created_at),
        primary_region: primary_region(row),
    }
}

impl Operation for ListSecrets {
    type Service = Secrets;
    type Input = ListSecretsRequest;
    type Output = ListSecretsResponse;
    type Facts = ListSecretsFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::LIST_SECRETS;
    const READ_ONLY: bool = true;

    fn parse(input: ListSecretsRequest, _service: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self {
            listing: Listing {
                name: "ListSecrets",
                filters: Filters::parse(input.filters)?,
                with_deleted: input.include_planned_deletion.unwrap_or(false),
                sort_by: input.sort_by.unwrap_or(SortByType::CreatedDate),
                order: input.sort_order.unwrap_or(SortOrderType::Asc),
                limit: parse::limit(input.max_results, 100),
                next_token: input.next_token,
            },
        })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<ListSecretsFacts, SecretsError> {
        let listed = self.listing.read(view, request).await?;
        let mut accessed_on = Vec::with_capacity(listed.secrets.len());
        for secret in &listed.secrets {
            accessed_on.push(view.service.access.last(view.store, secret, "").await.map_err(store_fault)?);
        }
        Ok(ListSecretsFacts { listed, accessed_on })
    }

    fn checks(&self, _facts: &ListSecretsFacts, _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "secretsmanager:ListSecrets", protected }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &ListSecretsFacts,
        env: Env<'_, Secrets>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let entries = facts.listed.secrets.iter().zip(&facts.accessed_on);
        Ok(Decision::answer(ListSecretsResponse {
            secret_list: Some(
                entries.map(|(secret, accessed_on)| entry(secret, *accessed_on, env.now)).collect(),
            ),
            next_token: facts
                .listed
                .next
                .as_deref()
                .map(|next| op.listing.marker(env.keyring, next, request)),
        }))
    }
}

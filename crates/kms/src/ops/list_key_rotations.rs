//! ListKeyRotations: the history of a key's material, oldest first.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::material::MaterialRow;
use crate::service::{Kms, Resolved};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, RequestContext, ServiceError as _,
    View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{
    IncludeKeyMaterial, KeyMaterialState, ListKeyRotationsRequest, ListKeyRotationsResponse, RotationType,
    RotationsListEntry, operations,
};
use keywright_policy::ConditionValue;
use keywright_store::Column as _;
use keywright_types::{KeyRef, MaterialId, Timestamp};

pub struct ListKeyRotations {
    key: KeyRef,
    include: IncludeKeyMaterial,
    marker: Option<String>,
    limit: usize,
}

#[derive(Clone)]
struct Entry {
    ordinal: u32,
    material_id: MaterialId,
    made_at: Timestamp,
    rotation_type: Option<RotationType>,
}

/// The key and one page of its history.
pub struct RotationsPage {
    resolved: Resolved,
    page: Page,
    entries: Vec<Entry>,
}

impl ListKeyRotations {
    /// The ordinal that the list starts behind: the first material is no rotation.
    const fn start(&self) -> u32 {
        match self.include {
            IncludeKeyMaterial::AllKeyMaterial => 0,
            IncludeKeyMaterial::RotationsOnly => 1,
        }
    }
}

fn scope(resolved: &Resolved, include: IncludeKeyMaterial) -> [String; 3] {
    let key = match resolved {
        Resolved::Key(key) => key.arn_text.to_string(),
        Resolved::NoKey(_) | Resolved::NoAlias(_) => String::new(),
    };
    ["ListKeyRotations".to_owned(), key, include.as_str().to_owned()]
}

impl Operation for ListKeyRotations {
    type Service = Kms;
    type Input = ListKeyRotationsRequest;
    type Output = ListKeyRotationsResponse;
    type Facts = RotationsPage;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::LIST_KEY_ROTATIONS;
    const READ_ONLY: bool = true;

    fn parse(input: ListKeyRotationsRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self {
            key: parse::key_without_alias(&input.key_id, service)?,
            include: input.include_key_material.unwrap_or(IncludeKeyMaterial::RotationsOnly),
            marker: input.marker,
            limit: parse::limit(input.limit, 100, 1000)?,
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<RotationsPage, KmsError> {
        let resolved = view.service.resolve(view, &self.key, request).await?;
        let scope = scope(&resolved, self.include);
        let scope: [&str; 3] = [&scope[0], &scope[1], &scope[2]];
        let page =
            Page::open(view.keyring, request.caller.account, &scope, self.marker.as_deref(), self.limit)?;
        let after = match page.after.as_deref() {
            Some(ordinal) => ordinal.parse().map_err(|_| KmsError::InvalidMarker)?,
            None => self.start(),
        };
        let entries = match &resolved {
            Resolved::Key(key) => view
                .store
                .select::<MaterialRow>(
                    "WHERE account = $1 AND region = $2 AND key_id = $3 AND ordinal > $4 \
                     ORDER BY ordinal LIMIT $5",
                    &[
                        key.arn.account.to_value(),
                        key.arn.region.to_value(),
                        key.arn.key_id.to_value(),
                        after.to_value(),
                        page.rows().to_value(),
                    ],
                )
                .await
                .map_err(KmsError::from_store)?
                .into_iter()
                .map(|stored| Entry {
                    ordinal: stored.row.ordinal,
                    material_id: stored.row.material_id,
                    made_at: stored.row.created_at,
                    rotation_type: stored.row.rotation_type.as_deref().and_then(RotationType::parse),
                })
                .collect(),
            Resolved::NoKey(_) | Resolved::NoAlias(_) => Vec::new(),
        };
        Ok(RotationsPage { resolved, page, entries })
    }

    fn checks(&self, facts: &RotationsPage, _request: &RequestContext) -> Checks {
        [facts.resolved.check("kms:ListKeyRotations")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a RotationsPage,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        condition::of_key(&facts.resolved, Some(&self.key), name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &RotationsPage,
        env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.resolved.get()?;
        key.check_rotates()?;
        let scope = scope(&facts.resolved, op.include);
        let scope: [&str; 3] = [&scope[0], &scope[1], &scope[2]];
        let mut entries = facts.entries.clone();
        let next_marker =
            facts.page.close(env.keyring, request.caller.account, &scope, &mut entries, |entry| {
                entry.ordinal.to_string()
            });
        let rotations = entries.into_iter().map(|entry| RotationsListEntry {
            key_id: Some(key.arn_text.to_string()),
            key_material_id: Some(entry.material_id.to_string()),
            key_material_state: Some(if entry.material_id == key.current_material {
                KeyMaterialState::Current
            } else {
                KeyMaterialState::NonCurrent
            }),
            rotation_date: entry.rotation_type.map(|_| entry.made_at),
            rotation_type: entry.rotation_type,
            ..RotationsListEntry::default()
        });
        Ok(Decision::answer(ListKeyRotationsResponse {
            rotations: Some(rotations.collect()),
            truncated: Some(next_marker.is_some()),
            next_marker,
        }))
    }
}

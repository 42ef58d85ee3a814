//! ListKeyRotations: the history of a key's material, oldest first.

use super::parse;
use crate::condition;
use crate::error::KmsError;
use crate::imported::{ImportedMaterial, Standing};
use crate::key::{Key, Origin};
use crate::material::MaterialRow;
use crate::multi_region::Family;
use crate::service::{Kms, Resolved};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, RequestContext, ServiceError as _,
    View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{
    ExpirationModelType, ImportState, IncludeKeyMaterial, KeyMaterialState, ListKeyRotationsRequest,
    ListKeyRotationsResponse, RotationType, RotationsListEntry, operations,
};
use keywright_policy::ConditionValue;
use keywright_store::Column as _;
use keywright_types::{KeyRef, MaterialId, Timestamp};
use std::sync::Arc;

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
    /// None for the first material and for one that waits for its rotation.
    rotated: Option<(Timestamp, RotationType)>,
    imported: Option<ImportedMaterial>,
}

impl Entry {
    fn of_row(row: &MaterialRow) -> Self {
        let rotation_type = row.rotation_type.as_deref().and_then(RotationType::parse);
        Self {
            ordinal: row.ordinal,
            material_id: row.material_id,
            rotated: rotation_type.map(|rotation_type| (row.created_at, rotation_type)),
            imported: None,
        }
    }

    fn of_imported(material: &ImportedMaterial) -> Self {
        Self {
            ordinal: material.ordinal,
            material_id: material.id,
            rotated: match material.standing {
                Standing::Rotated { at } => Some((at, RotationType::OnDemand)),
                Standing::First | Standing::PendingRotation => None,
            },
            imported: Some(material.clone()),
        }
    }
}

/// The key and one page of its history.
pub struct RotationsPage {
    family: Family,
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

fn state_of(entry: &Entry, key: &Key, related: &[Arc<Key>]) -> KeyMaterialState {
    if entry.imported.as_ref().is_some_and(ImportedMaterial::is_pending) {
        let is_there = |key: &Key| key.imported.holds(entry.material_id.tag());
        return if is_there(key) && related.iter().all(|other| is_there(other)) {
            KeyMaterialState::PendingRotation
        } else {
            KeyMaterialState::PendingMultiRegionImportAndRotation
        };
    }
    if Some(entry.material_id) == key.current_material {
        KeyMaterialState::Current
    } else {
        KeyMaterialState::NonCurrent
    }
}

fn expiration_model(material: &ImportedMaterial) -> Option<ExpirationModelType> {
    material.presence.map(|presence| match presence.valid_to {
        Some(_) => ExpirationModelType::KeyMaterialExpires,
        None => ExpirationModelType::KeyMaterialDoesNotExpire,
    })
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
        let family = Family::find(view, view.service.resolve(view, &self.key, request).await?).await?;
        let scope = scope(&family.resolved, self.include);
        let scope: [&str; 3] = [&scope[0], &scope[1], &scope[2]];
        let page =
            Page::open(view.keyring, request.caller.account, &scope, self.marker.as_deref(), self.limit)?;
        let after = match page.after.as_deref() {
            Some(ordinal) => ordinal.parse().map_err(|_| KmsError::InvalidMarker)?,
            None => self.start(),
        };
        let entries = match &family.resolved {
            Resolved::Key(key) if key.origin == Origin::External => key
                .imported
                .iter()
                .map(Entry::of_imported)
                .filter(|entry| entry.ordinal > after)
                .filter(|entry| self.include == IncludeKeyMaterial::AllKeyMaterial || entry.rotated.is_some())
                .take(usize::try_from(page.rows()).unwrap_or(usize::MAX))
                .collect(),
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
                .map(|stored| Entry::of_row(&stored.row))
                .collect(),
            Resolved::NoKey(_) | Resolved::NoAlias(_) => Vec::new(),
        };
        Ok(RotationsPage { family, page, entries })
    }

    fn checks(&self, facts: &RotationsPage, _request: &RequestContext) -> Checks {
        [facts.family.resolved.check("kms:ListKeyRotations")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a RotationsPage,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        condition::of_key(&facts.family.resolved, Some(&self.key), name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &RotationsPage,
        env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.family.get()?;
        key.check_rotates()?;
        let scope = scope(&facts.family.resolved, op.include);
        let scope: [&str; 3] = [&scope[0], &scope[1], &scope[2]];
        let mut entries = facts.entries.clone();
        let next_marker =
            facts.page.close(env.keyring, request.caller.account, &scope, &mut entries, |entry| {
                entry.ordinal.to_string()
            });
        let rotations = entries.into_iter().map(|entry| RotationsListEntry {
            key_id: Some(key.arn_text.to_string()),
            key_material_id: Some(entry.material_id.to_string()),
            key_material_description: entry.imported.as_ref().and_then(|one| one.description.clone()),
            import_state: entry.imported.as_ref().map(|one| match one.presence {
                Some(_) => ImportState::Imported,
                None => ImportState::PendingImport,
            }),
            key_material_state: Some(state_of(&entry, key, &facts.family.related)),
            expiration_model: entry.imported.as_ref().and_then(expiration_model),
            valid_to: entry.imported.as_ref().and_then(ImportedMaterial::valid_to),
            rotation_date: entry.rotated.map(|(at, _)| at),
            rotation_type: entry.rotated.map(|(_, rotation_type)| rotation_type),
        });
        Ok(Decision::answer(ListKeyRotationsResponse {
            rotations: Some(rotations.collect()),
            truncated: Some(next_marker.is_some()),
            next_marker,
        }))
    }
}

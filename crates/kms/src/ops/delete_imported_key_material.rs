//! DeleteImportedKeyMaterial: the key cannot be used until the same key material comes back.

use super::parse;
use crate::condition;
use crate::error::{KmsError, NotFound};
use crate::key::Key;
use crate::material::{MaterialRow, find_materials};
use crate::multi_region::Family;
use crate::service::Kms;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{DeleteImportedKeyMaterialRequest, DeleteImportedKeyMaterialResponse, operations};
use keywright_policy::ConditionValue;
use keywright_store::{Versioned, WriteSet};
use keywright_types::{KeyRef, MaterialId};
use std::sync::Arc;

pub struct DeleteImportedKeyMaterial {
    key: KeyRef,
    material: Option<MaterialId>,
}

/// The key, those related to it, and the bytes of the material in question wherever they are.
pub struct Doomed {
    family: Family,
    rows: Vec<Versioned<MaterialRow>>,
}

impl DeleteImportedKeyMaterial {
    /// Without a name the current one is meant.
    fn chosen(&self, key: &Key) -> Option<MaterialId> {
        self.material.or(key.current_material)
    }
}

impl Operation for DeleteImportedKeyMaterial {
    type Service = Kms;
    type Input = DeleteImportedKeyMaterialRequest;
    type Output = DeleteImportedKeyMaterialResponse;
    type Facts = Doomed;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::DELETE_IMPORTED_KEY_MATERIAL;
    const READ_ONLY: bool = false;

    fn parse(input: DeleteImportedKeyMaterialRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self {
            key: parse::key_without_alias(&input.key_id, service)?,
            material: parse::material(input.key_material_id.as_deref())?,
        })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Doomed, KmsError> {
        let family = Family::find(view, view.service.resolve(view, &self.key, request).await?).await?;
        let rows = match family.get() {
            Ok(key) => find_materials(view, key, self.chosen(key)).await?,
            Err(_) => Vec::new(),
        };
        Ok(Doomed { family, rows })
    }

    fn checks(&self, facts: &Doomed, _request: &RequestContext) -> Checks {
        [facts.family.resolved.check("kms:DeleteImportedKeyMaterial")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Doomed, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        condition::of_key(&facts.family.resolved, Some(&self.key), name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Doomed,
        _env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let key = facts.family.get()?;
        key.check_external()?;
        let chosen = op.chosen(key);
        if let Some(named) = op.material
            && key.imported.find(named).is_none()
        {
            return Err(KmsError::NotFound(NotFound::Material { key: Arc::clone(&key.arn_text), id: named }));
        }
        let output = DeleteImportedKeyMaterialResponse {
            key_id: Some(key.arn_text.to_string()),
            key_material_id: chosen.filter(|_| key.spec.rotates()).map(|id| id.to_string()),
        };
        let Some(material) = chosen.and_then(|id| key.imported.find(id)) else {
            return Ok(Decision::answer(output));
        };
        let mut writes = WriteSet::default();
        // One that waits for a rotation belongs to the primary key's decision: without it there the others have no use
        // for it. Taken from a replica it can still come back there.
        let everywhere = material.is_pending() && !key.is_replica();
        for one in std::iter::once(key).chain(facts.family.related.iter().filter(|_| everywhere)) {
            let mut changed = Key::clone(one);
            changed.remove_imported(material.id, everywhere);
            writes.update(&changed.to_row(), one.version);
            for row in facts.rows.iter().filter(|row| row.row.region == one.arn.region) {
                writes.delete(row);
            }
        }
        Ok(Decision::write(output, writes))
    }
}

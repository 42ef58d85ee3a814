//! InspectCiphertext: which key and key material a ciphertext was made with, when that was made, and whether it is the
//! key's current one; without opening it.
//!
//! The ciphertext's header is believed, not proved: only whoever opens it learns whether it is whole. Whoever asks needs
//! kms:DescribeKey on the key beside the action of this operation. Of a key that the caller may not know of, nothing is
//! told that is not told of one that does not exist.

use crate::Inventory;
use crate::error::InventoryError;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::keywright::{
    InspectCiphertextRequest, InspectCiphertextResponse, KeyMaterialState, RotationKind, operations,
};
use keywright_crypto::Unrecognised;
use keywright_kms::InspectedCiphertext;
use keywright_policy::{ConditionValue, Grant};

pub struct InspectCiphertext {
    blob: Vec<u8>,
}

const ACTION: &str = "keywright:InspectCiphertext";

impl Operation for InspectCiphertext {
    type Service = Inventory;
    type Input = InspectCiphertextRequest;
    type Output = InspectCiphertextResponse;
    type Facts = Result<InspectedCiphertext, Unrecognised>;
    type Error = InventoryError;
    const MODEL: &'static OperationModel = &operations::INSPECT_CIPHERTEXT;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: InspectCiphertextRequest, _service: &Inventory) -> Result<Self, InventoryError> {
        Ok(Self { blob: input.ciphertext_blob })
    }

    async fn facts(
        &self,
        view: View<'_, Inventory>,
        request: &RequestContext,
    ) -> Result<Self::Facts, InventoryError> {
        Ok(InspectedCiphertext::find(Inventory::of_kms(view), &self.blob, request).await?)
    }

    fn checks(&self, facts: &Self::Facts, request: &RequestContext) -> Checks {
        match facts {
            Ok(found) => {
                // A ciphertext names its key by the id alone; whose key it is, is for the key's own check to say.
                let arn = found.known_arn(request).to_string();
                let own = Check { action: ACTION, protected: Protected::ByIdentity { arn } };
                [own, found.check(request)].into_iter().collect()
            }
            Err(_) => {
                let protected = Protected::ByIdentity { arn: "*".to_owned() };
                [Check { action: ACTION, protected }].into_iter().collect()
            }
        }
    }

    fn condition<'a>(&'a self, facts: &'a Self::Facts, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        facts.as_ref().map_or(ConditionValue::Absent, |found| found.condition(name))
    }

    async fn granted(
        &self,
        facts: &Self::Facts,
        check: &Check,
        view: View<'_, Inventory>,
        request: &RequestContext,
    ) -> Result<Grant, InventoryError> {
        match facts {
            Ok(found) if check.action != ACTION => {
                Ok(found.granted(Inventory::of_kms(view), request).await?)
            }
            Ok(_) | Err(_) => Ok(Grant::None),
        }
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &Self::Facts,
        _env: Env<'_, Inventory>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let found = facts.as_ref().map_err(|what| InventoryError::InvalidCiphertext(*what))?;
        let told = found.tell(request)?;
        let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let tag: String = found.header.material_tag().iter().map(|byte| format!("{byte:02x}")).collect();
        let state = match told.material {
            None => KeyMaterialState::Absent,
            Some(material) if material.id == told.key.current_material => KeyMaterialState::Current,
            Some(_) => KeyMaterialState::NonCurrent,
        };
        Ok(Decision::answer(InspectCiphertextResponse {
            version: i32::from(found.header.version()),
            suite: i32::from(found.header.suite()),
            plaintext_bytes: i32::try_from(found.plaintext_bytes).unwrap_or(i32::MAX),
            key_arn: told.key.arn_text.to_string(),
            key_state: told.key.state.as_str().to_owned(),
            key_material_tag: tag,
            key_material_id: told.material.map(|material| material.id.to_string()),
            key_material_state: state,
            key_material_date: told.material.map(|material| material.made_at),
            key_material_number: told.material.map(|material| number(material.number)),
            rotation_type: told
                .material
                .and_then(|material| material.rotation_type.as_deref().and_then(RotationKind::parse)),
            current_key_material_id: told.key.current_material.to_string(),
            current_key_material_date: told.key.current_material_at,
            current_key_material_number: number(told.current_number),
        }))
    }
}

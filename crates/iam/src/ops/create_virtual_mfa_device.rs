//! CreateVirtualMFADevice: a seed for an authenticator app, shown this once.

use super::shapes;
use crate::base32;
use crate::error::IamError;
use crate::mfa::{self, Device};
use crate::qr_code;
use crate::service::Iam;
use crate::tags;
use keywright_auth::identities::{EntityKind, entity_arn};
use keywright_auth::{
    Authorised, Cause, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{
    CreateVirtualMFADeviceRequest, CreateVirtualMFADeviceResponse, VirtualMFADevice, operations,
};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;
use keywright_types::{AccountId, SecretBytes, SecretText, Tags};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

pub struct CreateVirtualMfaDevice {
    path: String,
    name: String,
    tags: Vec<(String, String)>,
}

/// Whether the serial number is taken.
pub struct CreateVirtualMfaDeviceFacts {
    device: Device,
}

impl Operation for CreateVirtualMfaDevice {
    type Service = Iam;
    type Input = CreateVirtualMFADeviceRequest;
    type Output = CreateVirtualMFADeviceResponse;
    type Facts = CreateVirtualMfaDeviceFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::CREATE_VIRTUAL_MFA_DEVICE;
    const READ_ONLY: bool = false;

    fn parse(input: CreateVirtualMFADeviceRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self {
            path: input.path.unwrap_or_else(|| "/".to_owned()),
            name: input.virtual_mfa_device_name,
            tags: shapes::pairs(input.tags.unwrap_or_default()),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<CreateVirtualMfaDeviceFacts, IamError> {
        let account = request.caller.account;
        let serial = entity_arn(account, EntityKind::MfaDevice, &self.path, &self.name);
        Ok(CreateVirtualMfaDeviceFacts { device: Device::find(view, account, &serial).await? })
    }

    fn checks(&self, facts: &CreateVirtualMfaDeviceFacts, _request: &RequestContext) -> Checks {
        let check =
            |action| Check { action, protected: Protected::ByIdentity { arn: facts.device.serial.clone() } };
        let mut checks = Checks::new();
        checks.push(check("iam:CreateVirtualMFADevice"));
        if !self.tags.is_empty() {
            checks.push(check("iam:TagMFADevice"));
        }
        checks
    }

    fn condition<'a>(
        &'a self,
        _facts: &'a CreateVirtualMfaDeviceFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        tags::requested(&self.tags, name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &CreateVirtualMfaDeviceFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        if facts.device.found().is_some() {
            return Err(IamError::EntityAlreadyExists {
                message: "MFADevice entity at the same path and name already exists.".to_owned(),
            });
        }
        let serial = &facts.device.serial;
        if serial.chars().count() > SERIAL_MAX {
            // No later request could name it.
            return Err(IamError::validation(format!(
                "The path and name are too long: a serial number has {SERIAL_MAX} characters at the most."
            )));
        }
        let account = request.caller.account;
        let mut tags = Tags::default();
        tags::add(&mut tags, op.tags.iter().cloned())?;
        let (row, seed) = mfa::new_device(account, serial.clone(), tags, env);
        let seed = base32::encode(seed.expose());
        let address = address(&op.name, account, &seed);
        let picture = qr_code::png(address.expose())
            .map_err(|_| IamError::internal(Cause::new("a seed's address does not fit into a QR code")))?;
        let mut writes = WriteSet::default();
        writes.insert(&row);
        let answer = CreateVirtualMFADeviceResponse {
            virtual_mfa_device: VirtualMFADevice {
                serial_number: row.serial.clone(),
                base32_string_seed: Some(SecretBytes::copy_of(seed.expose().as_bytes())),
                qr_code_png: Some(picture),
                user: None,
                enable_date: None,
                tags: Some(shapes::tags(&row.tags)).filter(|tags| !tags.is_empty()),
            },
        };
        Ok(Decision::write(answer, writes))
    }
}

/// What the model allows a serial number in other operations.
const SERIAL_MAX: usize = 256;

/// What an authenticator app reads from the QR code ("Key Uri Format" of Google Authenticator).
fn address(name: &str, account: AccountId, seed: &SecretText) -> SecretText {
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    SecretText::new(format!(
        "otpauth://totp/Keywright:{name}@{account}?secret={}&issuer=Keywright",
        seed.expose()
    ))
}

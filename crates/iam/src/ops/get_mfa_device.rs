//! GetMFADevice: whose a device is, and since when.

use crate::entities;
use crate::error::IamError;
use crate::mfa::{Device, Owner};
use crate::service::Iam;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{GetMFADeviceRequest, GetMFADeviceResponse, operations};
use keywright_policy::ConditionValue;

pub struct GetMfaDevice {
    user: Option<String>,
    serial: String,
}

/// The device and its user: the one named, or else the one whose it is.
pub struct GetMfaDeviceFacts {
    owner: Option<Owner>,
    device: Device,
}

impl Operation for GetMfaDevice {
    type Service = Iam;
    type Input = GetMFADeviceRequest;
    type Output = GetMFADeviceResponse;
    type Facts = GetMfaDeviceFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_MFA_DEVICE;
    const READ_ONLY: bool = true;

    fn parse(input: GetMFADeviceRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { user: input.user_name, serial: input.serial_number })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<GetMfaDeviceFacts, IamError> {
        let device = Device::find(view, request.caller.account, &self.serial).await?;
        let owner = match &self.user {
            Some(name) => Some(Owner::find(view, request, Some(name)).await?),
            None => Owner::of(view, request, &device).await?,
        };
        Ok(GetMfaDeviceFacts { owner, device })
    }

    fn checks(&self, facts: &GetMfaDeviceFacts, request: &RequestContext) -> Checks {
        const ACTION: &str = "iam:GetMFADevice";
        let check = facts.owner.as_ref().map_or_else(
            // Nobody's: whoever may ask of every user may know.
            || Check {
                action: ACTION,
                protected: Protected::ByIdentity { arn: entities::any_user_arn(request.caller.account) },
            },
            |owner| owner.check(ACTION),
        );
        [check].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a GetMfaDeviceFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.owner.as_ref().map_or(ConditionValue::Absent, |owner| owner.condition(name))
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &GetMfaDeviceFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let (found, user_name) = match &facts.owner {
            Some(owner) => (facts.device.of(owner)?, Some(owner.name()?.to_owned())),
            None => (facts.device.get()?, None),
        };
        Ok(Decision::answer(GetMFADeviceResponse {
            user_name,
            serial_number: op.serial.clone(),
            enable_date: found.row.enabled_at,
            // Of hardware keys only.
            certifications: None,
        }))
    }
}

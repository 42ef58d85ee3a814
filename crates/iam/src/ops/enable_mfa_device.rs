//! EnableMFADevice: switches a device on for a user who shows two of its codes in a row.

use crate::error::IamError;
use crate::mfa::{self, Device, Owner};
use crate::service::Iam;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{EnableMFADeviceRequest, operations};
use keywright_policy::ConditionValue;
use keywright_types::SecretText;

pub struct EnableMfaDevice {
    user: Option<String>,
    serial: String,
    codes: [SecretText; 2],
}

/// The user and the device.
pub struct EnableMfaDeviceFacts {
    owner: Owner,
    device: Device,
}

impl Operation for EnableMfaDevice {
    type Service = Iam;
    type Input = EnableMFADeviceRequest;
    type Output = ();
    type Facts = EnableMfaDeviceFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::ENABLE_MFA_DEVICE;
    const READ_ONLY: bool = false;

    fn parse(input: EnableMFADeviceRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self {
            user: Some(input.user_name),
            serial: input.serial_number,
            codes: [input.authentication_code1, input.authentication_code2],
        })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<EnableMfaDeviceFacts, IamError> {
        Ok(EnableMfaDeviceFacts {
            owner: Owner::find(view, request, self.user.as_deref()).await?,
            device: Device::find(view, request.caller.account, &self.serial).await?,
        })
    }

    fn checks(&self, facts: &EnableMfaDeviceFacts, _request: &RequestContext) -> Checks {
        [facts.owner.check("iam:EnableMFADevice")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a EnableMfaDeviceFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.owner.condition(name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &EnableMfaDeviceFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let [first, second] = &op.codes;
        let writes = mfa::enable(&facts.owner, &facts.device, [first, second], env, request)?;
        Ok(Decision::write((), writes))
    }
}

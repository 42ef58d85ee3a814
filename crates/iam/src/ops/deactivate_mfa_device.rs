//! DeactivateMFADevice: switches a user's device off.

use crate::error::IamError;
use crate::mfa::{self, Device, Owner};
use crate::service::Iam;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{DeactivateMFADeviceRequest, operations};
use keywright_policy::ConditionValue;

pub struct DeactivateMfaDevice {
    user: Option<String>,
    serial: String,
}

/// The user and the device.
pub struct DeactivateMfaDeviceFacts {
    owner: Owner,
    device: Device,
}

impl Operation for DeactivateMfaDevice {
    type Service = Iam;
    type Input = DeactivateMFADeviceRequest;
    type Output = ();
    type Facts = DeactivateMfaDeviceFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DEACTIVATE_MFA_DEVICE;
    const READ_ONLY: bool = false;

    fn parse(input: DeactivateMFADeviceRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { user: input.user_name, serial: input.serial_number })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<DeactivateMfaDeviceFacts, IamError> {
        Ok(DeactivateMfaDeviceFacts {
            owner: Owner::find(view, request, self.user.as_deref()).await?,
            device: Device::find(view, request.caller.account, &self.serial).await?,
        })
    }

    fn checks(&self, facts: &DeactivateMfaDeviceFacts, _request: &RequestContext) -> Checks {
        [facts.owner.check("iam:DeactivateMFADevice")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a DeactivateMfaDeviceFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.owner.condition(name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &DeactivateMfaDeviceFacts,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let writes = mfa::deactivate(&facts.owner, &facts.device)?;
        Ok(Decision::write((), writes))
    }
}

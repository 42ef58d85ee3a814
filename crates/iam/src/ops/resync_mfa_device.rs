//! ResyncMFADevice: sets the clock of a user's device right by two of its codes in a row.

use crate::error::IamError;
use crate::mfa::{self, Device, Owner};
use crate::service::Iam;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ResyncMFADeviceRequest, operations};
use keywright_policy::ConditionValue;
use keywright_types::SecretText;

pub struct ResyncMfaDevice {
    user: Option<String>,
    serial: String,
    codes: [SecretText; 2],
}

/// The user and the device.
pub struct ResyncMfaDeviceFacts {
    owner: Owner,
    device: Device,
}

impl Operation for ResyncMfaDevice {
    type Service = Iam;
    type Input = ResyncMFADeviceRequest;
    type Output = ();
    type Facts = ResyncMfaDeviceFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::RESYNC_MFA_DEVICE;
    const READ_ONLY: bool = false;

    fn parse(input: ResyncMFADeviceRequest, _service: &Iam) -> Result<Self, IamError> {
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
    ) -> Result<ResyncMfaDeviceFacts, IamError> {
        Ok(ResyncMfaDeviceFacts {
            owner: Owner::find(view, request, self.user.as_deref()).await?,
            device: Device::find(view, request.caller.account, &self.serial).await?,
        })
    }

    fn checks(&self, facts: &ResyncMfaDeviceFacts, _request: &RequestContext) -> Checks {
        [facts.owner.check("iam:ResyncMFADevice")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a ResyncMfaDeviceFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.owner.condition(name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &ResyncMfaDeviceFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let [first, second] = &op.codes;
        let writes = mfa::resync(&facts.owner, &facts.device, [first, second], env, request)?;
        Ok(Decision::write((), writes))
    }
}

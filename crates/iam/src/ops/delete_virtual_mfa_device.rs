//! DeleteVirtualMFADevice: forgets a seed that is nobody's.

use crate::error::IamError;
use crate::mfa::Device;
use crate::service::Iam;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{DeleteVirtualMFADeviceRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct DeleteVirtualMfaDevice {
    serial: String,
}

impl Operation for DeleteVirtualMfaDevice {
    type Service = Iam;
    type Input = DeleteVirtualMFADeviceRequest;
    type Output = ();
    type Facts = Device;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DELETE_VIRTUAL_MFA_DEVICE;
    const READ_ONLY: bool = false;

    fn parse(input: DeleteVirtualMFADeviceRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { serial: input.serial_number })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<Device, IamError> {
        Device::find(view, request.caller.account, &self.serial).await
    }

    fn checks(&self, device: &Device, _request: &RequestContext) -> Checks {
        [device.check("iam:DeleteVirtualMFADevice")].into_iter().collect()
    }

    fn condition<'a>(&'a self, device: &'a Device, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        device.condition(name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        device: &Device,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let found = device.get()?;
        if found.row.user_id.is_some() {
            return Err(IamError::DeleteConflict("MFA VirtualDevice in use. Must deactivate first.".into()));
        }
        let mut writes = WriteSet::default();
        writes.delete(found);
        Ok(Decision::write((), writes))
    }
}

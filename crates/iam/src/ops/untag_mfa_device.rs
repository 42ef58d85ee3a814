//! UntagMFADevice: takes tags off an MFA device.

use crate::error::IamError;
use crate::mfa::Device;
use crate::service::Iam;
use crate::tags;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{UntagMFADeviceRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct UntagMfaDevice {
    serial: String,
    keys: Vec<String>,
}

impl Operation for UntagMfaDevice {
    type Service = Iam;
    type Input = UntagMFADeviceRequest;
    type Output = ();
    type Facts = Device;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::UNTAG_MFA_DEVICE;
    const READ_ONLY: bool = false;

    fn parse(input: UntagMFADeviceRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { serial: input.serial_number, keys: input.tag_keys })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<Device, IamError> {
        Device::find(view, request.caller.account, &self.serial).await
    }

    fn checks(&self, device: &Device, _request: &RequestContext) -> Checks {
        [device.check("iam:UntagMFADevice")].into_iter().collect()
    }

    fn condition<'a>(&'a self, device: &'a Device, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match name {
            "aws:tagkeys" => ConditionValue::Multi(self.keys.iter().map(String::as_str).collect()),
            _ => device.condition(name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        device: &Device,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let found = device.get()?;
        let mut changed = found.row.clone();
        tags::remove(&mut changed.tags, &op.keys);
        let mut writes = WriteSet::default();
        writes.update(&changed, found.version);
        Ok(Decision::write((), writes))
    }
}

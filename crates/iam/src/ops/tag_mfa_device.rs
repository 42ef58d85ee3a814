//! TagMFADevice: adds tags to an MFA device.

use super::shapes;
use crate::error::IamError;
use crate::mfa::Device;
use crate::service::Iam;
use crate::tags;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{TagMFADeviceRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

pub struct TagMfaDevice {
    serial: String,
    tags: Vec<(String, String)>,
}

impl Operation for TagMfaDevice {
    type Service = Iam;
    type Input = TagMFADeviceRequest;
    type Output = ();
    type Facts = Device;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::TAG_MFA_DEVICE;
    const READ_ONLY: bool = false;

    fn parse(input: TagMFADeviceRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { serial: input.serial_number, tags: shapes::pairs(input.tags) })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<Device, IamError> {
        Device::find(view, request.caller.account, &self.serial).await
    }

    fn checks(&self, device: &Device, _request: &RequestContext) -> Checks {
        [device.check("iam:TagMFADevice")].into_iter().collect()
    }

    fn condition<'a>(&'a self, device: &'a Device, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match tags::requested(&self.tags, name) {
            ConditionValue::Absent => device.condition(name),
            requested => requested,
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
        tags::add(&mut changed.tags, op.tags.iter().cloned())?;
        let mut writes = WriteSet::default();
        writes.update(&changed, found.version);
        Ok(Decision::write((), writes))
    }
}

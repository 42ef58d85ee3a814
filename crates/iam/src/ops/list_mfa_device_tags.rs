//! ListMFADeviceTags: the tags of an MFA device by key.

use super::shapes;
use crate::error::IamError;
use crate::mfa::Device;
use crate::paging::{self, Paging};
use crate::service::Iam;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListMFADeviceTagsRequest, ListMFADeviceTagsResponse, operations};
use keywright_policy::ConditionValue;

pub struct ListMfaDeviceTags {
    serial: String,
    paging: Paging,
}

impl Operation for ListMfaDeviceTags {
    type Service = Iam;
    type Input = ListMFADeviceTagsRequest;
    type Output = ListMFADeviceTagsResponse;
    type Facts = Device;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_MFA_DEVICE_TAGS;
    const READ_ONLY: bool = true;

    fn parse(input: ListMFADeviceTagsRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { serial: input.serial_number, paging: Paging::new(input.marker, input.max_items) })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<Device, IamError> {
        Device::find(view, request.caller.account, &self.serial).await
    }

    fn checks(&self, device: &Device, _request: &RequestContext) -> Checks {
        [device.check("iam:ListMFADeviceTags")].into_iter().collect()
    }

    fn condition<'a>(&'a self, device: &'a Device, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        device.condition(name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        device: &Device,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let found = device.get()?;
        let account = request.caller.account;
        let scope = ["ListMFADeviceTags", &op.serial];
        let page = op.paging.open(env.keyring, account, &scope)?;
        let (tags, marker) =
            paging::page(&page, env.keyring, account, &scope, shapes::tags(&found.row.tags), |tag| {
                tag.key.clone()
            });
        Ok(Decision::answer(ListMFADeviceTagsResponse { tags, is_truncated: Some(marker.is_some()), marker }))
    }
}

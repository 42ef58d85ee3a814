//! ListMFADevices: the devices that are switched on for a user.

use crate::error::IamError;
use crate::mfa::Owner;
use crate::paging::{self, Paging};
use crate::service::Iam;
use keywright_auth::identities::MfaDeviceRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListMFADevicesRequest, ListMFADevicesResponse, MFADevice, operations};
use keywright_policy::ConditionValue;
use keywright_store::Versioned;
use keywright_types::Timestamp;

pub struct ListMfaDevices {
    user: Option<String>,
    paging: Paging,
}

/// The user and its devices.
pub struct ListMfaDevicesFacts {
    owner: Owner,
    devices: Vec<Versioned<MfaDeviceRow>>,
}

impl Operation for ListMfaDevices {
    type Service = Iam;
    type Input = ListMFADevicesRequest;
    type Output = ListMFADevicesResponse;
    type Facts = ListMfaDevicesFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_MFA_DEVICES;
    const READ_ONLY: bool = true;

    fn parse(input: ListMFADevicesRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { user: input.user_name, paging: Paging::new(input.marker, input.max_items) })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<ListMfaDevicesFacts, IamError> {
        let owner = Owner::find(view, request, self.user.as_deref()).await?;
        let devices = owner.devices(view).await?;
        Ok(ListMfaDevicesFacts { owner, devices })
    }

    fn checks(&self, facts: &ListMfaDevicesFacts, _request: &RequestContext) -> Checks {
        [facts.owner.check("iam:ListMFADevices")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a ListMfaDevicesFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.owner.condition(name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &ListMfaDevicesFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let user = facts.owner.name()?;
        let enabled_at = |serial: &str| {
            let row = facts.devices.iter().map(|found| &found.row).find(|row| row.serial == serial);
            // The user's row decides: a device whose own row was lost is shown, so that it can be taken off.
            row.and_then(|row| row.enabled_at).unwrap_or(Timestamp::from_seconds(0))
        };
        let mut devices: Vec<MFADevice> = facts
            .owner
            .serials()?
            .iter()
            .map(|serial| MFADevice {
                user_name: user.to_owned(),
                serial_number: serial.clone(),
                enable_date: enabled_at(serial),
            })
            .collect();
        devices.sort_by(|one, other| one.serial_number.cmp(&other.serial_number));
        let account = request.caller.account;
        let scope = ["ListMFADevices", user];
        let page = op.paging.open(env.keyring, account, &scope)?;
        let (mfa_devices, marker) =
            paging::page(&page, env.keyring, account, &scope, devices, |device| device.serial_number.clone());
        Ok(Decision::answer(ListMFADevicesResponse {
            mfa_devices,
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

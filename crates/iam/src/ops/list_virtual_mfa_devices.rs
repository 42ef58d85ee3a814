//! ListVirtualMFADevices: the account's devices, and whose they are.

use super::shapes;
use crate::error::IamError;
use crate::paging::Paging;
use crate::service::Iam;
use keywright_auth::identities::{MfaDeviceRow, UserRow};
use keywright_auth::{
    AccountRow, Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, Protected, ROOT,
    RequestContext, ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{
    AssignmentStatusType, ListVirtualMFADevicesRequest, ListVirtualMFADevicesResponse, User,
    VirtualMFADevice, operations,
};
use keywright_store::{Column as _, Versioned};
use keywright_types::Timestamp;

pub struct ListVirtualMfaDevices {
    status: AssignmentStatusType,
    paging: Paging,
}

/// One page of devices, and the users whose they are.
pub struct VirtualMfaDevicesPage {
    page: Page,
    devices: Vec<Versioned<MfaDeviceRow>>,
    users: Vec<Versioned<UserRow>>,
    account: Option<Versioned<AccountRow>>,
}

impl ListVirtualMfaDevices {
    fn scope(&self) -> [&str; 2] {
        ["ListVirtualMFADevices", self.status.as_str()]
    }

    /// The condition on a device's row.
    const fn condition(&self) -> &'static str {
        match self.status {
            AssignmentStatusType::Assigned => "user_id IS NOT NULL",
            AssignmentStatusType::Unassigned => "user_id IS NULL",
            AssignmentStatusType::Any => "1 = 1",
        }
    }
}

impl Operation for ListVirtualMfaDevices {
    type Service = Iam;
    type Input = ListVirtualMFADevicesRequest;
    type Output = ListVirtualMFADevicesResponse;
    type Facts = VirtualMfaDevicesPage;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_VIRTUAL_MFA_DEVICES;
    const READ_ONLY: bool = true;

    fn parse(input: ListVirtualMFADevicesRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self {
            status: input.assignment_status.unwrap_or(AssignmentStatusType::Any),
            paging: Paging::new(input.marker, input.max_items),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<VirtualMfaDevicesPage, IamError> {
        let account = request.caller.account;
        let page = self.paging.open(view.keyring, account, &self.scope())?;
        let params =
            [account.to_value(), page.after.clone().unwrap_or_default().to_value(), page.rows().to_value()];
        let chosen =
            format!("WHERE account = $1 AND serial > $2 AND {} ORDER BY serial LIMIT $3", self.condition());
        let devices =
            view.store.select::<MfaDeviceRow>(&chosen, &params).await.map_err(IamError::from_store)?;
        let theirs = format!("WHERE account = $1 AND user_id IN (SELECT user_id FROM mfa_devices {chosen})");
        let users = view.store.select::<UserRow>(&theirs, &params).await.map_err(IamError::from_store)?;
        let own = view.store.find::<AccountRow>(&[account.to_value()]).await.map_err(IamError::from_store)?;
        Ok(VirtualMfaDevicesPage { page, devices, users, account: own })
    }

    fn checks(&self, _facts: &VirtualMfaDevicesPage, _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "iam:ListVirtualMFADevices", protected }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &VirtualMfaDevicesPage,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let account = request.caller.account;
        let mut devices: Vec<&MfaDeviceRow> = facts.devices.iter().map(|found| &found.row).collect();
        let marker =
            facts.page.close(env.keyring, account, &op.scope(), &mut devices, |device| device.serial.clone());
        let user = |id: &str| -> Option<User> {
            if id == ROOT {
                let since = facts.account.as_ref().map(|found| found.row.created_at);
                return Some(shapes::root_user(account, since.unwrap_or(Timestamp::from_seconds(0))));
            }
            let row = facts.users.iter().map(|found| &found.row).find(|row| row.user_id.as_str() == id)?;
            // Lists show no tags and no boundary.
            Some(User { tags: None, permissions_boundary: None, ..shapes::user(row, None) })
        };
        Ok(Decision::answer(ListVirtualMFADevicesResponse {
            virtual_mfa_devices: devices
                .into_iter()
                .map(|device| VirtualMFADevice {
                    serial_number: device.serial.clone(),
                    base32_string_seed: None,
                    qr_code_png: None,
                    user: device.user_id.as_deref().and_then(user),
                    enable_date: device.enabled_at,
                    tags: None,
                })
                .collect(),
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

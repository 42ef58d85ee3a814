//! ListServiceSpecificCredentials: none: no service here has credentials of its own.

use crate::access_keys;
use crate::entities;
use crate::error::IamError;
use crate::mfa::Owner;
use crate::paging::Paging;
use crate::service::Iam;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{
    ListServiceSpecificCredentialsRequest, ListServiceSpecificCredentialsResponse, operations,
};
use keywright_policy::ConditionValue;

pub struct ListServiceSpecificCredentials {
    user: Option<String>,
    all_users: bool,
    paging: Paging,
}

impl Operation for ListServiceSpecificCredentials {
    type Service = Iam;
    type Input = ListServiceSpecificCredentialsRequest;
    type Output = ListServiceSpecificCredentialsResponse;
    type Facts = Option<Owner>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_SERVICE_SPECIFIC_CREDENTIALS;
    const READ_ONLY: bool = true;

    fn parse(input: ListServiceSpecificCredentialsRequest, _service: &Iam) -> Result<Self, IamError> {
        if input.all_users == Some(true) && input.user_name.is_some() {
            return Err(IamError::validation("UserName and AllUsers cannot be given together."));
        }
        // Of nothing, a service's part is nothing too.
        let ListServiceSpecificCredentialsRequest {
            user_name,
            service_name: _,
            all_users,
            marker,
            max_items,
        } = input;
        Ok(Self {
            user: user_name,
            all_users: all_users == Some(true),
            paging: Paging::new(marker, max_items),
        })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<Option<Owner>, IamError> {
        // No page of this list was ever cut, so that no marker fits.
        self.paging.open(view.keyring, request.caller.account, &["ListServiceSpecificCredentials"])?;
        if self.all_users {
            return Ok(None);
        }
        access_keys::owner(view, request, self.user.as_deref()).await.map(Some)
    }

    fn checks(&self, owner: &Option<Owner>, request: &RequestContext) -> Checks {
        const ACTION: &str = "iam:ListServiceSpecificCredentials";
        let check = match owner {
            Some(owner) => owner.check(ACTION),
            None => {
                let arn = entities::any_user_arn(request.caller.account);
                Check { action: ACTION, protected: Protected::ByIdentity { arn } }
            }
        };
        [check].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a Option<Owner>,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        facts.as_ref().map_or(ConditionValue::Absent, |owner| owner.condition(name))
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        owner: &Option<Owner>,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        if let Some(owner) = owner {
            owner.id()?;
        }
        Ok(Decision::answer(ListServiceSpecificCredentialsResponse {
            service_specific_credentials: Some(Vec::new()),
            is_truncated: Some(false),
            marker: None,
        }))
    }
}

//! ListSSHPublicKeys: none: nothing here signs in by SSH.

use crate::access_keys;
use crate::error::IamError;
use crate::mfa::Owner;
use crate::paging::Paging;
use crate::service::Iam;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListSSHPublicKeysRequest, ListSSHPublicKeysResponse, operations};
use keywright_policy::ConditionValue;

pub struct ListSshPublicKeys {
    user: Option<String>,
    paging: Paging,
}

impl Operation for ListSshPublicKeys {
    type Service = Iam;
    type Input = ListSSHPublicKeysRequest;
    type Output = ListSSHPublicKeysResponse;
    type Facts = Owner;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_SSH_PUBLIC_KEYS;
    const READ_ONLY: bool = true;

    fn parse(input: ListSSHPublicKeysRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { user: input.user_name, paging: Paging::new(input.marker, input.max_items) })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<Owner, IamError> {
        // No page of this list was ever cut, so that no marker fits.
        self.paging.open(view.keyring, request.caller.account, &["ListSSHPublicKeys"])?;
        access_keys::owner(view, request, self.user.as_deref()).await
    }

    fn checks(&self, owner: &Owner, _request: &RequestContext) -> Checks {
        [owner.check("iam:ListSSHPublicKeys")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Owner, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        facts.condition(name)
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        owner: &Owner,
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        owner.id()?;
        Ok(Decision::answer(ListSSHPublicKeysResponse {
            ssh_public_keys: Some(Vec::new()),
            is_truncated: Some(false),
            marker: None,
        }))
    }
}

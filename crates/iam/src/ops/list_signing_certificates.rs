//! ListSigningCertificates: none: requests are signed by access keys alone.

use crate::access_keys;
use crate::error::IamError;
use crate::mfa::Owner;
use crate::paging::Paging;
use crate::service::Iam;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::iam::{ListSigningCertificatesRequest, ListSigningCertificatesResponse, operations};
use keywright_policy::ConditionValue;

pub struct ListSigningCertificates {
    user: Option<String>,
    paging: Paging,
}

impl Operation for ListSigningCertificates {
    type Service = Iam;
    type Input = ListSigningCertificatesRequest;
    type Output = ListSigningCertificatesResponse;
    type Facts = Owner;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_SIGNING_CERTIFICATES;
    const READ_ONLY: bool = true;

    fn parse(input: ListSigningCertificatesRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { user: input.user_name, paging: Paging::new(input.marker, input.max_items) })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<Owner, IamError> {
        // No page of this list was ever cut, so that no marker fits.
        self.paging.open(view.keyring, request.caller.account, &["ListSigningCertificates"])?;
        access_keys::owner(view, request, self.user.as_deref()).await
    }

    fn checks(&self, owner: &Owner, _request: &RequestContext) -> Checks {
        [owner.check("iam:ListSigningCertificates")].into_iter().collect()
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
        Ok(Decision::answer(ListSigningCertificatesResponse {
            certificates: Vec::new(),
            is_truncated: Some(false),
            marker: None,
        }))
    }
}

//! DecodeAuthorizationMessage: this service says in plain text why something is denied, and gives no encoded messages
//! out; whatever is to be decoded is therefore none of its messages.

use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::{Authorised, Check, Checks, Decided, Env, Operation, Protected, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::sts::{DecodeAuthorizationMessageRequest, DecodeAuthorizationMessageResponse, operations};

pub struct DecodeAuthorizationMessage;

impl Operation for DecodeAuthorizationMessage {
    type Service = Iam;
    type Input = DecodeAuthorizationMessageRequest;
    type Output = DecodeAuthorizationMessageResponse;
    type Facts = ();
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::DECODE_AUTHORIZATION_MESSAGE;
    const READ_ONLY: bool = true;

    fn parse(_input: DecodeAuthorizationMessageRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self)
    }

    async fn facts(&self, _view: View<'_, Iam>, _request: &RequestContext) -> Result<(), IamError> {
        Ok(())
    }

    fn checks(&self, (): &(), _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "sts:DecodeAuthorizationMessage", protected }].into_iter().collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        (): &(),
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        Err(IamError::InvalidAuthorizationMessage)
    }
}

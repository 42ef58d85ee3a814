//! GetCallerIdentity: who calls. It needs no right, and no Deny stops it.
//!
//! Source: STS API Reference, GetCallerIdentity; IAM User Guide, "Where you can use policy variables", the table of
//! `aws:userid`, which is this operation's UserId.

use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::{Authorised, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::sts::{GetCallerIdentityRequest, GetCallerIdentityResponse, operations};
use keywright_types::Principal;

pub struct GetCallerIdentity;

impl Operation for GetCallerIdentity {
    type Service = Iam;
    type Input = GetCallerIdentityRequest;
    type Output = GetCallerIdentityResponse;
    type Facts = ();
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_CALLER_IDENTITY;
    const READ_ONLY: bool = true;

    fn parse(_input: GetCallerIdentityRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self)
    }

    async fn facts(&self, _view: View<'_, Iam>, _request: &RequestContext) -> Result<(), IamError> {
        Ok(())
    }

    /// None: the same is told to everybody who is denied something.
    fn checks(&self, (): &(), _request: &RequestContext) -> Checks {
        Checks::new()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        (): &(),
        _env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let caller = &request.caller;
        let user_id = match &caller.principal {
            Principal::User { user_id, .. } => user_id.to_string(),
            Principal::RoleSession { role_id, session_name, .. } => format!("{role_id}:{session_name}"),
            Principal::Root { .. } | Principal::Federated { .. } | Principal::Service { .. } => {
                caller.account.to_string()
            }
        };
        Ok(Decision::answer(GetCallerIdentityResponse {
            user_id: Some(user_id),
            account: Some(caller.account.to_string()),
            arn: Some(caller.arn.to_string()),
        }))
    }
}

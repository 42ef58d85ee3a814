//! GetSessionToken: temporary credentials of the caller itself, for whom it gave a second factor or wants short-lived
//! ones. They may do what the caller may, less what `auth::authorise` bars.
//!
//! Source: STS API Reference, GetSessionToken: no permissions are needed, and no policy can forbid it; the credentials
//! of users last 12 hours by default, those of the root user one hour at the most.

use super::credentials;
use super::proof::Proof;
use crate::error::IamError;
use crate::mfa::SecondFactor;
use crate::service::Iam;
use keywright_auth::{
    Authorised, Checks, Decided, Decision, Env, Operation, RequestContext, SessionFacts, SessionOf, View,
};
use keywright_aws::OperationModel;
use keywright_aws::sts::{GetSessionTokenRequest, GetSessionTokenResponse, operations};
use keywright_store::WriteSet;
use keywright_types::Principal;

pub struct GetSessionToken {
    duration_seconds: Option<i64>,
    proof: Option<Proof>,
    token_bytes_min: usize,
}

const USER_SECONDS: i64 = 43_200;
const ROOT_SECONDS_MAX: i64 = 3_600;

impl Operation for GetSessionToken {
    type Service = Iam;
    type Input = GetSessionTokenRequest;
    type Output = GetSessionTokenResponse;
    /// The device, if a code was given.
    type Facts = Option<SecondFactor>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_SESSION_TOKEN;
    const READ_ONLY: bool = true;
    const RECORDS_ANSWER: bool = true;

    fn parse(input: GetSessionTokenRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self {
            duration_seconds: input.duration_seconds.map(i64::from),
            proof: Proof::parse(input.serial_number, input.token_code)?,
            token_bytes_min: credentials::token_bytes_min(input.minimum_session_token_size),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<Option<SecondFactor>, IamError> {
        // Rule of the operation, not of policies: a session cannot make itself another that lasts longer.
        if request.caller.session.is_some() {
            return Err(IamError::AccessDenied {
                message: "Cannot call GetSessionToken with session credentials".to_owned(),
            });
        }
        match &self.proof {
            Some(proof) => proof.find(view, request).await.map(Some),
            None => Ok(None),
        }
    }

    fn checks(&self, _facts: &Option<SecondFactor>, _request: &RequestContext) -> Checks {
        Checks::new()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Option<SecondFactor>,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let caller = &request.caller;
        let (user_id, seconds) = match &caller.principal {
            Principal::User { user_id, .. } => {
                (Some(user_id.to_string()), op.duration_seconds.unwrap_or(USER_SECONDS))
            }
            Principal::Root { .. } => {
                (None, op.duration_seconds.unwrap_or(ROOT_SECONDS_MAX).min(ROOT_SECONDS_MAX))
            }
            Principal::RoleSession { .. } | Principal::Federated { .. } | Principal::Service { .. } => {
                return Err(IamError::AccessDenied {
                    message: "Cannot call GetSessionToken with session credentials".to_owned(),
                });
            }
        };
        let mut writes = WriteSet::default();
        if let (Some(proof), Some(factor)) = (&op.proof, facts) {
            proof.check(factor, env, request, &mut writes)?;
        }
        let now = env.now.as_millis();
        let session = SessionFacts {
            account: caller.account.to_string(),
            of: SessionOf::User { user_id, parent_access_key_id: caller.access_key_id.to_string() },
            issued_at: now,
            expires_at: now + seconds * 1000,
            mfa_at: op.proof.is_some().then_some(now),
        };
        let made = credentials::make(&session, op.token_bytes_min, env.keyring, env.rng);
        let answer = GetSessionTokenResponse {
            credentials: Some(made.credentials),
            session_token_utilization: Some(made.utilization),
            session_token_size: Some(made.size),
        };
        Ok(Decision::write(answer, writes))
    }
}

//! AssumeRoleWithWebIdentity: a session of a role, to whom a provider of identities vouches for.
//!
//! The request has no signature: the door verifies the token (`oidc`) and makes the caller of it, and here it is asked
//! only whether the role trusts that caller. Tags and a source identity come out of the token's own claims.

use super::narrowing::Narrowing;
use super::role_session::{Assumable, Assumed, Grants, Wish, assume};
use super::session_tags::SessionTags;
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Federation, Operation, RequestContext, View,
    WebIdentity,
};
use keywright_aws::OperationModel;
use keywright_aws::sts::{AssumeRoleWithWebIdentityRequest, AssumeRoleWithWebIdentityResponse, operations};
use keywright_policy::ConditionValue;

pub struct AssumeRoleWithWebIdentity {
    wish: Wish,
}

/// The role, and what the token gives the session.
pub struct AssumeRoleWithWebIdentityFacts {
    role: Assumable,
    tags: SessionTags,
}

impl Operation for AssumeRoleWithWebIdentity {
    type Service = Iam;
    type Input = AssumeRoleWithWebIdentityRequest;
    type Output = AssumeRoleWithWebIdentityResponse;
    type Facts = AssumeRoleWithWebIdentityFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::ASSUME_ROLE_WITH_WEB_IDENTITY;
    const READ_ONLY: bool = true;
    const RECORDS_ANSWER: bool = true;

    fn parse(input: AssumeRoleWithWebIdentityRequest, _service: &Iam) -> Result<Self, IamError> {
        // The token itself was read by the door.
        if input.provider_id.is_some() {
            return Err(IamError::validation(
                "ProviderId is for OAuth 2.0 access tokens, which are not taken; OpenID Connect tokens go without it.",
            ));
        }
        Ok(Self {
            wish: Wish::new(
                input.role_arn,
                input.role_session_name,
                Narrowing::parse(input.policy, input.policy_arns)?,
                input.duration_seconds,
                input.minimum_session_token_size,
            )?,
        })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<AssumeRoleWithWebIdentityFacts, IamError> {
        let identity = identity(request)?;
        let given = identity.tags.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Ok(AssumeRoleWithWebIdentityFacts {
            role: Assumable::find(view, &self.wish).await?,
            tags: SessionTags::new(given, identity.transitive.clone())?,
        })
    }

    fn checks(&self, facts: &AssumeRoleWithWebIdentityFacts, request: &RequestContext) -> Checks {
        let mut checks = Checks::new();
        checks.push(facts.role.check("sts:AssumeRoleWithWebIdentity"));
        if !facts.tags.is_empty() {
            checks.push(facts.role.check("sts:TagSession"));
        }
        let identity = request.caller.web_identity.as_deref();
        if identity.is_some_and(|identity| identity.source_identity.is_some()) {
            checks.push(facts.role.check("sts:SetSourceIdentity"));
        }
        checks
    }

    fn condition<'a>(
        &'a self,
        facts: &'a AssumeRoleWithWebIdentityFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match name {
            "sts:rolesessionname" => ConditionValue::Single(self.wish.session_name.as_str().into()),
            _ => match facts.tags.condition(name) {
                ConditionValue::Absent => facts.role.condition(name),
                found => found,
            },
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &AssumeRoleWithWebIdentityFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let identity = identity(request)?;
        let grants = Grants {
            tags: &facts.tags,
            source_identity: identity.source_identity.clone(),
            federated: Some(Federation {
                provider: identity.provider.clone(),
                subject: identity.subject.clone(),
                audience: identity.audience.clone(),
            }),
            chained: false,
            proven: false,
        };
        let Assumed { made, user, packed } = assume(&op.wish, &facts.role, grants, env)?;
        Ok(Decision::answer(AssumeRoleWithWebIdentityResponse {
            credentials: Some(made.credentials),
            subject_from_web_identity_token: Some(identity.subject.clone()),
            assumed_role_user: Some(user),
            packed_policy_size: packed,
            provider: Some(identity.issuer.clone()),
            audience: Some(identity.audience.clone()),
            source_identity: identity.source_identity.clone(),
            session_token_utilization: Some(made.utilization),
            session_token_size: Some(made.size),
            trusted_identity_propagation_context: None,
        }))
    }
}

/// The token is the only proof: who signs the request with credentials besides is not asked for them.
fn identity(request: &RequestContext) -> Result<&WebIdentity, IamError> {
    request.caller.web_identity.as_deref().ok_or_else(|| {
        IamError::validation(
            "AssumeRoleWithWebIdentity is called without a signature; the token is the proof.",
        )
    })
}

//! AssumeRole: a session of a role, to whom the role's trust policy lets in.
//!
//! In one account a trust policy that names the caller is enough; one that names the account needs a policy of the
//! caller too; across accounts both must allow. Tags and a source identity need rights of their own, which the trust
//! policy must give as well; those that are inherited count like those given.
//!
//! Source: STS API Reference, AssumeRole; IAM User Guide, "Pass session tags in AWS STS" and "Monitor and control actions
//! taken with assumed roles".

use super::narrowing::Narrowing;
use super::proof::{self, Proof};
use super::role_session::{Assumable, Assumed, Grants, Wish, assume};
use super::session_tags::SessionTags;
use crate::error::IamError;
use crate::mfa::SecondFactor;
use crate::service::Iam;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, SessionOf, View,
};
use keywright_aws::OperationModel;
use keywright_aws::sts::{AssumeRoleRequest, AssumeRoleResponse, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;
use keywright_types::Principal;

pub struct AssumeRole {
    wish: Wish,
    tags: SessionTags,
    external_id: Option<String>,
    source_identity: Option<String>,
    proof: Option<Proof>,
}

/// The role, and what the session inherits.
pub struct AssumeRoleFacts {
    role: Assumable,
    tags: SessionTags,
    source_identity: Option<String>,
    factor: Option<SecondFactor>,
}

impl Operation for AssumeRole {
    type Service = Iam;
    type Input = AssumeRoleRequest;
    type Output = AssumeRoleResponse;
    type Facts = AssumeRoleFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::ASSUME_ROLE;
    // As CloudTrail has it, though the answer is worth a record.
    const READ_ONLY: bool = true;
    const RECORDS_ANSWER: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: AssumeRoleRequest, _service: &Iam) -> Result<Self, IamError> {
        if input.provided_contexts.is_some_and(|contexts| !contexts.is_empty()) {
            return Err(IamError::InvalidContextAssertion);
        }
        let given = input.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
        Ok(Self {
            wish: Wish::new(
                input.role_arn,
                input.role_session_name,
                Narrowing::parse(input.policy, input.policy_arns)?,
                input.duration_seconds,
                input.minimum_session_token_size,
            )?,
            tags: SessionTags::new(given, input.transitive_tag_keys.unwrap_or_default())?,
            external_id: input.external_id,
            source_identity: input.source_identity,
            proof: Proof::parse(input.serial_number, input.token_code)?,
        })
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<AssumeRoleFacts, IamError> {
        if matches!(request.caller.principal, Principal::Root { .. }) {
            return Err(IamError::AccessDenied {
                message: "Roles may not be assumed by root accounts.".to_owned(),
            });
        }
        Ok(AssumeRoleFacts {
            role: Assumable::find(view, &self.wish).await?,
            tags: self.tags.inheriting(request)?,
            source_identity: self.source_identity_for(request)?,
            factor: match &self.proof {
                Some(proof) => Some(proof.find(view, request).await?),
                None => None,
            },
        })
    }

    fn checks(&self, facts: &AssumeRoleFacts, _request: &RequestContext) -> Checks {
        let mut checks = Checks::new();
        checks.push(facts.role.check("sts:AssumeRole"));
        if !facts.tags.is_empty() {
            checks.push(facts.role.check("sts:TagSession"));
        }
        if facts.source_identity.is_some() {
            checks.push(facts.role.check("sts:SetSourceIdentity"));
        }
        checks
    }

    fn condition<'a>(
        &'a self,
        facts: &'a AssumeRoleFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        let text = |value: Option<&'a str>| {
            value.map_or(ConditionValue::Absent, |text| ConditionValue::Single(text.into()))
        };
        match name {
            "sts:externalid" => text(self.external_id.as_deref()),
            "sts:rolesessionname" => text(Some(&self.wish.session_name)),
            "sts:sourceidentity" => text(facts.source_identity.as_deref()),
            "aws:multifactorauthpresent" | "aws:multifactorauthage" => {
                proof::condition(self.proof.as_ref(), name)
            }
            _ => match facts.tags.condition(name) {
                ConditionValue::Absent => facts.role.condition(name),
                found => found,
            },
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &AssumeRoleFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let mut writes = WriteSet::default();
        if let (Some(proof), Some(factor)) = (&op.proof, &facts.factor) {
            proof.check(factor, env, request, &mut writes)?;
        }
        let grants = Grants {
            tags: &facts.tags,
            source_identity: facts.source_identity.clone(),
            federated: None,
            chained: matches!(request.caller.principal, Principal::RoleSession { .. }),
            proven: op.proof.is_some(),
        };
        let Assumed { made, user, packed } = assume(&op.wish, &facts.role, grants, env)?;
        let answer = AssumeRoleResponse {
            credentials: Some(made.credentials),
            assumed_role_user: Some(user),
            packed_policy_size: packed,
            source_identity: facts.source_identity.clone(),
            session_token_utilization: Some(made.utilization),
            session_token_size: Some(made.size),
        };
        Ok(Decision::write(answer, writes))
    }
}

impl AssumeRole {
    /// The one that is given, or the calling session's, which nothing can change.
    fn source_identity_for(&self, request: &RequestContext) -> Result<Option<String>, IamError> {
        let of_session = request.caller.session.as_deref().and_then(|session| match &session.facts.of {
            SessionOf::Role { source_identity, .. } => source_identity.clone(),
            SessionOf::User { .. } => None,
        });
        match (&self.source_identity, of_session) {
            (Some(given), Some(own)) if *given != own => {
                Err(IamError::validation("The source identity of the calling session cannot be changed."))
            }
            (given, own) => Ok(own.or_else(|| given.clone())),
        }
    }
}

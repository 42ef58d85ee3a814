//! DescribeKey: what is known of a key. Asked for the alias of a service-managed key that does not
//! exist yet, it makes the key, as AWS does.

use super::parse;
use crate::alias::predefined_service;
use crate::condition;
use crate::error::KmsError;
use crate::grant::{Asked, GrantTokens};
use crate::metadata;
use crate::multi_region::Family;
use crate::new_key::new_service_key;
use crate::service::{Kms, Resolved};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{DescribeKeyRequest, DescribeKeyResponse, operations};
use keywright_policy::{ConditionValue, Grant};
use keywright_types::KeyRef;

pub struct DescribeKey {
    key: KeyRef,
    tokens: GrantTokens,
}

impl DescribeKey {
    /// The service whose managed key is to be made, if this names one of the caller's account that is missing.
    fn to_make(facts: &Family, request: &RequestContext) -> Option<&'static str> {
        match &facts.resolved {
            Resolved::NoAlias(alias) if alias.account == request.caller.account => {
                predefined_service(&alias.name)
            }
            Resolved::Key(_) | Resolved::NoKey(_) | Resolved::NoAlias(_) => None,
        }
    }
}

impl Operation for DescribeKey {
    type Service = Kms;
    type Input = DescribeKeyRequest;
    type Output = DescribeKeyResponse;
    type Facts = Family;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::DESCRIBE_KEY;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: DescribeKeyRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self { key: parse::key(&input.key_id, service)?, tokens: input.grant_tokens.into() })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Family, KmsError> {
        self.tokens.check(view).await?;
        Family::find(view, view.service.resolve(view, &self.key, request).await?).await
    }

    fn checks(&self, facts: &Family, request: &RequestContext) -> Checks {
        let check = match Self::to_make(facts, request) {
            // The key is made with a policy that lets the account look at it.
            Some(_) => {
                Check { action: "kms:DescribeKey", protected: Protected::ByIdentity { arn: "*".to_owned() } }
            }
            None => facts.resolved.check_named("kms:DescribeKey", &self.key, request),
        };
        [check].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a Family, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        condition::of_key(&facts.resolved, Some(&self.key), name)
    }

    async fn granted(
        &self,
        facts: &Family,
        _check: &Check,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<Grant, KmsError> {
        view.service.granted(view, Some(&facts.resolved), Asked::Look, request).await
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &Family,
        env: Env<'_, Kms>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let (Resolved::NoAlias(alias), Some(service)) = (&facts.resolved, Self::to_make(facts, request))
        else {
            let key = facts.get()?;
            return Ok(Decision::answer(DescribeKeyResponse {
                key_metadata: Some(metadata::of(key, &facts.related)),
            }));
        };
        let (key, _, writes) = new_service_key(&alias.name, service, request, &env);
        Ok(Decision::write(DescribeKeyResponse { key_metadata: Some(metadata::of(&key, &[])) }, writes))
    }
}

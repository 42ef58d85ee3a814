//! GetAccessKeyLastUsed: when, where and for what an access key was last used.

use crate::access_keys;
use crate::entities::{self, Entity};
use crate::error::IamError;
use crate::service::Iam;
use crate::uses;
use keywright_auth::identities::{CredentialUseRow, UserRow, find_user_by_id};
use keywright_auth::{
    Authorised, Cause, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{
    AccessKeyLastUsed, GetAccessKeyLastUsedRequest, GetAccessKeyLastUsedResponse, operations,
};
use keywright_policy::ConditionValue;
use keywright_types::{UniqueId, root_arn};

pub struct GetAccessKeyLastUsed {
    id: String,
}

const ACTION: &str = "iam:GetAccessKeyLastUsed";

/// Whose key it is, and when it was last used.
pub enum AccessKeyUse {
    NoKey,
    OfRoot { last: Option<CredentialUseRow> },
    OfUser { user: Box<Entity<UserRow>>, last: Option<CredentialUseRow> },
}

impl Operation for GetAccessKeyLastUsed {
    type Service = Iam;
    type Input = GetAccessKeyLastUsedRequest;
    type Output = GetAccessKeyLastUsedResponse;
    type Facts = AccessKeyUse;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_ACCESS_KEY_LAST_USED;
    const READ_ONLY: bool = true;

    fn parse(input: GetAccessKeyLastUsedRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { id: input.access_key_id })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<AccessKeyUse, IamError> {
        let Some(found) = access_keys::find(view, request, &self.id).await? else {
            return Ok(AccessKeyUse::NoKey);
        };
        let last = uses::last_use(view, found.row.access_key_id.as_str()).await?;
        if access_keys::is_roots(&found.row) {
            return Ok(AccessKeyUse::OfRoot { last });
        }
        let corrupt = |_| IamError::internal(Cause::new("an access key names a user by what is no id"));
        let user_id = UniqueId::parse(&found.row.principal).map_err(corrupt)?;
        let user = find_user_by_id(view.store, &user_id).await.map_err(IamError::from_store)?;
        Ok(match user {
            Some(user) => AccessKeyUse::OfUser { user: Box::new(entities::known_user(user)), last },
            None => AccessKeyUse::NoKey,
        })
    }

    fn checks(&self, facts: &AccessKeyUse, request: &RequestContext) -> Checks {
        let arn = match facts {
            AccessKeyUse::NoKey => entities::any_user_arn(request.caller.account),
            AccessKeyUse::OfRoot { .. } => root_arn(request.caller.account),
            AccessKeyUse::OfUser { user, .. } => user.arn().to_owned(),
        };
        [Check { action: ACTION, protected: Protected::ByIdentity { arn } }].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a AccessKeyUse, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        match facts {
            AccessKeyUse::OfUser { user, .. } => entities::user_tags(user, name),
            AccessKeyUse::NoKey | AccessKeyUse::OfRoot { .. } => ConditionValue::Absent,
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &AccessKeyUse,
        _env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let (user_name, last) = match facts {
            AccessKeyUse::OfUser { user, last } => (Some(user.get()?.row.name.clone()), last),
            AccessKeyUse::OfRoot { last } => (None, last),
            // The model has no NoSuchEntity here: a key of another account and one of none look alike.
            AccessKeyUse::NoKey => {
                return Err(IamError::AccessDenied {
                    message: format!(
                        "User: {} is not authorized to perform: {ACTION} on resource: access key {}",
                        request.caller.arn, op.id
                    ),
                });
            }
        };
        let never = || "N/A".to_owned();
        let access_key_last_used = AccessKeyLastUsed {
            last_used_date: last.as_ref().map(|used| used.used_at),
            service_name: last.as_ref().map_or_else(never, |used| used.service.clone()),
            region: last.as_ref().map_or_else(never, |used| used.region.clone()),
        };
        Ok(Decision::answer(GetAccessKeyLastUsedResponse {
            user_name,
            access_key_last_used: Some(access_key_last_used),
        }))
    }
}

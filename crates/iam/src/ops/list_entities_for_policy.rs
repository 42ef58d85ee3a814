//! ListEntitiesForPolicy: whom a managed policy is attached to or bounds.

use crate::error::IamError;
use crate::paging::Paging;
use crate::policies::{self, ManagedPolicy};
use crate::policy_entities::{self, Listed};
use crate::service::Iam;
use keywright_auth::identities::LinkKind;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{
    EntityType, ListEntitiesForPolicyRequest, ListEntitiesForPolicyResponse, PolicyGroup, PolicyRole,
    PolicyUsageType, PolicyUser, operations,
};
use keywright_policy::ConditionValue;

pub struct ListEntitiesForPolicy {
    arn: String,
    path_prefix: String,
    kinds: Vec<LinkKind>,
    /// The filters as given: a marker is bound to them.
    filters: String,
    paging: Paging,
}

/// The policy and one page of those who have it.
pub struct EntitiesPage {
    policy: ManagedPolicy,
    page: Page,
    entities: Vec<Listed>,
}

impl ListEntitiesForPolicy {
    fn scope(&self) -> [&str; 4] {
        ["ListEntitiesForPolicy", &self.arn, &self.path_prefix, &self.filters]
    }
}

impl Operation for ListEntitiesForPolicy {
    type Service = Iam;
    type Input = ListEntitiesForPolicyRequest;
    type Output = ListEntitiesForPolicyResponse;
    type Facts = EntitiesPage;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::LIST_ENTITIES_FOR_POLICY;
    const READ_ONLY: bool = true;

    fn parse(input: ListEntitiesForPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        policies::check_arn(&input.policy_arn)?;
        Ok(Self {
            arn: input.policy_arn,
            path_prefix: input.path_prefix.unwrap_or_else(|| "/".to_owned()),
            kinds: policy_entities::kinds(input.entity_filter, input.policy_usage_filter),
            filters: format!(
                "{}/{}",
                input.entity_filter.map_or("", EntityType::as_str),
                input.policy_usage_filter.map_or("", PolicyUsageType::as_str)
            ),
            paging: Paging::new(input.marker, input.max_items),
        })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<EntitiesPage, IamError> {
        let page = self.paging.open(view.keyring, request.caller.account, &self.scope())?;
        let policy = ManagedPolicy::find(view, request, &self.arn).await?;
        let entities = policy_entities::find(
            view,
            request.caller.account,
            &self.arn,
            &self.kinds,
            &self.path_prefix,
            &page,
        )
        .await?;
        Ok(EntitiesPage { policy, page, entities })
    }

    fn checks(&self, facts: &EntitiesPage, _request: &RequestContext) -> Checks {
        [facts.policy.check("iam:ListEntitiesForPolicy")].into_iter().collect()
    }

    fn condition<'a>(&'a self, facts: &'a EntitiesPage, _check: &'a Check, name: &str) -> ConditionValue<'a> {
        facts.policy.condition(name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &EntitiesPage,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        facts.policy.get()?;
        let mut entities: Vec<&Listed> = facts.entities.iter().collect();
        let account = request.caller.account;
        let marker = facts
            .page
            .close(env.keyring, account, &op.scope(), &mut entities, |listed| listed.position.clone());
        let (mut groups, mut users, mut roles) = (Vec::new(), Vec::new(), Vec::new());
        for Listed { kind, name, id, .. } in entities {
            let (name, id) = (Some(name.clone()), Some(id.clone()));
            match kind {
                policy_entities::Kind::Group => groups.push(PolicyGroup { group_name: name, group_id: id }),
                policy_entities::Kind::Role => roles.push(PolicyRole { role_name: name, role_id: id }),
                policy_entities::Kind::User => users.push(PolicyUser { user_name: name, user_id: id }),
            }
        }
        Ok(Decision::answer(ListEntitiesForPolicyResponse {
            policy_groups: Some(groups),
            policy_users: Some(users),
            policy_roles: Some(roles),
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

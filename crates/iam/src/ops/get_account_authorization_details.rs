//! GetAccountAuthorizationDetails: users, groups, roles and managed policies with all that they say.

use super::shapes;
use crate::error::IamError;
use crate::paging::Paging;
use crate::policy_text;
use crate::service::Iam;
use crate::uses;
use keywright_auth::identities::{
    GroupRow, InlinePolicies, LinkKind, LinkRow, PolicyRow, RoleRow, SERVICE_POLICIES, ServicePolicy, UserRow,
};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, Protected, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{
    AttachedPolicy, EntityType, GetAccountAuthorizationDetailsRequest,
    GetAccountAuthorizationDetailsResponse, GroupDetail, ManagedPolicyDetail, PolicyDetail, PolicyVersion,
    RoleDetail, RoleLastUsed, UserDetail, operations,
};
use keywright_store::{Column as _, Row};
use keywright_types::{AccountId, Timestamp, UniqueId};
use std::collections::HashMap;

/// The kinds in the order in which they are listed.
const ORDER: [EntityType; 5] = [
    EntityType::User,
    EntityType::Group,
    EntityType::Role,
    EntityType::LocalManagedPolicy,
    EntityType::AwsManagedPolicy,
];

pub struct GetAccountAuthorizationDetails {
    /// Parallel to [`ORDER`].
    wanted: [bool; 5],
    scope: String,
    paging: Paging,
}

/// One entity of the list.
pub enum Listed {
    User(UserRow),
    Group(GroupRow),
    Role(RoleRow, Option<RoleLastUsed>),
    Policy(PolicyRow, Uses),
    ServicePolicy(&'static ServicePolicy, Uses),
}

/// How many have a policy, and how many it bounds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Uses {
    attached: i32,
    bounding: i32,
}

/// One page of entities.
pub struct DetailsPage {
    page: Page,
    listed: Vec<Listed>,
    group_names: HashMap<UniqueId, String>,
}

impl Listed {
    /// Where it stands in the list: the place of its kind, and its name among those.
    fn position(&self) -> String {
        match self {
            Self::User(row) => format!("0{}", row.name_key),
            Self::Group(row) => format!("1{}", row.name_key),
            Self::Role(row, _) => format!("2{}", row.name_key),
            Self::Policy(row, _) => format!("3{}", row.name_key),
            Self::ServicePolicy(policy, _) => format!("4{}", policy.name),
        }
    }
}

impl GetAccountAuthorizationDetails {
    fn scope(&self) -> [&str; 2] {
        ["GetAccountAuthorizationDetails", &self.scope]
    }
}

impl Operation for GetAccountAuthorizationDetails {
    type Service = Iam;
    type Input = GetAccountAuthorizationDetailsRequest;
    type Output = GetAccountAuthorizationDetailsResponse;
    type Facts = DetailsPage;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_ACCOUNT_AUTHORIZATION_DETAILS;
    const READ_ONLY: bool = true;

    fn parse(input: GetAccountAuthorizationDetailsRequest, _service: &Iam) -> Result<Self, IamError> {
        let filter = input.filter.unwrap_or_default();
        let wanted = ORDER.map(|kind| filter.is_empty() || filter.contains(&kind));
        Ok(Self {
            wanted,
            scope: wanted.map(|wanted| if wanted { '1' } else { '0' }).iter().collect(),
            paging: Paging::new(input.marker, input.max_items),
        })
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<DetailsPage, IamError> {
        let account = request.caller.account;
        let page = self.paging.open(view.keyring, account, &self.scope())?;
        let after = page.after.clone().unwrap_or_default();
        let (reached, after) = after.split_at_checked(1).unwrap_or(("0", ""));
        let reached: usize = reached.parse().unwrap_or(0);
        let mut listed = Vec::new();
        for (place, kind) in ORDER.into_iter().enumerate().skip(reached) {
            let room = page.limit + 1 - listed.len();
            if !self.wanted[place] || room == 0 {
                continue;
            }
            let after = if place == reached { after } else { "" };
            read(view, account, kind, after, room, &mut listed).await?;
        }
        let group_names = group_names(view, account, &listed).await?;
        Ok(DetailsPage { page, listed, group_names })
    }

    fn checks(&self, _facts: &DetailsPage, _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "iam:GetAccountAuthorizationDetails", protected }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &DetailsPage,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let account = request.caller.account;
        let mut listed: Vec<&Listed> = facts.listed.iter().collect();
        let marker =
            facts.page.close(env.keyring, account, &op.scope(), &mut listed, |entity| entity.position());
        let (mut users, mut groups, mut roles, mut policies) = (vec![], vec![], vec![], vec![]);
        for entity in listed {
            match entity {
                Listed::User(row) => users.push(user(row, &facts.group_names)),
                Listed::Group(row) => groups.push(group(row)),
                Listed::Role(row, last_used) => roles.push(role(row, last_used.clone())),
                Listed::Policy(row, uses) => policies.push(policy(row, *uses)),
                Listed::ServicePolicy(known, uses) => policies.push(service_policy(known, *uses)),
            }
        }
        Ok(Decision::answer(GetAccountAuthorizationDetailsResponse {
            user_detail_list: Some(users),
            group_detail_list: Some(groups),
            role_detail_list: Some(roles),
            policies: Some(policies),
            is_truncated: Some(marker.is_some()),
            marker,
        }))
    }
}

/// Reads up to `room` entities of a kind whose names come after `after`.
async fn read(
    view: View<'_, Iam>,
    account: AccountId,
    kind: EntityType,
    after: &str,
    room: usize,
    listed: &mut Vec<Listed>,
) -> Result<(), IamError> {
    match kind {
        EntityType::User => {
            let rows: Vec<UserRow> = next(view, account, after, room).await?;
            listed.extend(rows.into_iter().map(Listed::User));
        }
        EntityType::Group => {
            let rows: Vec<GroupRow> = next(view, account, after, room).await?;
            listed.extend(rows.into_iter().map(Listed::Group));
        }
        EntityType::Role => {
            for row in next::<RoleRow>(view, account, after, room).await? {
                let used = uses::last_use(view, row.role_id.as_str()).await?;
                let last_used = used.map(|used| RoleLastUsed {
                    last_used_date: Some(used.used_at),
                    region: Some(used.region),
                });
                listed.push(Listed::Role(row, last_used));
            }
        }
        EntityType::LocalManagedPolicy => {
            for row in next::<PolicyRow>(view, account, after, room).await? {
                let uses = uses_of(view, account, row.arn()).await?;
                listed.push(Listed::Policy(row, uses));
            }
        }
        EntityType::AwsManagedPolicy => {
            let mut known: Vec<&ServicePolicy> =
                SERVICE_POLICIES.iter().filter(|policy| policy.name > after).collect();
            known.sort_by_key(|policy| policy.name);
            for policy in known.into_iter().take(room) {
                let uses = uses_of(view, account, policy.arn()).await?;
                listed.push(Listed::ServicePolicy(policy, uses));
            }
        }
    }
    Ok(())
}

async fn next<R: Row>(
    view: View<'_, Iam>,
    account: AccountId,
    after: &str,
    room: usize,
) -> Result<Vec<R>, IamError> {
    let params =
        [account.to_value(), after.to_owned().to_value(), i64::try_from(room).unwrap_or(i64::MAX).to_value()];
    let condition = "WHERE account = $1 AND name_key > $2 ORDER BY name_key LIMIT $3";
    let found = view.store.select::<R>(condition, &params).await.map_err(IamError::from_store)?;
    Ok(found.into_iter().map(|found| found.row).collect())
}

async fn uses_of(view: View<'_, Iam>, account: AccountId, arn: String) -> Result<Uses, IamError> {
    let links = view
        .store
        .select::<LinkRow>("WHERE account = $1 AND target = $2", &[account.to_value(), arn.to_value()])
        .await
        .map_err(IamError::from_store)?;
    let count = |kinds: &[LinkKind]| {
        let found = links.iter().filter(|link| kinds.iter().any(|kind| kind.as_str() == link.row.kind));
        i32::try_from(found.count()).unwrap_or(i32::MAX)
    };
    Ok(Uses {
        attached: count(&[LinkKind::UserPolicy, LinkKind::GroupPolicy, LinkKind::RolePolicy]),
        bounding: count(&[LinkKind::UserBoundary, LinkKind::RoleBoundary]),
    })
}

/// The names of the groups that the users among `listed` are in.
async fn group_names(
    view: View<'_, Iam>,
    account: AccountId,
    listed: &[Listed],
) -> Result<HashMap<UniqueId, String>, IamError> {
    let is_member = |entity: &Listed| matches!(entity, Listed::User(row) if !row.member_of.0.is_empty());
    if !listed.iter().any(is_member) {
        return Ok(HashMap::new());
    }
    // An account has at most some hundred groups.
    let groups = view.store.select::<GroupRow>("WHERE account = $1", &[account.to_value()]).await;
    let groups = groups.map_err(IamError::from_store)?;
    Ok(groups.into_iter().map(|found| (found.row.group_id, found.row.name)).collect())
}

fn user(row: &UserRow, group_names: &HashMap<UniqueId, String>) -> UserDetail {
    let mut groups: Vec<String> =
        row.member_of.0.iter().filter_map(|id| group_names.get(id).cloned()).collect();
    groups.sort();
    UserDetail {
        path: Some(row.path.clone()),
        user_name: Some(row.name.clone()),
        user_id: Some(row.user_id.to_string()),
        arn: Some(row.arn()),
        create_date: Some(row.created_at),
        user_policy_list: Some(inline(&row.inline.0)),
        group_list: Some(groups),
        attached_managed_policies: Some(attached(&row.attached.0)),
        permissions_boundary: row.boundary.as_deref().map(shapes::boundary),
        tags: Some(shapes::tags(&row.tags)),
    }
}

fn group(row: &GroupRow) -> GroupDetail {
    GroupDetail {
        path: Some(row.path.clone()),
        group_name: Some(row.name.clone()),
        group_id: Some(row.group_id.to_string()),
        arn: Some(row.arn()),
        create_date: Some(row.created_at),
        group_policy_list: Some(inline(&row.inline.0)),
        attached_managed_policies: Some(attached(&row.attached.0)),
    }
}

fn role(row: &RoleRow, last_used: Option<RoleLastUsed>) -> RoleDetail {
    RoleDetail {
        path: Some(row.path.clone()),
        role_name: Some(row.name.clone()),
        role_id: Some(row.role_id.to_string()),
        arn: Some(row.arn()),
        create_date: Some(row.created_at),
        assume_role_policy_document: Some(policy_text::encoded(&row.trust_policy)),
        instance_profile_list: Some(Vec::new()),
        role_policy_list: Some(inline(&row.inline.0)),
        attached_managed_policies: Some(attached(&row.attached.0)),
        permissions_boundary: row.boundary.as_deref().map(shapes::boundary),
        tags: Some(shapes::tags(&row.tags)),
        // A role that was never used has an empty structure.
        role_last_used: Some(last_used.unwrap_or(RoleLastUsed { last_used_date: None, region: None })),
    }
}

fn policy(row: &PolicyRow, uses: Uses) -> ManagedPolicyDetail {
    ManagedPolicyDetail {
        policy_name: Some(row.name.clone()),
        policy_id: Some(row.policy_id.to_string()),
        arn: Some(row.arn()),
        path: Some(row.path.clone()),
        default_version_id: Some(format!("v{}", row.default_version)),
        attachment_count: Some(uses.attached),
        permissions_boundary_usage_count: Some(uses.bounding),
        is_attachable: Some(true),
        description: row.description.clone(),
        create_date: Some(row.created_at),
        update_date: Some(row.updated_at),
        // Newest first, as ListPolicyVersions has them.
        policy_version_list: Some(
            row.versions
                .0
                .iter()
                .rev()
                .map(|(number, version)| PolicyVersion {
                    document: Some(policy_text::encoded(&version.document)),
                    version_id: Some(format!("v{number}")),
                    is_default_version: Some(*number == row.default_version),
                    create_date: Some(Timestamp::from_millis(version.created_at)),
                })
                .collect(),
        ),
    }
}

fn service_policy(known: &ServicePolicy, uses: Uses) -> ManagedPolicyDetail {
    ManagedPolicyDetail {
        policy_name: Some(known.name.to_owned()),
        policy_id: Some(known.id.to_owned()),
        arn: Some(known.arn()),
        path: Some(known.path.to_owned()),
        default_version_id: Some("v1".to_owned()),
        attachment_count: Some(uses.attached),
        permissions_boundary_usage_count: Some(uses.bounding),
        is_attachable: Some(true),
        description: Some(known.description.to_owned()),
        create_date: None,
        update_date: None,
        policy_version_list: Some(vec![PolicyVersion {
            document: Some(policy_text::encoded(known.document)),
            version_id: Some("v1".to_owned()),
            is_default_version: Some(true),
            create_date: None,
        }]),
    }
}

fn inline(policies: &InlinePolicies) -> Vec<PolicyDetail> {
    policies
        .iter()
        .map(|(name, text)| PolicyDetail {
            policy_name: Some(name.clone()),
            policy_document: Some(policy_text::encoded(text)),
        })
        .collect()
}

fn attached(arns: &[String]) -> Vec<AttachedPolicy> {
    arns.iter()
        .map(|arn| AttachedPolicy {
            policy_name: arn.rsplit('/').next().map(str::to_owned),
            policy_arn: Some(arn.clone()),
        })
        .collect()
}

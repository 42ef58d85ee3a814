//! Simulation: what policies would say to requests that nobody makes.
//!
//! What: [`Asked`], what the two operations have in common; [`Asked::answer`], the results of one page.
//! Why here: the evaluator is the one that decides real requests (`policy`); a simulation only brings other documents
//! and a context that is given instead of known.
//!
//! Invariants
//! - Nothing is read of the resources that are asked about, so that a simulation tells nothing of whether they exist.
//! - Only the given context entries have values: what the policies name beside them is reported as missing.
//! - The work for one answer is bounded; pages end early rather than late.
//!
//! Not here: why a real request is denied, with everything that is known of it (inventory, ExplainAccess).
//!
//! Source: IAM API Reference, SimulateCustomPolicy, SimulatePrincipalPolicy, `EvaluationResult`.

mod context;
mod evaluate;
mod exclusions;
mod sources;
mod templates;
#[cfg(test)]
mod tests;

pub(crate) use context::Entries;
pub(crate) use exclusions::Exclusions;
pub(crate) use sources::{
    PolicySourceFacts, Source, find_policy_source, inputs as input_policies, keys_of, parse_policy_source,
};

use sources::Origin;

use crate::error::IamError;
use crate::paging::Paging;
use keywright_auth::identities::{EntityKind, parse_entity_arn};
use keywright_auth::{Env, RequestContext};
use keywright_aws::iam::{
    ContextEntry, OrderedOrganizationPolicyType, PolicySourceType, SimulatePolicyResponse,
};
use keywright_policy::Kind;
use keywright_types::AccountId;
use std::sync::Arc;

/// What both operations take, as given.
pub(crate) struct Given {
    pub(crate) policies: Vec<String>,
    pub(crate) boundaries: Option<Vec<String>>,
    pub(crate) organization: Option<Vec<OrderedOrganizationPolicyType>>,
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Option<Vec<String>>,
    pub(crate) resource_policy: Option<String>,
    pub(crate) resource_owner: Option<String>,
    pub(crate) caller: Option<String>,
    pub(crate) context: Option<Vec<ContextEntry>>,
    pub(crate) handling: Option<String>,
    pub(crate) marker: Option<String>,
    pub(crate) max_items: Option<i32>,
}

/// A simulation, checked.
pub(crate) struct Asked {
    pub(crate) policies: Vec<Source>,
    pub(crate) boundary: Option<Source>,
    /// From the root of the organization down to the account.
    pub(crate) organization: Vec<Vec<Source>>,
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) resource_policy: Option<Source>,
    pub(crate) resource_owner: Option<AccountId>,
    pub(crate) caller: Option<Caller>,
    pub(crate) context: Entries,
    paging: Paging,
}

/// Who is simulated to call.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) arn: Arc<str>,
    pub(crate) account: AccountId,
    pub(crate) kind: EntityKind,
}

impl Caller {
    /// A user, group or role.
    ///
    /// # Errors
    /// InvalidInput for any other ARN.
    pub(crate) fn parse(arn: &str) -> Result<Self, IamError> {
        [EntityKind::User, EntityKind::Group, EntityKind::Role]
            .into_iter()
            .find_map(|kind| {
                let account = AccountId::parse(parse_entity_arn(arn, kind)?.account).ok()?;
                Some(Self { arn: arn.into(), account, kind })
            })
            .ok_or_else(|| {
                invalid_input(format!(
                    "Invalid Entity Arn: {arn} does not clearly define entity type and name."
                ))
            })
    }
}

/// Resources times statements that one action is held against.
const COMPARISONS_MAX: usize = 200_000;

impl Asked {
    /// # Errors
    /// InvalidInput for a policy, action, resource, caller or context that is none.
    pub(crate) fn parse(given: Given) -> Result<Self, IamError> {
        if let Some(option) = given.handling {
            return Err(invalid_input(format!(
                "ResourceHandlingOption {option} is for requests to Amazon EC2, which is not simulated here."
            )));
        }
        let boundaries =
            sources::inputs("PermissionsBoundaryPolicyInputList", given.boundaries.unwrap_or_default())?;
        if boundaries.len() > 1 {
            return Err(invalid_input("PermissionsBoundaryPolicyInputList can have one policy at most."));
        }
        for action in &given.actions {
            check_action(action)?;
        }
        let resources = given.resources.filter(|list| !list.is_empty()).unwrap_or_else(|| vec!["*".into()]);
        for resource in &resources {
            check_resource(resource)?;
        }
        let caller = given.caller.as_deref().map(Caller::parse).transpose()?;
        let mut organization = Vec::new();
        for level in given.organization.unwrap_or_default() {
            let given = level.service_control_policy_input_list.unwrap_or_default();
            organization.push(sources::inputs("OrderedOrganizationPolicyInputList", given)?);
        }
        Ok(Self {
            policies: sources::inputs("PolicyInputList", given.policies)?,
            boundary: boundaries.into_iter().next(),
            organization,
            actions: given.actions,
            resources,
            resource_policy: given
                .resource_policy
                .map(|text| {
                    let id = "ResourcePolicy".to_owned();
                    Source::parse(id, PolicySourceType::Resource, Origin::Input, &text, Kind::Resource)
                })
                .transpose()?,
            resource_owner: given.resource_owner.as_deref().map(parse_owner).transpose()?,
            caller,
            context: Entries::parse(given.context.unwrap_or_default())?,
            paging: Paging::new(given.marker, given.max_items),
        })
    }

    /// A resource's policy needs somebody whom it can name, and that is a user.
    ///
    /// # Errors
    /// InvalidInput.
    pub(crate) fn check_caller(&self, source: Option<&Caller>) -> Result<(), IamError> {
        if self.resource_policy.is_none() {
            return Ok(());
        }
        match self.caller.as_ref().or(source).map(|caller| caller.kind) {
            Some(EntityKind::User) => Ok(()),
            Some(EntityKind::Role) => {
                Err(invalid_input("Simulation of resource-based policies is not supported for IAM roles."))
            }
            _ => Err(invalid_input("CallerArn must be the ARN of a user when a ResourcePolicy is given.")),
        }
    }

    /// One page of results: one for each action.
    ///
    /// # Errors
    /// InvalidInput for more than can be answered.
    pub(crate) fn answer(
        &self,
        policies: &[&Source],
        boundary: Option<&Source>,
        caller: &Caller,
        env: Env<'_, crate::Iam>,
        request: &RequestContext,
        operation: &str,
    ) -> Result<SimulatePolicyResponse, IamError> {
        let scope = [operation];
        let account = request.caller.account;
        let mut page = self.paging.open(env.keyring, account, &scope)?;
        let first: usize = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(0);
        let all = policies.iter().copied().chain(boundary).chain(&self.resource_policy);
        let statements: usize =
            all.chain(self.organization.iter().flatten()).map(|source| source.written().len()).sum();
        let comparisons = self.resources.len().saturating_mul(statements.max(1));
        if comparisons > COMPARISONS_MAX {
            return Err(invalid_input(
                "There are more resources and statements than one simulation holds against each other.",
            ));
        }
        page.limit = page.limit.min(COMPARISONS_MAX / comparisons.max(1)).max(1);
        let mut places: Vec<usize> = (first..self.actions.len()).collect();
        let marker = page.close(env.keyring, account, &scope, &mut places, |place| (place + 1).to_string());
        let simulation = evaluate::Simulation { asked: self, policies, boundary, caller };
        let results = places.iter().filter_map(|place| self.actions.get(*place));
        Ok(SimulatePolicyResponse {
            evaluation_results: Some(results.map(|action| simulation.of_action(action)).collect()),
            is_truncated: Some(marker.is_some()),
            marker,
        })
    }
}

fn invalid_input(message: impl Into<String>) -> IamError {
    IamError::InvalidInput { message: message.into() }
}

/// `service:Name`, without wildcards: an API operation, not a set of them.
fn check_action(action: &str) -> Result<(), IamError> {
    let named = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if action.split_once(':').is_some_and(|(service, name)| named(service) && named(name)) {
        return Ok(());
    }
    Err(invalid_input(format!("Invalid Action Name: {action}.")))
}

/// `*` or an ARN.
fn check_resource(resource: &str) -> Result<(), IamError> {
    let is_arn = resource.starts_with("arn:") && resource.splitn(6, ':').count() == 6;
    if resource == "*" || is_arn {
        return Ok(());
    }
    Err(invalid_input(format!("ResourceNames are not in a valid ARN format: {resource}.")))
}

/// An account, by its number or as its root user's ARN.
fn parse_owner(text: &str) -> Result<AccountId, IamError> {
    let number =
        text.strip_prefix("arn:aws:iam::").and_then(|rest| rest.strip_suffix(":root")).unwrap_or(text);
    AccountId::parse(number)
        .map_err(|_| invalid_input(format!("Invalid ResourceOwner: {text} is not an account.")))
}

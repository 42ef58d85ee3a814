//! One action, held against the policies for each resource.

use super::sources::Source;
use super::templates::template;
use super::{Asked, Caller};
use keywright_auth::identities::EntityKind;
use keywright_aws::iam::{
    EvaluationResult, OrganizationsDecisionDetail, PermissionsBoundaryDecisionDetail,
    PolicyEvaluationDecisionType as Decided, ResourceSpecificResult, Statement,
};
use keywright_policy::{
    Decision, Document, Effect, Grant, Identity, Miss, PrincipalFacts, PrincipalKind, Request, Verdict,
    judge_kms, judge_union,
};
use std::collections::{BTreeMap, BTreeSet};

/// What the parts of a cross-account decision are called.
const OWN_SIDE: &str = "IAM Policy";
const RESOURCE_SIDE: &str = "Resource Policy";

pub(super) struct Simulation<'a> {
    pub(super) asked: &'a Asked,
    pub(super) policies: &'a [&'a Source],
    pub(super) boundary: Option<&'a Source>,
    pub(super) caller: &'a Caller,
}

/// What the policies say of one resource.
struct Outcome {
    decision: Decided,
    matched: Vec<Statement>,
    missing: Vec<String>,
    boundary: Option<bool>,
    organization: Option<bool>,
    /// Of each side, when the resource is another account's.
    details: Option<BTreeMap<String, Decided>>,
}

impl Simulation<'_> {
    pub(super) fn of_action(&self, action: &str) -> EvaluationResult {
        let outcomes: Vec<(&String, Outcome)> = self
            .asked
            .resources
            .iter()
            .map(|resource| (resource, self.of_resource(action, resource)))
            .collect();
        let decision =
            outcomes.iter().map(|(_, outcome)| outcome.decision).max_by_key(|decided| strictness(*decided));
        let decision = decision.unwrap_or(Decided::ImplicitDeny);
        let (mut matched, mut missing) = (Matched::default(), Vec::new());
        for (_, outcome) in &outcomes {
            if outcome.decision == decision {
                outcome.matched.iter().for_each(|statement| matched.add(statement));
            }
            outcome.missing.iter().for_each(|key| add_key(&mut missing, key));
        }
        let all = |of: fn(&Outcome) -> Option<bool>| {
            outcomes.iter().filter_map(|(_, outcome)| of(outcome)).reduce(|one, other| one && other)
        };
        let of_everything = self.asked.resources.iter().all(|resource| resource == "*");
        EvaluationResult {
            eval_action_name: action.to_owned(),
            eval_resource_name: Some(template(action).to_owned()),
            eval_decision: decision,
            matched_statements: Some(matched.statements),
            missing_context_values: Some(missing),
            organizations_decision_detail: all(|outcome| outcome.organization)
                .map(|allowed| OrganizationsDecisionDetail { allowed_by_organizations: Some(allowed) }),
            permissions_boundary_decision_detail: all(|outcome| outcome.boundary).map(boundary_detail),
            // IAM API Reference, `EvaluationResult`: empty within one account, absent when all resources are meant.
            eval_decision_details: details(&outcomes).or_else(|| (!of_everything).then(BTreeMap::new)),
            resource_specific_results: (!of_everything).then(|| {
                outcomes.into_iter().map(|(resource, outcome)| outcome.into_result(resource)).collect()
            }),
        }
    }

    fn of_resource(&self, action: &str, resource: &str) -> Outcome {
        let asked = self.asked;
        let (arn, account) = (&*self.caller.arn, self.caller.account.as_str());
        let principal = match self.caller.kind {
            EntityKind::Role => PrincipalFacts {
                kind: PrincipalKind::RoleSession,
                arn,
                account,
                role_arn: Some(arn),
                id: None,
            },
            _ => PrincipalFacts { kind: PrincipalKind::User, arn, account, role_arn: None, id: None },
        };
        let request = Request { principal, action, resource, context: &asked.context };
        let missing = self.missing(&request);
        if let Some(decision) = self.organization(&request) {
            return Outcome {
                decision,
                matched: Vec::new(),
                missing,
                boundary: None,
                organization: Some(false),
                details: None,
            };
        }
        let attached: Vec<&Document> = self.policies.iter().map(|source| &*source.document).collect();
        let boundary = self.boundary.map(|source| &*source.document);
        let identity = Identity::Policies { attached: &attached, boundary, session: &[] };
        let owner = owner(resource)
            .or_else(|| asked.resource_owner.as_ref().map(|owner| owner.as_str()))
            .unwrap_or(account);
        let policy = asked.resource_policy.as_ref().map(|source| &*source.document);
        let is_kms = action.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("kms:"));
        let judged = match policy {
            Some(policy) if is_kms => judge_kms(&request, Some(policy), owner, &identity, Grant::None),
            policy => judge_union(&request, policy, owner, &identity),
        };
        let decision = decided(judged);
        Outcome {
            decision,
            matched: self.matched(&request, decision),
            missing,
            boundary: boundary.map(|document| matches!(document.evaluate(&request), Verdict::Allow { .. })),
            organization: (!asked.organization.is_empty()).then_some(true),
            details: (owner != account).then(|| {
                let own = decided(judge_union(&request, None, account, &identity));
                let resource = match policy.map_or(Verdict::Silent, |policy| policy.evaluate(&request)) {
                    Verdict::Allow { .. } => Decided::Allowed,
                    Verdict::Deny { .. } => Decided::ExplicitDeny,
                    Verdict::Silent => Decided::ImplicitDeny,
                };
                BTreeMap::from([(OWN_SIDE.to_owned(), own), (RESOURCE_SIDE.to_owned(), resource)])
            }),
        }
    }

    /// Why the organization does not let the request through; none if it does or there is none.
    fn organization(&self, request: &Request<'_>) -> Option<Decided> {
        let mut denied = None;
        for level in &self.asked.organization {
            let mut allowed = false;
            for source in level {
                match source.document.evaluate(request) {
                    Verdict::Allow { .. } => allowed = true,
                    Verdict::Deny { .. } => return Some(Decided::ExplicitDeny),
                    Verdict::Silent => {}
                }
            }
            if !allowed {
                denied = Some(Decided::ImplicitDeny);
            }
        }
        denied
    }

    /// The statements that make the decision: every Allow that applies, or every Deny.
    fn matched(&self, request: &Request<'_>, decision: Decided) -> Vec<Statement> {
        let effect = match decision {
            Decided::Allowed => Effect::Allow,
            Decided::ExplicitDeny => Effect::Deny,
            Decided::ImplicitDeny => return Vec::new(),
        };
        // A boundary gives nothing, and so stands here only when it denies.
        let boundary = self.boundary.filter(|_| effect == Effect::Deny);
        let mut matched = Vec::new();
        for source in self.policies.iter().copied().chain(boundary).chain(&self.asked.resource_policy) {
            for explained in source.document.explain(request) {
                if explained.applies() && explained.effect == effect {
                    matched.push(source.statement(explained.statement.index));
                }
            }
        }
        matched
    }

    /// The keys without a value of statements that speak of this caller, action and resource.
    fn missing(&self, request: &Request<'_>) -> Vec<String> {
        let mut missing = Vec::new();
        for source in self.policies.iter().copied().chain(self.boundary).chain(&self.asked.resource_policy) {
            for explained in source.document.explain(request) {
                let written = source.written().get(explained.statement.index);
                let keys = written.map_or(&[][..], |one| &one.keys);
                let absent = keys.iter().filter(|key| !self.asked.context.has(key));
                // A resource may not fit for want of a variable's value.
                let speaks = explained.misses.iter().all(|miss| match miss {
                    Miss::Principal | Miss::Action => false,
                    Miss::Resource => written.is_some_and(|one| one.resource_varies),
                    Miss::Condition { .. } => true,
                });
                if speaks {
                    absent.for_each(|key| add_key(&mut missing, key));
                }
            }
        }
        missing
    }
}

impl Outcome {
    fn into_result(self, resource: &str) -> ResourceSpecificResult {
        ResourceSpecificResult {
            eval_resource_name: resource.to_owned(),
            eval_resource_decision: self.decision,
            matched_statements: Some(self.matched),
            missing_context_values: Some(self.missing),
            eval_decision_details: self.details,
            permissions_boundary_decision_detail: self.boundary.map(boundary_detail),
        }
    }
}

fn boundary_detail(allowed: bool) -> PermissionsBoundaryDecisionDetail {
    PermissionsBoundaryDecisionDetail { allowed_by_permissions_boundary: Some(allowed) }
}

fn decided(judged: Decision<'_>) -> Decided {
    match judged {
        Decision::Allowed(_) => Decided::Allowed,
        Decision::Denied { by: Some(_), .. } => Decided::ExplicitDeny,
        Decision::Denied { by: None, .. } => Decided::ImplicitDeny,
    }
}

/// The strictest decision of several is the one that is reported.
const fn strictness(decision: Decided) -> u8 {
    match decision {
        Decided::Allowed => 0,
        Decided::ImplicitDeny => 1,
        Decided::ExplicitDeny => 2,
    }
}

/// The strictest decision of each side over all resources; none if no resource is another account's.
fn details(outcomes: &[(&String, Outcome)]) -> Option<BTreeMap<String, Decided>> {
    let mut all: Option<BTreeMap<String, Decided>> = None;
    for (side, decision) in outcomes.iter().filter_map(|(_, outcome)| outcome.details.as_ref()).flatten() {
        let known = all.get_or_insert_default().entry(side.clone()).or_insert(*decision);
        if strictness(*decision) > strictness(*known) {
            *known = *decision;
        }
    }
    all
}

/// The account that an ARN names.
fn owner(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| account.len() == 12)
}

/// Line and column, as far as they are known.
type At = (Option<i32>, Option<i32>);

/// Statements, each once.
#[derive(Default)]
struct Matched {
    statements: Vec<Statement>,
    known: BTreeSet<(Option<String>, Option<At>)>,
}

impl Matched {
    fn add(&mut self, statement: &Statement) {
        let place = statement.start_position.as_ref().map(|at| (at.line, at.column));
        if self.known.insert((statement.source_policy_id.clone(), place)) {
            self.statements.push(statement.clone());
        }
    }
}

fn add_key(keys: &mut Vec<String>, key: &str) {
    if !keys.iter().any(|known| known.eq_ignore_ascii_case(key)) {
        keys.push(key.to_owned());
    }
}

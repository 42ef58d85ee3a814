//! Why may somebody do something, or not: the same evaluation as a request's, told to people.
//!
//! The decision is [`authorise`](crate::authorise())'s own: the same rule on the same documents. Beside it stand the
//! statements that decided, and those that would have if one thing were otherwise.

use crate::authorise::{asked, is_explicit, judge, message, with_identity};
use crate::conditions::RequestKeys;
use crate::context::{Caller, RequestContext};
use crate::identities::{
    EntityKind, Identities, PolicySource, Rights, find_role, find_user, parse_entity_arn, role_session,
};
use crate::operation::Protected;
use keywright_policy::{
    AllowedBy, ConditionValue, Context, Deciding, Decision, Denial, Document, Effect, Grant, Identity, Miss,
    OwnRight, Place, Request, StatementRef,
};
use keywright_store::{Store, StoreError};
use keywright_types::{AccountId, PARTITION, Principal};
use std::sync::Arc;

/// Statements that nearly apply are told up to so many.
const NEARLY_MAX: usize = 25;

/// Who is asked about: a user, a role (as a session of it that nothing narrows), one session of a role by its ARN, or
/// an account's root user; none if there is no such one in `account`.
///
/// # Errors
/// The store's.
pub async fn find_principal(
    store: &Store,
    identities: &Identities,
    account: AccountId,
    arn: &str,
) -> Result<Option<(Principal, Arc<Rights>)>, StoreError> {
    match principal(store, account, arn).await? {
        Some(principal) => identities.rights_of(store, &principal, true).await,
        None => Ok(None),
    }
}

/// The session name of a role that is asked about as such.
const ANY_SESSION: &str = "explained";

async fn principal(store: &Store, account: AccountId, arn: &str) -> Result<Option<Principal>, StoreError> {
    let root = Principal::Root { account };
    if arn == account.as_str() || root.arn().as_deref() == Some(arn) {
        return Ok(Some(root));
    }
    if let Some(parts) = parse_entity_arn(arn, EntityKind::User) {
        let found = match parts.account == account.as_str() {
            true => find_user(store, account, parts.name).await?.map(|found| found.row),
            false => None,
        };
        return Ok(found.filter(|user| user.arn() == arn).map(|user| Principal::User {
            account,
            name: user.name.as_str().into(),
            arn: arn.into(),
            user_id: user.user_id,
        }));
    }
    let of_session = arn.strip_prefix(&format!("arn:{PARTITION}:sts::{account}:assumed-role/"));
    let (name, session, whole) = match of_session.and_then(|rest| rest.split_once('/')) {
        Some((role, session)) => (role, session, false),
        None => match parse_entity_arn(arn, EntityKind::Role) {
            Some(parts) if parts.account == account.as_str() => (parts.name, ANY_SESSION, true),
            _ => return Ok(None),
        },
    };
    let found = find_role(store, account, name).await?.map(|found| found.row);
    Ok(found
        .filter(|role| if whole { role.arn() == arn } else { role.name == name })
        .map(|role| role_session(account, role.role_id.clone(), &role.name, session)))
}

/// One question: may [`RequestContext::caller`] do it?
pub struct Question<'a> {
    /// Such as `kms:Decrypt`.
    pub action: &'a str,
    pub protected: &'a Protected,
    /// What the key's grants say to it.
    pub grant: Grant,
    /// What the asker says of the request: condition keys in any case with their values. They come before all that
    /// Keywright knows of itself.
    pub given: &'a [(String, Vec<String>)],
    /// The service's own condition keys.
    pub service: &'a dyn Fn(&str) -> ConditionValue<'a>,
}

/// What a policy is to the one asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyRole {
    /// It is attached to it, or to a group of it.
    Identity,
    Boundary,
    /// It is the resource's.
    Resource,
}

/// A statement, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub role: PolicyRole,
    /// The policy's ARN or its inline name; empty for a boundary and a resource's policy.
    pub policy: String,
    /// The ARN of whom it is attached to.
    pub of: Option<String>,
    pub sid: Option<String>,
    pub effect: Effect,
    /// Where the statement begins in the policy's text.
    pub place: Option<Place>,
}

/// A statement that would apply if one thing were otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    pub statement: Told,
    /// What does not fit, for people.
    pub lacks: String,
}

/// The decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Allowed,
    ExplicitDeny,
    ImplicitDeny,
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    pub outcome: Outcome,
    /// What the caller would be told; none when allowed.
    pub message: Option<String>,
    /// Which rule led to it, for people.
    pub reason: String,
    pub decided_by: Vec<Told>,
    /// Allow statements that nearly apply, nearest first, when nothing allows.
    pub nearly: Vec<NearMiss>,
}

/// Answers the question for the caller of `request`.
#[must_use]
pub fn explain_access<'a>(question: &Question<'a>, request: &'a RequestContext) -> Explained {
    let context = Given { given: question.given, known: RequestKeys { request, service: question.service } };
    let asked = asked(question.action, question.protected, request, &context);
    with_identity(request, |identity| {
        let policies = Policies::of(request, question.protected, identity);
        let decision = judge(&asked, question.protected, request, identity, question.grant, true);
        policies.explained(&asked, decision, |denial| {
            message(question.action, question.protected, request, denial)
        })
    })
}

/// The condition keys: first what the asker says. Of the connection nothing is known: the asker's own is not it.
struct Given<'a> {
    given: &'a [(String, Vec<String>)],
    known: RequestKeys<'a>,
}

impl Context for Given<'_> {
    fn value(&self, name: &str) -> ConditionValue<'_> {
        let given = self.given.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        match given.map(|(_, values)| values.as_slice()) {
            Some([value]) => ConditionValue::Single(value.as_str().into()),
            Some(values) => ConditionValue::Multi(values.iter().map(String::as_str).collect()),
            None if matches!(name, "aws:sourceip" | "aws:useragent" | "aws:securetransport") => {
                ConditionValue::Absent
            }
            None => self.known.value(name),
        }
    }
}

/// Every policy that speaks, with its name.
struct Policies<'a> {
    attached: Vec<(&'a PolicySource, &'a Document)>,
    boundary: Option<&'a Document>,
    resource: Option<&'a Document>,
}

impl<'a> Policies<'a> {
    fn of(request: &'a RequestContext, protected: &'a Protected, identity: &Identity<'a>) -> Self {
        let rights = &request.caller.rights;
        let boundary = match identity {
            Identity::Policies { boundary, .. } => *boundary,
            Identity::Root | Identity::Service => None,
        };
        let resource = match protected {
            Protected::ByPolicy { policy, .. } | Protected::Veiled { policy, .. } => Some(&**policy),
            Protected::Absent { .. } | Protected::ByIdentity { .. } | Protected::Unreadable => None,
        };
        let attached = rights.policies.iter().map(|policy| (&policy.source, &*policy.document)).collect();
        Self { attached, boundary, resource }
    }

    fn explained(
        &self,
        asked: &Request<'_>,
        decision: Decision<'_>,
        message: impl FnOnce(Denial) -> String,
    ) -> Explained {
        match decision {
            Decision::Allowed(by) => Explained {
                outcome: Outcome::Allowed,
                message: None,
                reason: reason(by).to_owned(),
                decided_by: self.allowing(by),
                nearly: Vec::new(),
            },
            Decision::Denied { denial, by } => Explained {
                outcome: if is_explicit(denial) { Outcome::ExplicitDeny } else { Outcome::ImplicitDeny },
                message: Some(message(denial)),
                reason: denial.tail(asked.action),
                decided_by: by.map(|by| self.denying(denial, by)).into_iter().collect(),
                nearly: if is_explicit(denial) { Vec::new() } else { self.nearly(asked) },
            },
        }
    }

    fn allowing(&self, by: AllowedBy<'_>) -> Vec<Told> {
        let (resource, own) = match by {
            AllowedBy::Resource(statement) => (Some(statement), None),
            AllowedBy::Both { resource, own } => (Some(resource), Some(own)),
            AllowedBy::Own(own) => (None, Some(own)),
            AllowedBy::Grant { own } => (None, own),
        };
        let resource = resource.and_then(|statement| self.of_resource(statement, Effect::Allow));
        let own = match own {
            Some(OwnRight::Attached(by)) => self.of_attached(by, Effect::Allow),
            Some(OwnRight::Root) | None => None,
        };
        resource.into_iter().chain(own).collect()
    }

    fn denying(&self, denial: Denial, by: Deciding<'_>) -> Told {
        let found = match denial {
            Denial::ExplicitInIdentity => self.of_attached(by, Effect::Deny),
            Denial::ExplicitInBoundary => self.of_boundary(by.statement, Effect::Deny),
            _ => self.of_resource(by.statement, Effect::Deny),
        };
        found.unwrap_or_else(|| told(PolicyRole::Resource, "", None, None, by.statement, Effect::Deny))
    }

    fn of_attached(&self, by: Deciding<'_>, effect: Effect) -> Option<Told> {
        let (source, document) = self.attached.get(by.policy)?;
        let (name, entity) = named(source);
        Some(told(PolicyRole::Identity, name, Some(entity), Some(document), by.statement, effect))
    }

    fn of_boundary(&self, statement: StatementRef<'_>, effect: Effect) -> Option<Told> {
        self.boundary.map(|document| told(PolicyRole::Boundary, "", None, Some(document), statement, effect))
    }

    fn of_resource(&self, statement: StatementRef<'_>, effect: Effect) -> Option<Told> {
        self.resource.map(|document| told(PolicyRole::Resource, "", None, Some(document), statement, effect))
    }

    fn nearly(&self, asked: &Request<'_>) -> Vec<NearMiss> {
        let mut nearly: Vec<(u8, NearMiss)> = Vec::new();
        let mut look = |document: &Document, tell: &dyn Fn(StatementRef<'_>) -> Option<Told>| {
            for explained in document.explain(asked) {
                let [miss] = explained.misses.as_slice() else { continue };
                if explained.effect == Effect::Allow
                    && let Some(statement) = tell(explained.statement)
                {
                    nearly.push((distance(*miss), NearMiss { statement, lacks: lacks(*miss, asked) }));
                }
            }
        };
        for (policy, (_, document)) in self.attached.iter().enumerate() {
            look(document, &|statement| self.of_attached(Deciding { policy, statement }, Effect::Allow));
        }
        if let Some(document) = self.boundary {
            look(document, &|statement| self.of_boundary(statement, Effect::Allow));
        }
        if let Some(document) = self.resource {
            look(document, &|statement| self.of_resource(statement, Effect::Allow));
        }
        nearly.sort_by_key(|(distance, _)| *distance);
        nearly.into_iter().take(NEARLY_MAX).map(|(_, near)| near).collect()
    }
}

/// How far a statement is from applying: a condition is nearest to what its author meant.
const fn distance(miss: Miss<'_>) -> u8 {
    match miss {
        Miss::Condition { .. } => 0,
        Miss::Resource => 1,
        Miss::Principal => 2,
        Miss::Action => 3,
    }
}

fn lacks(miss: Miss<'_>, asked: &Request<'_>) -> String {
    match miss {
        Miss::Condition { key, .. } if matches!(asked.context.value(key), ConditionValue::Absent) => {
            format!("{miss}: the request has no value for it")
        }
        _ => miss.to_string(),
    }
}

fn reason(by: AllowedBy<'_>) -> &'static str {
    match by {
        AllowedBy::Resource(_) => "the resource's policy allows it by itself",
        AllowedBy::Both { own: OwnRight::Root, .. } => {
            "the resource's policy allows the account, and this is its root user"
        }
        AllowedBy::Both { own: OwnRight::Attached(_), .. } => {
            "the resource's policy lets the account decide, and a policy of the principal allows it"
        }
        AllowedBy::Own(OwnRight::Root) => "the root user may do everything in its account",
        AllowedBy::Own(OwnRight::Attached(_)) => "a policy of the principal allows it",
        AllowedBy::Grant { own: None } => "a grant to the principal allows it",
        AllowedBy::Grant { own: Some(_) } => {
            "a grant to the account allows it, and so does the principal's own right"
        }
    }
}

fn named(source: &PolicySource) -> (&str, &str) {
    match source {
        PolicySource::Managed { arn, entity } => (arn, entity),
        PolicySource::Inline { name, entity } => (name, entity),
    }
}

fn told(
    role: PolicyRole,
    policy: &str,
    of: Option<&str>,
    document: Option<&Document>,
    statement: StatementRef<'_>,
    effect: Effect,
) -> Told {
    let written = document.and_then(|document| document.written().into_iter().nth(statement.index));
    Told {
        role,
        policy: policy.to_owned(),
        of: of.map(str::to_owned),
        sid: statement.sid.map(str::to_owned),
        effect,
        place: written.map(|written| written.start),
    }
}

impl RequestContext {
    /// A request that `principal` would make now, by a session that nothing narrows: of where it comes from nothing is
    /// known.
    #[must_use]
    pub fn as_if_by(&self, principal: Principal, rights: Arc<Rights>) -> Self {
        let caller = Caller {
            arn: principal.to_string().into(),
            account: self.caller.account,
            principal,
            access_key_id: self.caller.access_key_id.clone(),
            session: None,
            rights,
            session_policies: Vec::new(),
            web_identity: None,
        };
        Self { caller, via: None, ..self.clone() }
    }
}

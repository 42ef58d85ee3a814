//! May the caller do it? The one place that makes [`Authorised`].

use crate::conditions::RequestKeys;
use crate::context::{RequestContext, View};
use crate::operation::{Check, Checks, Operation, Protected, Rule};
use crate::session::SessionOf;
use crate::wording;
use keywright_policy::{
    ConditionValue, Context, Deciding, Decision, Denial, Document, Grant, Identity, Kind, PrincipalFacts,
    PrincipalKind, Request, Verdict, decide_kms, judge_kms, judge_union,
};
use keywright_types::{Principal, UniqueId};
use smallvec::SmallVec;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

/// An operation whose every check the policies allowed. Made by [`authorise`] and by nothing else, so that
/// an operation's `decide` cannot run without it.
pub struct Authorised<'a, Op>(&'a Op);

impl<'a, Op> Authorised<'a, Op> {
    /// For [`crate::InnerCall`], which keeps the operation beside what [`authorise`] said of it.
    pub(crate) const fn allowed(op: &'a Op) -> Self {
        Self(op)
    }
}

impl<Op> Deref for Authorised<'_, Op> {
    type Target = Op;

    fn deref(&self) -> &Op {
        self.0
    }
}

/// Why an operation may not be done, or could not be asked about.
#[derive(Debug)]
pub enum Unauthorised<E> {
    /// AWS's text: who, what, on which resource, and why.
    Denied(String),
    /// What the grants say could not be read.
    Failed(E),
}

/// Asks the policies every check of an operation, and the grants where no policy allows.
///
/// # Errors
/// The first check that is denied.
pub async fn authorise<'a, Op: Operation>(
    op: &'a Op,
    facts: &Op::Facts,
    checks: &Checks,
    view: View<'_, Op::Service>,
    request: &RequestContext,
) -> Result<Authorised<'a, Op>, Unauthorised<Op::Error>> {
    for check in checks {
        if let Some(barred) = barred(check.action, request) {
            return Err(Unauthorised::Denied(barred));
        }
        let denial = match ask(op, facts, check, request, Grant::None) {
            Ok(()) => continue,
            Err(denial) => denial,
        };
        // No grant goes against a Deny.
        let grant = match is_explicit(denial) {
            true => Grant::None,
            false => op.granted(facts, check, view, request).await.map_err(Unauthorised::Failed)?,
        };
        let denial = match grant {
            Grant::None => denial,
            Grant::ToAccount | Grant::ToCaller => match ask(op, facts, check, request, grant) {
                Ok(()) => continue,
                Err(denial) => denial,
            },
        };
        return Err(Unauthorised::Denied(explain(op, facts, check, request, denial)));
    }
    Ok(Authorised(op))
}

/// AWS's text for a denial.
fn explain<Op: Operation>(
    op: &Op,
    facts: &Op::Facts,
    check: &Check,
    request: &RequestContext,
    denial: Denial,
) -> String {
    let known = match &check.protected {
        Protected::Veiled { known, .. } => known,
        Protected::Unreadable => return no_right_to_open(&request.caller.arn, check.action),
        Protected::ByPolicy { .. } | Protected::Absent { .. } | Protected::ByIdentity { .. } => {
            return message(check.action, &check.protected, request, denial);
        }
    };
    let as_if_absent = Check { action: check.action, protected: Protected::Absent { arn: known.clone() } };
    match ask(op, facts, &as_if_absent, request, Grant::None) {
        Err(denial) => message(as_if_absent.action, &as_if_absent.protected, request, denial),
        Ok(()) => no_right_to_open(&request.caller.arn, check.action),
    }
}

/// What is said to a caller whose ciphertext names no key that it may use, whether or not there is such a key.
#[must_use]
pub fn no_right_to_open(principal: &str, action: &str) -> String {
    format!(
        "User: {principal} is not authorized to perform: {action} on the resource associated with this ciphertext \
         because the resource does not exist in this Region, no resource-based policies allow access, or a \
         resource-based policy explicitly denies access"
    )
}

/// A policy that says nothing of anybody.
static SILENT: LazyLock<Arc<Document>> = LazyLock::new(|| {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","NotAction":"*","Resource":"*"}}"#;
    Arc::new(Document::parse(text, Kind::Resource).expect("our own policy text is well-formed"))
});

/// The policy of a resource that may have one and has none.
#[must_use]
pub fn no_policy() -> Arc<Document> {
    Arc::clone(&SILENT)
}

fn ask<Op: Operation>(
    op: &Op,
    facts: &Op::Facts,
    check: &Check,
    request: &RequestContext,
    grant: Grant,
) -> Result<(), Denial> {
    let service = |name: &str| op.condition(facts, check, name);
    let context = RequestKeys { request, service: &service };
    let asked = asked(check.action, &check.protected, request, &context);
    with_identity(request, |identity| {
        judge(&asked, &check.protected, request, identity, grant, Op::CROSS_ACCOUNT).result()
    })
}

/// The question as the policies take it.
pub(crate) fn asked<'a>(
    action: &'a str,
    protected: &'a Protected,
    request: &'a RequestContext,
    context: &'a dyn Context,
) -> Request<'a> {
    Request { principal: principal_facts(request), action, resource: protected.arn(), context }
}

/// What the policies say, by the rule of what is protected, and which statement says it.
pub(crate) fn judge<'a>(
    asked: &Request<'_>,
    protected: &'a Protected,
    request: &RequestContext,
    identity: &Identity<'a>,
    grant: Grant,
    cross_account: bool,
) -> Decision<'a> {
    // Not the principal's, who may be of none: a token's bearer acts in the account of the role that it asks for.
    let own_account = request.caller.account.as_str();
    match protected {
        Protected::ByPolicy { arn, .. } if !cross_account && account_of(arn) != own_account => {
            Decision::Denied { denial: Denial::NoResourcePolicy, by: None }
        }
        Protected::ByPolicy { arn, policy, rule: Rule::PolicyFirst } => {
            let judged = judge_kms(asked, Some(policy), account_of(arn), identity, grant);
            // Who has no right of its own in the account learns as little of a key that is there as of one that is not.
            match judged {
                Decision::Denied { denial: Denial::NoResourcePolicy, .. }
                    if account_of(arn) == own_account =>
                {
                    let own = decide_kms(asked, None, own_account, identity, Grant::None);
                    Decision::Denied { denial: own.err().unwrap_or(Denial::NoResourcePolicy), by: None }
                }
                judged => judged,
            }
        }
        Protected::Veiled { arn, policy, .. } => {
            judge_kms(asked, Some(policy), account_of(arn), identity, grant)
        }
        Protected::ByPolicy { arn, policy, rule: Rule::GrantAlone } => match policy.evaluate(asked) {
            Verdict::Deny { statement } => Decision::Denied {
                denial: Denial::ExplicitInResource,
                by: Some(Deciding { policy: 0, statement }),
            },
            Verdict::Allow { .. } | Verdict::Silent => {
                judge_kms(asked, Some(&SILENT), account_of(arn), identity, grant)
            }
        },
        Protected::ByPolicy { arn, policy, rule: Rule::Union } => {
            judge_union(asked, Some(policy), account_of(arn), identity)
        }
        // Of another account's resources nobody learns whether they are there.
        Protected::Absent { arn } => judge_kms(asked, None, account_of(arn), identity, Grant::None),
        Protected::ByIdentity { .. } | Protected::Unreadable => {
            judge_kms(asked, None, own_account, identity, Grant::None)
        }
    }
}

/// Whether the caller could still change a key's policy if `policy` were it: because that names the caller, or the
/// account and the caller's own policies allow.
#[must_use]
pub fn keeps_control(policy: &Document, request: &RequestContext, key_arn: &str) -> bool {
    let none = |_: &str| ConditionValue::Absent;
    let context = RequestKeys { request, service: &none };
    with_identity(request, |identity| {
        let principal = principal_facts(request);
        keywright_policy::keeps_control(policy, principal, identity, key_arn, account_of(key_arn), &context)
    })
}

/// Whether the caller could still do `action` to a resource of the general rule if its policy were `policy` and its
/// condition keys those of `service`: who changes what decides about itself should not lock itself out unaware.
#[must_use]
pub fn keeps_right<'a>(
    action: &str,
    arn: &str,
    policy: &Document,
    request: &'a RequestContext,
    service: &'a dyn Fn(&str) -> ConditionValue<'a>,
) -> bool {
    let context = RequestKeys { request, service };
    with_identity(request, |identity| {
        let asked = Request { principal: principal_facts(request), action, resource: arn, context: &context };
        judge_union(&asked, Some(policy), account_of(arn), identity).result().is_ok()
    })
}

/// Calls `ask` with the caller's own policies, borrowed.
pub(crate) fn with_identity<T>(request: &RequestContext, ask: impl FnOnce(&Identity<'_>) -> T) -> T {
    let caller = &request.caller;
    match &caller.principal {
        Principal::Root { .. } => ask(&Identity::Root),
        Principal::Service { .. } | Principal::Federated { .. } => ask(&Identity::Service),
        Principal::User { .. } | Principal::RoleSession { .. } => {
            let attached: SmallVec<[&Document; 8]> =
                caller.rights.policies.iter().map(|policy| &*policy.document).collect();
            let session: SmallVec<[&Document; 2]> =
                caller.session_policies.iter().map(|document| &**document).collect();
            ask(&Identity::Policies {
                attached: &attached,
                boundary: caller.rights.boundary.as_deref(),
                session: &session,
            })
        }
    }
}

fn principal_facts(request: &RequestContext) -> PrincipalFacts<'_> {
    let caller = &request.caller;
    let (kind, arn, account, role_arn) = match &caller.principal {
        Principal::Root { account } => (PrincipalKind::Root, &*caller.arn, account.as_str(), None),
        Principal::User { account, arn, .. } => (PrincipalKind::User, &**arn, account.as_str(), None),
        Principal::RoleSession { account, arn, role_arn, .. } => {
            (PrincipalKind::RoleSession, &**arn, account.as_str(), Some(&**role_arn))
        }
        Principal::Federated { provider, .. } => (PrincipalKind::Federated, &**provider, "", None),
        Principal::Service { .. } => (PrincipalKind::Service, &*caller.arn, "", None),
    };
    let id = caller.principal.unique_id().map(UniqueId::as_str);
    PrincipalFacts { kind, arn, account, role_arn, id }
}

/// What temporary credentials may not do, whatever policies say; none if this is not of it.
///
/// Source: IAM User Guide, "Compare AWS STS credentials". Sessions of roles: no GetSessionToken, no GetFederationToken.
/// Those of GetSessionToken: nothing of IAM unless a second factor was given for them, and of STS AssumeRole and
/// GetCallerIdentity alone. Making an account makes a root user's access key, so that it is held to what IAM is.
fn barred(action: &str, request: &RequestContext) -> Option<String> {
    let session = request.caller.session.as_deref()?;
    let (service, name) = action.split_once(':').unwrap_or_default();
    match (&session.facts.of, service, name) {
        (_, "sts", "GetSessionToken" | "GetFederationToken") => {
            Some(format!("Cannot call {name} with session credentials"))
        }
        (SessionOf::Role { .. }, _, _) => None,
        // The permissions behind AssumeRole's parameters belong to it.
        (SessionOf::User { .. }, "sts", "AssumeRole" | "TagSession" | "SetSourceIdentity") => None,
        (SessionOf::User { .. }, "sts", _) => {
            Some(format!("Cannot call {name} with the credentials of GetSessionToken"))
        }
        (SessionOf::User { .. }, "iam", _) | (SessionOf::User { .. }, "keywright", "CreateAccount") => {
            session.facts.mfa_at.is_none().then(|| {
                format!(
                    "User: {} is not authorized to perform: {action} because credentials of GetSessionToken may do so \
                     only if a second factor was given for them",
                    request.caller.arn
                )
            })
        }
        (SessionOf::User { .. }, _, _) => None,
    }
}

pub(crate) const fn is_explicit(denial: Denial) -> bool {
    match denial {
        Denial::ExplicitInResource
        | Denial::ExplicitInIdentity
        | Denial::ExplicitInBoundary
        | Denial::ExplicitInSession => true,
        Denial::NoResourcePolicy
        | Denial::NoIdentityPolicy
        | Denial::NoBoundary
        | Denial::NoSessionPolicy => false,
    }
}

/// AWS's text of a denial.
pub(crate) fn message(
    action: &str,
    protected: &Protected,
    request: &RequestContext,
    denial: Denial,
) -> String {
    let (principal, arn) = (&request.caller.arn, protected.arn());
    // Strangers learn nothing of a role, nor why it does not trust them.
    if matches!(request.caller.principal, Principal::Federated { .. }) {
        return format!("Not authorized to perform {action}");
    }
    format!(
        "User: {principal} is not authorized to perform: {action} on resource: {} {}",
        wording::resource(action, arn),
        denial.tail(action)
    )
}

/// The account in an ARN's fifth part.
fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

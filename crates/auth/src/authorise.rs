//! May the caller do it? The one place that makes [`Authorised`].

use crate::context::RequestContext;
use crate::operation::{Check, Checks, Operation, Protected};
use keywright_policy::{
    ConditionValue, Context, Denial, Document, Identity, PrincipalFacts, PrincipalKind, Request, Verdict,
    decide_kms,
};
use keywright_types::{AccountId, Principal};
use std::ops::Deref;

/// An operation whose every check the policies allowed. Made by [`authorise`] and by nothing else, so that
/// an operation's `decide` cannot run without it.
pub struct Authorised<'a, Op>(&'a Op);

impl<Op> Deref for Authorised<'_, Op> {
    type Target = Op;

    fn deref(&self) -> &Op {
        self.0
    }
}

/// Asks the policies every check of an operation.
///
/// # Errors
/// AWS's text for the first check that is denied: who, what, on which resource, and why.
pub fn authorise<'a, Op: Operation>(
    op: &'a Op,
    facts: &'a Op::Facts,
    checks: &'a Checks,
    request: &RequestContext,
) -> Result<Authorised<'a, Op>, String> {
    for check in checks {
        let service = |name: &str| op.condition(facts, check, name);
        let context = RequestKeys { request, service: &service };
        decide(check, request, &context).map_err(|denial| message(check, request, denial))?;
    }
    Ok(Authorised(op))
}

fn decide(check: &Check, request: &RequestContext, context: &dyn Context) -> Result<(), Denial> {
    let principal = Named::of(request);
    let asked = Request {
        principal: principal.facts(),
        action: check.action,
        resource: check.protected.arn(),
        context,
    };
    let identity = principal.identity();
    match &check.protected {
        Protected::ByPolicy { arn, policy } => {
            decide_kms(&asked, Some(policy), account_of(arn), &identity, false)
        }
        Protected::Absent { .. } | Protected::ByIdentity { .. } => {
            decide_kms(&asked, None, request.caller.account.as_str(), &identity, false)
        }
    }
}

/// Whether `policy` by itself would let the caller do `action`: for the check that a new key policy does not
/// lock its author out.
#[must_use]
pub fn would_allow(policy: &Document, request: &RequestContext, action: &str, arn: &str) -> bool {
    let principal = Named::of(request);
    let none = |_: &str| ConditionValue::Absent;
    let context = RequestKeys { request, service: &none };
    let asked = Request { principal: principal.facts(), action, resource: arn, context: &context };
    matches!(policy.evaluate(&asked), Verdict::Allow { .. })
}

/// AWS's text of a denial.
fn message(check: &Check, request: &RequestContext, denial: Denial) -> String {
    let principal = &request.caller.arn;
    let (action, arn) = (check.action, check.protected.arn());
    format!(
        "User: {principal} is not authorized to perform: {action} on resource: {arn} {}",
        denial.tail(action)
    )
}

/// The account in an ARN's fifth part.
fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// A principal with the texts that policies compare.
struct Named<'a> {
    kind: PrincipalKind,
    arn: &'a str,
    account: Option<&'a AccountId>,
}

impl<'a> Named<'a> {
    fn of(request: &'a RequestContext) -> Self {
        let arn = &*request.caller.arn;
        match &request.caller.principal {
            Principal::Root { account } => Self { kind: PrincipalKind::Root, arn, account: Some(account) },
            Principal::Service => Self { kind: PrincipalKind::Service, arn, account: None },
        }
    }

    fn facts(&self) -> PrincipalFacts<'_> {
        PrincipalFacts {
            kind: self.kind,
            arn: self.arn,
            account: self.account.map_or("", AccountId::as_str),
            role_arn: None,
        }
    }

    fn identity(&self) -> Identity<'static> {
        match self.kind {
            PrincipalKind::Root => Identity::Root,
            // Users and roles come with IAM; until then nobody is one, and no policy is attached to them.
            PrincipalKind::User | PrincipalKind::RoleSession => {
                Identity::Policies { attached: &[], boundary: None, session: &[] }
            }
            PrincipalKind::Service => Identity::Service,
        }
    }
}

/// The condition keys of a request: the global ones, and those of the service.
///
/// Source: IAM User Guide, "AWS global condition context keys"; Service Authorization Reference for KMS.
struct RequestKeys<'a> {
    request: &'a RequestContext,
    service: &'a dyn Fn(&str) -> ConditionValue<'a>,
}

impl Context for RequestKeys<'_> {
    fn value(&self, name: &str) -> ConditionValue<'_> {
        let request = self.request;
        match name {
            "aws:principalarn" => request
                .caller
                .principal
                .arn()
                .map_or(ConditionValue::Absent, |arn| ConditionValue::Single(arn.into())),
            "aws:principalaccount" | "kms:calleraccount" | "aws:userid" => {
                ConditionValue::Single(request.caller.account.as_str().into())
            }
            "aws:principaltype" => match request.caller.principal {
                Principal::Root { .. } => ConditionValue::Single("Account".into()),
                Principal::Service => ConditionValue::Absent,
            },
            "aws:principalisawsservice" => {
                ConditionValue::Bool(matches!(request.caller.principal, Principal::Service))
            }
            "aws:requestedregion" => ConditionValue::Single(request.region.as_str().into()),
            "aws:sourceip" => ConditionValue::Single((&*request.source_ip_text).into()),
            "aws:securetransport" => ConditionValue::Bool(request.secure_transport),
            "aws:useragent" => ConditionValue::Single(request.user_agent.as_str().into()),
            "aws:currenttime" => ConditionValue::Single(request.received_at.rfc3339().into()),
            "aws:epochtime" => ConditionValue::Number(request.received_at.as_seconds()),
            "aws:viaawsservice" => ConditionValue::Bool(false),
            _ => (self.service)(name),
        }
    }
}

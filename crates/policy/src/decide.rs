//! Many policies, one decision: the rule of KMS and the rule of other services.
//!
//! Source: KMS Developer Guide, "Troubleshooting key access", "Key policies" and "Grants in AWS KMS"; IAM User Guide,
//! "Policy evaluation logic" (same account, cross account, boundaries and session policies).

use crate::document::Document;
use crate::evaluate::{Delegation, StatementRef, Verdict};
use crate::request::{PrincipalKind, Request};

/// What a caller may do by itself, from its own account's policies.
#[derive(Debug, Clone, Copy)]
pub enum Identity<'a> {
    /// The root user: nothing limits it on this side.
    Root,
    /// A user or a role session.
    Policies {
        attached: &'a [&'a Document],
        boundary: Option<&'a Document>,
        /// The policies given when the session was made; each must allow.
        session: &'a [&'a Document],
    },
    /// A service, which has no policies of its own.
    Service,
}

/// What the grants of a key say to a request; who asks has matched operation, constraints and grantee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// No grant allows it.
    None,
    /// A grant whose grantee is the caller's account: as in a key policy, the account's IAM policies decide.
    ToAccount,
    /// A grant whose grantee is the caller itself or the role behind its session. It needs no policy beside it, also
    /// across accounts, but does not reach beyond a boundary or a session policy.
    ToCaller,
}

impl From<bool> for Grant {
    /// True is a grant to the caller.
    fn from(granted: bool) -> Self {
        if granted { Self::ToCaller } else { Self::None }
    }
}

/// Why a request is denied. [`Denial::tail`] is how AWS puts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    ExplicitInResource,
    ExplicitInIdentity,
    ExplicitInBoundary,
    ExplicitInSession,
    NoResourcePolicy,
    NoIdentityPolicy,
    NoBoundary,
    NoSessionPolicy,
}

impl Denial {
    /// The end of AWS's message: "because no identity-based policy allows the kms:Decrypt action".
    #[must_use]
    pub fn tail(self, action: &str) -> String {
        match self {
            Self::ExplicitInResource => "with an explicit deny in a resource-based policy".to_owned(),
            Self::ExplicitInIdentity => "with an explicit deny in an identity-based policy".to_owned(),
            Self::ExplicitInBoundary => "with an explicit deny in a permissions boundary".to_owned(),
            Self::ExplicitInSession => "with an explicit deny in a session policy".to_owned(),
            Self::NoResourcePolicy => format!("because no resource-based policy allows the {action} action"),
            Self::NoIdentityPolicy => format!("because no identity-based policy allows the {action} action"),
            Self::NoBoundary => format!("because no permissions boundary allows the {action} action"),
            Self::NoSessionPolicy => format!("because no session policy allows the {action} action"),
        }
    }
}

/// The statement that decided, and in which policy of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deciding<'a> {
    /// Its place in the list given, from 0; 0 where there is one policy at most.
    pub policy: usize,
    pub statement: StatementRef<'a>,
}

/// A caller's own right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnRight<'a> {
    /// It is the root user.
    Root,
    /// A policy attached to it.
    Attached(Deciding<'a>),
}

/// What allowed a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowedBy<'a> {
    /// The resource's policy, by itself.
    Resource(StatementRef<'a>),
    /// The resource's policy and the caller's own right together.
    Both { resource: StatementRef<'a>, own: OwnRight<'a> },
    /// The caller's own right, where that is enough.
    Own(OwnRight<'a>),
    /// A grant; `own` is given for a grant to the caller's account.
    Grant { own: Option<OwnRight<'a>> },
}

/// What all policies together say, and which statement says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<'a> {
    Allowed(AllowedBy<'a>),
    /// `by` is the statement of an explicit deny; when nothing allows there is none.
    Denied {
        denial: Denial,
        by: Option<Deciding<'a>>,
    },
}

impl Decision<'_> {
    /// The decision without its statements.
    ///
    /// # Errors
    /// The [`Denial`].
    pub fn result(self) -> Result<(), Denial> {
        match self {
            Self::Allowed(_) => Ok(()),
            Self::Denied { denial, .. } => Err(denial),
        }
    }
}

/// May the caller use a KMS key? [`judge_kms`] says by which statement.
///
/// # Errors
/// [`Denial`], the reason that AWS would name.
pub fn decide_kms(
    request: &Request<'_>,
    key_policy: Option<&Document>,
    key_account: &str,
    identity: &Identity<'_>,
    granted: impl Into<Grant>,
) -> Result<(), Denial> {
    judge_kms(request, key_policy, key_account, identity, granted).result()
}

/// May the caller use a KMS key, and by which statement?
///
/// A key trusts nobody by itself: its policy names the caller, or it names the account and a policy of the caller
/// allows too, or a grant does. That holds for the root user as well.
///
/// `key_policy` is none when there is no such key: then only the caller's own rights decide, so that whoever may not
/// know of a key is denied whether it exists or not. Of another account's keys nobody may know.
#[must_use]
pub fn judge_kms<'a>(
    request: &Request<'_>,
    key_policy: Option<&'a Document>,
    key_account: &str,
    identity: &Identity<'a>,
    granted: impl Into<Grant>,
) -> Decision<'a> {
    judge(request, identity, |own| {
        let same_account = request.principal.account == key_account;
        let verdict = match key_policy {
            Some(policy) => policy.evaluate(request),
            None if same_account => return own.all().map(AllowedBy::Own),
            None => return Err(Denial::NoResourcePolicy.into()),
        };
        let by_policy = match verdict {
            Verdict::Deny { statement } => return Err(denied_by_resource(statement)),
            Verdict::Allow { by, statement } => own.beside(request, same_account, by, statement),
            Verdict::Silent => Err(Denial::NoResourcePolicy.into()),
        };
        by_policy.or_else(|without_grant| match granted.into() {
            Grant::None => Err(without_grant),
            Grant::ToAccount => own.all().map(|own| AllowedBy::Grant { own: Some(own) }),
            Grant::ToCaller => own.limits().map(|()| AllowedBy::Grant { own: None }),
        })
    })
}

/// May the caller use a resource of a service with the general rule, such as a secret? [`judge_union`] says by which
/// statement.
///
/// # Errors
/// [`Denial`], the reason that AWS would name.
pub fn decide_union(
    request: &Request<'_>,
    resource_policy: Option<&Document>,
    resource_account: &str,
    identity: &Identity<'_>,
) -> Result<(), Denial> {
    judge_union(request, resource_policy, resource_account, identity).result()
}

/// The general rule, with the statement: in one account either side is enough; across accounts both must allow.
/// `resource_policy` is none when the resource has none.
#[must_use]
pub fn judge_union<'a>(
    request: &Request<'_>,
    resource_policy: Option<&'a Document>,
    resource_account: &str,
    identity: &Identity<'a>,
) -> Decision<'a> {
    judge(request, identity, |own| {
        let same_account = request.principal.account == resource_account;
        match resource_policy.map_or(Verdict::Silent, |policy| policy.evaluate(request)) {
            Verdict::Deny { statement } => Err(denied_by_resource(statement)),
            Verdict::Allow { by, statement } => own.beside(request, same_account, by, statement),
            Verdict::Silent if same_account => own.all().map(AllowedBy::Own),
            Verdict::Silent => Err(Denial::NoResourcePolicy.into()),
        }
    })
}

/// A denial on its way out.
struct Refusal<'a> {
    denial: Denial,
    by: Option<Deciding<'a>>,
}

impl From<Denial> for Refusal<'_> {
    fn from(denial: Denial) -> Self {
        Self { denial, by: None }
    }
}

fn denied_by_resource(statement: StatementRef<'_>) -> Refusal<'_> {
    Refusal { denial: Denial::ExplicitInResource, by: Some(Deciding { policy: 0, statement }) }
}

/// An explicit deny on the caller's own side ends it; else the rest of the rule decides.
fn judge<'a>(
    request: &Request<'_>,
    identity: &Identity<'a>,
    rule: impl FnOnce(&OwnRights<'a>) -> Result<AllowedBy<'a>, Refusal<'a>>,
) -> Decision<'a> {
    match OwnRights::of(request, identity).and_then(|own| rule(&own)) {
        Ok(by) => Decision::Allowed(by),
        Err(Refusal { denial, by }) => Decision::Denied { denial, by },
    }
}

/// What the caller's own side says, once nothing there denies.
struct OwnRights<'a> {
    right: Option<OwnRight<'a>>,
    boundary: bool,
    session: bool,
}

impl<'a> OwnRights<'a> {
    fn of(request: &Request<'_>, identity: &Identity<'a>) -> Result<Self, Refusal<'a>> {
        let mut rights = Self { right: None, boundary: true, session: true };
        match identity {
            Identity::Root => rights.right = Some(OwnRight::Root),
            Identity::Service => {}
            Identity::Policies { attached, boundary, session } => {
                for (policy, document) in attached.iter().enumerate() {
                    let allow = allow(document, policy, request, Denial::ExplicitInIdentity)?;
                    rights.right = rights.right.or(allow.map(OwnRight::Attached));
                }
                if let Some(document) = boundary {
                    rights.boundary = allow(document, 0, request, Denial::ExplicitInBoundary)?.is_some();
                }
                for (policy, document) in session.iter().enumerate() {
                    let allow = allow(document, policy, request, Denial::ExplicitInSession)?;
                    rights.session &= allow.is_some();
                }
            }
        }
        Ok(rights)
    }

    /// The limits hold: boundary and session.
    fn limits(&self) -> Result<(), Refusal<'a>> {
        if !self.boundary {
            return Err(Denial::NoBoundary.into());
        }
        if !self.session {
            return Err(Denial::NoSessionPolicy.into());
        }
        Ok(())
    }

    /// The limits hold and a policy of its own allows.
    fn all(&self) -> Result<OwnRight<'a>, Refusal<'a>> {
        let right = self.right.ok_or(Denial::NoIdentityPolicy)?;
        self.limits()?;
        Ok(right)
    }

    /// What is needed beside a resource's policy that allows.
    fn beside(
        &self,
        request: &Request<'_>,
        same_account: bool,
        by: Delegation,
        resource: StatementRef<'a>,
    ) -> Result<AllowedBy<'a>, Refusal<'a>> {
        // Neither has policies of its own.
        let is_service = matches!(request.principal.kind, PrincipalKind::Service | PrincipalKind::Federated);
        match by {
            // A service has no account, and no policies that could agree.
            Delegation::Direct if is_service => Ok(AllowedBy::Resource(resource)),
            // What a boundary or a session policy merely leaves out does not limit a user or a session that the
            // resource itself names (IAM User Guide, "Policy evaluation logic", the table of implicit denies).
            Delegation::Direct if same_account => Ok(AllowedBy::Resource(resource)),
            Delegation::Role if same_account => self.limits().map(|()| AllowedBy::Resource(resource)),
            // An account only hands on what its policies give; and across accounts both sides must agree.
            Delegation::Direct | Delegation::Role | Delegation::Account => {
                self.all().map(|own| AllowedBy::Both { resource, own })
            }
        }
    }
}

fn allow<'a>(
    document: &'a Document,
    policy: usize,
    request: &Request<'_>,
    denied: Denial,
) -> Result<Option<Deciding<'a>>, Refusal<'a>> {
    match document.evaluate(request) {
        Verdict::Allow { statement, .. } => Ok(Some(Deciding { policy, statement })),
        Verdict::Deny { statement } => {
            Err(Refusal { denial: denied, by: Some(Deciding { policy, statement }) })
        }
        Verdict::Silent => Ok(None),
    }
}

//! Many policies, one decision: the rule of KMS and the rule of other services.
//!
//! Source: KMS Developer Guide, "Troubleshooting key access" and "Key policies"; IAM User Guide, "Policy
//! evaluation logic" (same account, cross account, boundaries and session policies).

use crate::document::Document;
use crate::evaluate::{Delegation, Verdict};
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

/// May the caller use a KMS key? `key_policy` is none when there is no such key: then only the caller's own
/// rights decide, so that whoever may not know of a key is denied whether it exists or not. `granted` says that
/// a grant of the key allows it.
///
/// # Errors
/// [`Denial`], the reason that AWS would name.
pub fn decide_kms(
    request: &Request<'_>,
    key_policy: Option<&Document>,
    key_account: &str,
    identity: &Identity<'_>,
    granted: bool,
) -> Result<(), Denial> {
    let own = OwnRights::of(request, identity)?;
    let Some(key_policy) = key_policy else { return own.all() };
    let verdict = key_policy.evaluate(request);
    let same_account = request.principal.account == key_account;
    match verdict {
        Verdict::Deny { .. } => Err(Denial::ExplicitInResource),
        // A service has no account; a policy or a grant that names it is all it needs.
        Verdict::Allow { by: Delegation::Direct, .. } if request.principal.kind == PrincipalKind::Service => {
            Ok(())
        }
        Verdict::Allow { by: Delegation::Direct, .. } if same_account => own.limits(),
        // Across accounts both sides must agree.
        Verdict::Allow { .. } => own.all(),
        Verdict::Silent if granted => own.limits(),
        Verdict::Silent => Err(Denial::NoResourcePolicy),
    }
}

/// May the caller use a resource of a service with the general rule, such as a secret? In one account either
/// side is enough; across accounts both must allow.
///
/// # Errors
/// [`Denial`], the reason that AWS would name.
pub fn decide_union(
    request: &Request<'_>,
    resource_policy: Option<&Document>,
    resource_account: &str,
    identity: &Identity<'_>,
) -> Result<(), Denial> {
    let own = OwnRights::of(request, identity)?;
    let verdict = resource_policy.map_or(Verdict::Silent, |policy| policy.evaluate(request));
    let same_account = request.principal.account == resource_account;
    match verdict {
        Verdict::Deny { .. } => Err(Denial::ExplicitInResource),
        Verdict::Allow { .. } if request.principal.kind == PrincipalKind::Service => Ok(()),
        Verdict::Allow { by: Delegation::Direct, .. } if same_account => own.limits(),
        Verdict::Allow { by: Delegation::Account, .. } | Verdict::Silent if same_account => own.all(),
        Verdict::Allow { .. } => own.all(),
        Verdict::Silent => Err(Denial::NoResourcePolicy),
    }
}

/// What the caller's own side says, once nothing there denies.
struct OwnRights {
    attached: bool,
    boundary: bool,
    session: bool,
}

impl OwnRights {
    fn of(request: &Request<'_>, identity: &Identity<'_>) -> Result<Self, Denial> {
        match identity {
            Identity::Root => Ok(Self { attached: true, boundary: true, session: true }),
            Identity::Service => Ok(Self { attached: false, boundary: true, session: true }),
            Identity::Policies { attached, boundary, session } => {
                let mut rights = Self { attached: false, boundary: true, session: true };
                for policy in *attached {
                    rights.attached |= allows(policy, request, Denial::ExplicitInIdentity)?;
                }
                if let Some(policy) = boundary {
                    rights.boundary = allows(policy, request, Denial::ExplicitInBoundary)?;
                }
                for policy in *session {
                    rights.session &= allows(policy, request, Denial::ExplicitInSession)?;
                }
                Ok(rights)
            }
        }
    }

    /// The limits hold: boundary and session.
    fn limits(&self) -> Result<(), Denial> {
        if !self.boundary {
            return Err(Denial::NoBoundary);
        }
        if !self.session {
            return Err(Denial::NoSessionPolicy);
        }
        Ok(())
    }

    /// The limits hold and a policy of its own allows.
    fn all(&self) -> Result<(), Denial> {
        if !self.attached {
            return Err(Denial::NoIdentityPolicy);
        }
        self.limits()
    }
}

fn allows(policy: &Document, request: &Request<'_>, denied: Denial) -> Result<bool, Denial> {
    match policy.evaluate(request) {
        Verdict::Allow { .. } => Ok(true),
        Verdict::Deny { .. } => Err(denied),
        Verdict::Silent => Ok(false),
    }
}

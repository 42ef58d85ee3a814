//! Many policies and one answer, a second time: the rule in the words of the pages.
//!
//! Source: KMS Developer Guide, "Troubleshooting key access" and "Grants in AWS KMS"; IAM User Guide, "Policy
//! evaluation logic" with its pages on one account, on several accounts, and on boundaries and session policies.

use crate::naive::Says;
use keywright_policy::{Grant, PrincipalKind};

/// What each policy of a request says.
#[derive(Debug)]
pub struct Sides {
    pub kind: PrincipalKind,
    /// None where the resource has no policy, or for a key that does not exist.
    pub resource: Option<Says>,
    pub same_account: bool,
    pub attached: Vec<Says>,
    pub boundary: Option<Says>,
    pub session: Vec<Says>,
}

/// The answer, and whether a refusal is an explicit one.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    Allowed,
    Denied { explicit: bool },
}

impl Sides {
    /// Keys trust nobody by themselves, so that the account's policies count only where the key's policy or a grant
    /// names the account.
    pub fn for_key(&self, grant: Grant) -> Answer {
        let by_policy = match self.resource {
            Some(says) => self.by_resource(says),
            None => self.same_account && self.own(),
        };
        let by_grant = self.resource.is_some()
            && match grant {
                Grant::None => false,
                Grant::ToAccount => self.own(),
                Grant::ToCaller => self.within(),
            };
        self.answer(by_policy || by_grant)
    }

    /// Elsewhere either side is enough in one account.
    pub fn elsewhere(&self) -> Answer {
        let by_resource = self.resource.is_some_and(|says| self.by_resource(says));
        let silent = matches!(self.resource, None | Some(Says::Nothing));
        self.answer(by_resource || (silent && self.same_account && self.own()))
    }

    fn answer(&self, allowed: bool) -> Answer {
        let all = self.attached.iter().chain(&self.boundary).chain(&self.session).chain(&self.resource);
        if all.into_iter().any(|says| matches!(says, Says::Deny { .. })) {
            Answer::Denied { explicit: true }
        } else if allowed {
            Answer::Allowed
        } else {
            Answer::Denied { explicit: false }
        }
    }

    fn by_resource(&self, says: Says) -> bool {
        let Says::Allow { rank, .. } = says else { return false };
        if matches!(self.kind, PrincipalKind::Service | PrincipalKind::Federated) {
            return true;
        }
        match (self.same_account, rank) {
            // Both accounts must agree.
            (false, _) | (true, 0) => self.own(),
            (true, 1) => self.within(),
            (true, _) => true,
        }
    }

    fn own(&self) -> bool {
        let allows = |says: &Says| matches!(says, Says::Allow { .. });
        (self.kind == PrincipalKind::Root || self.attached.iter().any(allows)) && self.within()
    }

    /// Within the boundary and all session policies, where there are any.
    fn within(&self) -> bool {
        self.boundary.iter().chain(&self.session).all(|says| matches!(says, Says::Allow { .. }))
    }
}

//! Permissions boundaries: managed policies that bound what a user or role may be allowed.

use crate::bearers::Bounded;
use crate::changes;
use crate::entities::Entity;
use crate::error::IamError;
use crate::policies::{self, ManagedPolicy};
use crate::service::Iam;
use keywright_auth::{RequestContext, View};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

/// A managed policy that is to bound somebody.
#[derive(Debug, Clone)]
pub struct Boundary(ManagedPolicy);

/// Refuses what is no ARN of a policy.
///
/// # Errors
/// InvalidInput.
pub(crate) fn check_arn(arn: Option<&str>) -> Result<(), IamError> {
    arn.map_or(Ok(()), policies::check_arn)
}

/// `iam:PermissionsBoundary` of a request that sets one.
pub(crate) fn condition(arn: Option<&str>) -> ConditionValue<'_> {
    arn.map_or(ConditionValue::Absent, |arn| ConditionValue::Single(arn.into()))
}

impl Boundary {
    /// # Errors
    /// The store's.
    pub(crate) async fn find(
        view: View<'_, Iam>,
        request: &RequestContext,
        arn: Option<&str>,
    ) -> Result<Option<Self>, IamError> {
        match arn {
            Some(arn) => Ok(Some(Self(ManagedPolicy::find(view, request, arn).await?))),
            None => Ok(None),
        }
    }

    pub(crate) fn arn(&self) -> &str {
        self.0.arn()
    }

    /// Keeps the policy from being deleted meanwhile.
    ///
    /// # Errors
    /// NoSuchEntity when there is no such policy.
    pub(crate) fn rely_on(&self, writes: &mut WriteSet) -> Result<(), IamError> {
        self.0.check_attachable().map_err(|_| IamError::NoSuchEntity {
            message: format!("Scope ARN: {} does not exist or is not attachable.", self.arn()),
        })?;
        self.0.rely_on(writes);
        Ok(())
    }
}

/// Somebody and the policy that is to bound it.
pub struct BoundaryFacts<R> {
    pub(crate) bearer: Entity<R>,
    boundary: Boundary,
}

impl<R: Bounded> BoundaryFacts<R> {
    /// # Errors
    /// The store's.
    pub(crate) async fn find(
        view: View<'_, Iam>,
        request: &RequestContext,
        name: &str,
        arn: &str,
    ) -> Result<Self, IamError> {
        Ok(Self {
            bearer: R::find(view, request, name).await?,
            boundary: Boundary(ManagedPolicy::find(view, request, arn).await?),
        })
    }

    /// Of whoever sets a boundary, `iam:PermissionsBoundary` is the new one: so a delegate can be held to it.
    pub(crate) fn condition<'a>(&'a self, name: &str) -> ConditionValue<'a> {
        match name {
            "iam:permissionsboundary" => condition(Some(self.boundary.arn())),
            _ => R::condition(&self.bearer, name),
        }
    }

    /// Sets it, in place of the one before.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub(crate) fn put(&self) -> Result<WriteSet, IamError> {
        let found = self.bearer.get()?;
        let mut writes = WriteSet::default();
        self.boundary.rely_on(&mut writes)?;
        let mut changed = found.row.clone();
        if let Some(before) = found.row.boundary() {
            changes::unlink(&mut writes, changed.account(), R::BOUNDARY_LINK, before, changed.id());
        }
        let arn = self.boundary.arn();
        changes::link(&mut writes, changed.account(), R::BOUNDARY_LINK, arn, changed.id());
        changed.set_boundary(Some(arn.to_owned()));
        writes.update(&changed, found.version);
        Ok(writes)
    }
}

/// Takes somebody's boundary away. Without one there is nothing to do.
///
/// # Errors
/// NoSuchEntity.
pub(crate) fn remove<R: Bounded>(bearer: &Entity<R>) -> Result<WriteSet, IamError> {
    let found = bearer.get()?;
    let mut writes = WriteSet::default();
    if let Some(before) = found.row.boundary() {
        let mut changed = found.row.clone();
        changes::unlink(&mut writes, changed.account(), R::BOUNDARY_LINK, before, changed.id());
        changed.set_boundary(None);
        writes.update(&changed, found.version);
    }
    Ok(writes)
}

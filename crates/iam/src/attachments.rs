//! Managed policies and whom they are attached to.

use crate::bearers::Bearer;
use crate::changes;
use crate::entities::Entity;
use crate::error::IamError;
use crate::paging::{Paging, page};
use crate::policies::ManagedPolicy;
use crate::service::Iam;
use keywright_auth::identities::{EntityKind, parse_entity_arn};
use keywright_auth::{Check, Checks, Env, Page, RequestContext, View};
use keywright_aws::iam::AttachedPolicy;
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;

/// Managed policies that one user, group or role may have (IAM User Guide, "IAM and AWS STS quotas").
const ATTACHED_MAX: usize = 10;

/// A policy and whoever is to have it, or to lose it.
pub struct AttachmentFacts<R> {
    bearer: Entity<R>,
    policy: ManagedPolicy,
}

impl<R: Bearer> AttachmentFacts<R> {
    /// # Errors
    /// The store's.
    pub(crate) async fn find(
        view: View<'_, Iam>,
        request: &RequestContext,
        name: &str,
        policy_arn: &str,
    ) -> Result<Self, IamError> {
        Ok(Self {
            bearer: R::find(view, request, name).await?,
            policy: ManagedPolicy::find(view, request, policy_arn).await?,
        })
    }

    pub(crate) fn checks(&self, action: &'static str) -> Checks {
        [self.bearer.check(action)].into_iter().collect()
    }

    /// `iam:PolicyARN`, and the keys of whoever bears the policy.
    pub(crate) fn condition<'a>(&'a self, _check: &Check, name: &str) -> ConditionValue<'a> {
        match name {
            "iam:policyarn" => ConditionValue::Single(self.policy.arn().into()),
            _ => R::condition(&self.bearer, name),
        }
    }

    /// Attaching what is attached already is no error.
    ///
    /// # Errors
    /// NoSuchEntity, LimitExceeded.
    pub(crate) fn attach(&self) -> Result<WriteSet, IamError> {
        let found = self.bearer.get()?;
        self.policy.check_attachable()?;
        let mut writes = WriteSet::default();
        let arn = self.policy.arn();
        if found.row.attached().iter().any(|known| known == arn) {
            return Ok(writes);
        }
        if found.row.attached().len() >= ATTACHED_MAX {
            return Err(IamError::quota(R::ATTACHED_QUOTA, ATTACHED_MAX));
        }
        let mut changed = found.row.clone();
        changed.attached_mut().push(arn.to_owned());
        self.policy.rely_on(&mut writes);
        changes::link(&mut writes, changed.account(), R::LINK, arn, changed.id());
        writes.update(&changed, found.version);
        Ok(writes)
    }

    /// # Errors
    /// NoSuchEntity, also when the policy is not attached.
    pub(crate) fn detach(&self) -> Result<WriteSet, IamError> {
        let found = self.bearer.get()?;
        let arn = self.policy.arn();
        let mut changed = found.row.clone();
        changed.attached_mut().retain(|known| known != arn);
        if changed.attached().len() == found.row.attached().len() {
            return Err(self.policy.not_found());
        }
        let mut writes = WriteSet::default();
        changes::unlink(&mut writes, changed.account(), R::LINK, arn, changed.id());
        writes.update(&changed, found.version);
        Ok(writes)
    }
}

/// A list of the managed policies that somebody has.
pub(crate) struct ListAttached {
    pub(crate) name: String,
    pub(crate) path_prefix: String,
    pub(crate) paging: Paging,
}

impl ListAttached {
    pub(crate) fn new(
        name: String,
        path_prefix: Option<String>,
        marker: Option<String>,
        max_items: Option<i32>,
    ) -> Self {
        Self {
            name,
            path_prefix: path_prefix.unwrap_or_else(|| "/".to_owned()),
            paging: Paging::new(marker, max_items),
        }
    }

    fn scope<R: Bearer>(&self) -> [&str; 4] {
        ["ListAttached", R::WORD, &self.name, &self.path_prefix]
    }

    /// # Errors
    /// The store's; a marker of another list.
    pub(crate) async fn facts<R: Bearer>(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<(Entity<R>, Page), IamError> {
        let page = self.paging.open(view.keyring, request.caller.account, &self.scope::<R>())?;
        Ok((R::find(view, request, &self.name).await?, page))
    }

    /// One page, in order of the ARNs, and the next marker.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub(crate) fn decide<R: Bearer>(
        &self,
        (bearer, at): &(Entity<R>, Page),
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Result<(Vec<AttachedPolicy>, Option<String>), IamError> {
        let mut policies: Vec<(&str, &str)> = bearer
            .get()?
            .row
            .attached()
            .iter()
            .filter_map(|arn| Some((arn.as_str(), parse_entity_arn(arn, EntityKind::Policy)?)))
            .filter(|(_, parts)| parts.path.starts_with(&self.path_prefix))
            .map(|(arn, parts)| (arn, parts.name))
            .collect();
        policies.sort_unstable();
        let account = request.caller.account;
        let (policies, marker) =
            page(at, env.keyring, account, &self.scope::<R>(), policies, |(arn, _)| (*arn).to_owned());
        let policies = policies.into_iter().map(|(arn, name)| AttachedPolicy {
            policy_name: Some(name.to_owned()),
            policy_arn: Some(arn.to_owned()),
        });
        Ok((policies.collect(), marker))
    }
}

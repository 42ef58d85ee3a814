//! UpdatePrimaryRegion: a replica becomes the primary key, and the primary key a replica of it.

use super::parse;
use crate::condition;
use crate::error::{KmsError, NotFound};
use crate::key::{Key, MultiRegion};
use crate::key_state::KeyUse;
use crate::multi_region::Family;
use crate::rotation::PERIOD_TAG;
use crate::service::{Kms, Resolved};
use crate::tagging;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{UpdatePrimaryRegionRequest, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;
use keywright_types::{KeyArn, KeyRef, Region};
use std::sync::Arc;

const ACTION: &str = "kms:UpdatePrimaryRegion";

pub struct UpdatePrimaryRegion {
    key: KeyRef,
    region: Region,
}

impl UpdatePrimaryRegion {
    /// The replica that is to become primary, once the present one is known.
    fn successor(&self, family: &Family) -> Option<Resolved> {
        let Resolved::Key(primary) = &family.resolved else { return None };
        let arn = KeyArn { region: self.region.clone(), ..primary.arn.clone() };
        let found = family.related.iter().find(|other| other.arn == arn);
        Some(found.map_or(Resolved::NoKey(arn), |key| Resolved::Key(Arc::clone(key))))
    }
}

/// The keys of one id, and the one that is to become primary.
pub struct UpdatePrimaryRegionFacts {
    family: Family,
    successor: Option<Resolved>,
}

impl Operation for UpdatePrimaryRegion {
    type Service = Kms;
    type Input = UpdatePrimaryRegionRequest;
    type Output = ();
    type Facts = UpdatePrimaryRegionFacts;
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::UPDATE_PRIMARY_REGION;
    const READ_ONLY: bool = false;

    fn parse(input: UpdatePrimaryRegionRequest, service: &Kms) -> Result<Self, KmsError> {
        Ok(Self {
            key: parse::key_without_alias(&input.key_id, service)?,
            region: parse::region(&input.primary_region, service)?,
        })
    }

    async fn facts(
        &self,
        view: View<'_, Kms>,
        request: &RequestContext,
    ) -> Result<UpdatePrimaryRegionFacts, KmsError> {
        let family = Family::find(view, view.service.resolve(view, &self.key, request).await?).await?;
        let successor = self.successor(&family);
        Ok(UpdatePrimaryRegionFacts { family, successor })
    }

    fn checks(&self, facts: &UpdatePrimaryRegionFacts, _request: &RequestContext) -> Checks {
        let successor = facts.successor.as_ref().map(|successor| successor.check(ACTION));
        [Some(facts.family.resolved.check(ACTION)), successor].into_iter().flatten().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a UpdatePrimaryRegionFacts,
        check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        if name == "kms:primaryregion" {
            return ConditionValue::Single(self.region.as_str().into());
        }
        let successor = facts.successor.as_ref();
        let asked = successor
            .filter(|successor| successor.check(ACTION).protected.arn() == check.protected.arn())
            .unwrap_or(&facts.family.resolved);
        condition::of_key(asked, Some(&self.key), name)
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &UpdatePrimaryRegionFacts,
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let primary = facts.family.get()?;
        primary.check_primary()?;
        if primary.arn.region == op.region {
            return Err(KmsError::unsupported(format!(
                "{} is already the multi-region primary key.",
                primary.arn_text
            )));
        }
        let successor = match &facts.successor {
            Some(Resolved::Key(successor)) => successor,
            Some(Resolved::NoKey(arn)) => return Err(KmsError::NotFound(NotFound::Key(arn.clone()))),
            Some(Resolved::NoAlias(_)) | None => {
                return Err(KmsError::NotFound(NotFound::Key(primary.arn.clone())));
            }
        };
        for key in [primary, successor] {
            key.state.allows(KeyUse::Replicate).map_err(|fault| KmsError::state(&key.arn_text, fault))?;
        }
        let mut writes = WriteSet::default();
        for key in std::iter::once(primary).chain(&facts.family.related) {
            let mut changed = Key::clone(key);
            changed.multi_region = Some(if key.arn == successor.arn {
                MultiRegion::Primary
            } else {
                MultiRegion::Replica { primary: op.region.clone() }
            });
            // The tag that sets the rotation period stands with the key that decides.
            if let Some(period) = primary.tags.find(PERIOD_TAG) {
                if key.arn == primary.arn {
                    changed.tags.remove(PERIOD_TAG);
                }
                if key.arn == successor.arn {
                    let mut tags = changed.tags.clone();
                    tags.insert(PERIOD_TAG.to_owned(), period.to_owned());
                    tagging::replace(&mut changed, tags, env.now)?;
                }
            }
            writes.update(&changed.to_row(), key.version);
        }
        Ok(Decision::write((), writes))
    }
}

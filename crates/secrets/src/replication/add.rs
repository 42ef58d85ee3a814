//! Replicas that somebody asks for: what is in the way, and the rows and grants that they begin with.

use super::Replication;
use crate::error::SecretsError;
use crate::rotation::Grants;
use crate::sealing::DEFAULT_KEY;
use crate::secret::{Secret, SecretKey, SecretRow};
use crate::service::{Secrets, store_fault};
use keywright_auth::identities::Json;
use keywright_auth::{Env, RequestContext, View};
use keywright_aws::secretsmanager::ReplicaRegionType;
use keywright_store::WriteSet;
use keywright_types::{Region, RegionSet};
use std::sync::Arc;

/// One Region that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct NewReplica {
    pub(crate) region: Region,
    pub(crate) kms_key: Option<String>,
}

impl NewReplica {
    /// # Errors
    /// InvalidParameterException for a Region that is not known, or is named twice.
    pub(crate) fn parse_all(
        given: Option<Vec<ReplicaRegionType>>,
        regions: &RegionSet,
    ) -> Result<Vec<Self>, SecretsError> {
        let mut parsed: Vec<Self> = Vec::new();
        for replica in given.unwrap_or_default() {
            let name = replica.region.unwrap_or_default();
            let region = regions
                .find(&name)
                .ok_or_else(|| SecretsError::parameter(format!("The Region {name} is not supported.")))?;
            if parsed.iter().any(|known| known.region == region) {
                return Err(SecretsError::parameter(format!("The Region {region} is given more than once.")));
            }
            let kms_key = replica.kms_key_id.filter(|key| !key.is_empty() && key != DEFAULT_KEY);
            parsed.push(Self { region, kms_key });
        }
        Ok(parsed)
    }
}

/// Replicas to be added to a secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adding<'a> {
    pub(crate) replicas: &'a [NewReplica],
    pub(crate) overwrite: bool,
}

/// What was found for them.
pub(crate) struct ReplicasToAdd {
    places: Vec<Place>,
    /// On the primary secret's keys, to read its values.
    reading: Grants,
}

struct Place {
    new: NewReplica,
    /// Another secret of that name.
    taken: Option<Arc<Secret>>,
    writing: Grants,
}

/// What they came to.
pub(crate) struct Added {
    pub(crate) replication: Replication,
    pub(crate) rows: Vec<SecretRow>,
}

impl ReplicasToAdd {
    /// `keys` are those that the primary secret's values are under.
    ///
    /// # Errors
    /// InvalidParameterException for the primary secret's own Region; faults of the store.
    pub(crate) async fn find(
        view: View<'_, Secrets>,
        (primary, arn): (&SecretKey, &str),
        adding: Adding<'_>,
        keys: &[&str],
        request: &RequestContext,
    ) -> Result<Self, SecretsError> {
        let mut reading = Grants::default();
        reading.prepare(view, arn, keys, request).await?;
        let mut places = Vec::new();
        for new in adding.replicas {
            if new.region == primary.region {
                return Err(SecretsError::parameter("Invalid replica region."));
            }
            let there = SecretKey { region: new.region.clone(), ..primary.clone() };
            let taken = view.service.find(view, &there).await.map_err(store_fault)?;
            let mut writing = Grants::default();
            if let Some(key) = new.kms_key.as_deref() {
                let suffix = arn.rsplit_once('-').map_or("", |(_, suffix)| suffix);
                writing.prepare(view, &there.arn(suffix), &[key], request).await?;
            }
            places.push(Place { new: new.clone(), taken, writing });
        }
        Ok(Self { places, reading })
    }

    /// Writes the rows that the replicas begin with; they are made like `primary` afterwards, by the service.
    ///
    /// # Errors
    /// What KMS refuses.
    pub(crate) fn add(
        &self,
        primary: &SecretRow,
        adding: Adding<'_>,
        env: &Env<'_, Secrets>,
        writes: &mut WriteSet,
    ) -> Result<Added, SecretsError> {
        let mut replication = primary.replication.clone().unwrap_or_default().0;
        replication.grants.extend(self.reading.give(env, writes)?);
        let mut rows = Vec::new();
        for Place { new, taken, writing } in &self.places {
            let name = new.region.to_string();
            match taken {
                Some(taken) if taken.row.suffix == primary.suffix && taken.is_replica() => continue,
                // A replica of something else, or a primary secret with replicas, is nobody's to overwrite.
                Some(taken) if !adding.overwrite || taken.row.rotation.is_some() => {
                    replication.failed.insert(
                        name.clone(),
                        format!(
                            "Replication failed: Secret name {} already exists in region {name}.",
                            primary.name
                        ),
                    );
                    continue;
                }
                Some(taken) => {
                    writes.merge(crate::deletion::removal(taken));
                }
                None => {}
            }
            replication.failed.remove(&name);
            let grants = writing.give(env, writes)?;
            let key = SecretKey { region: new.region.clone(), ..primary.secret_key() };
            rows.push(SecretRow {
                part: key.part(),
                region: key.region,
                kms_key: new.kms_key.clone(),
                versions: Json::default(),
                created_at: env.now,
                changed_at: env.now,
                primary_region: Some(primary.region.clone()),
                synced: None,
                sync_at: Some(env.now),
                replication: Some(Json(Replication { grants, ..Replication::default() })),
                rotation: None,
                run: None,
                rotation_at: None,
                held: None,
                ..primary.clone()
            });
        }
        for row in &rows {
            writes.insert(row);
        }
        Ok(Added { replication, rows })
    }
}

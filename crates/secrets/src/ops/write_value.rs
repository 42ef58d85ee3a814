//! Writing a value as a version, as CreateSecret, PutSecretValue, UpdateSecret and rotations do it.
//!
//! Source: Secrets Manager API Reference, PutSecretValue (what a token that was used before means), "Quotas" (versions).

use crate::error::SecretsError;
use crate::sealing::{KeyToUse, Opening, Sealing};
use crate::secret::{Secret, SecretRow};
use crate::service::{Secrets, find_version, store_fault};
use crate::value::SecretValue;
use crate::version::VersionRow;
use keywright_auth::{Env, RequestContext, View};
use keywright_store::{Column as _, Versioned, WriteSet};
use keywright_types::Timestamp;
use std::time::Duration;

/// Versions without labels that are kept in any case, the newest.
const UNLABELLED_KEPT: i64 = 100;
/// Younger ones are never pruned.
const PRUNED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// Versions of one secret at most; who writes so many within a day is told.
const VERSIONS_MAX: i64 = 1_000;
/// Versions pruned by one write.
const PRUNED_AT_ONCE: i64 = 20;

/// What is known before a value is written as the version `version_id`.
pub(crate) struct ValueToWrite {
    /// The version is there already, with a value: what it is shows when it is opened.
    known: Option<Opening>,
    sealing: Option<Sealing>,
    prunable: Vec<Versioned<VersionRow>>,
    is_full: bool,
}

/// What writing comes to.
pub(crate) enum Written {
    /// The same value was written before under this id; the records of having looked.
    Before(WriteSet),
    /// The version's row and what goes with it.
    Now(WriteSet),
}

impl ValueToWrite {
    /// # Errors
    /// Faults of the store; what KMS refuses comes out of [`ValueToWrite::write`].
    pub(crate) async fn prepare(
        view: View<'_, Secrets>,
        secret: &Secret,
        version_id: &str,
        kms_key: KeyToUse<'_>,
        request: &RequestContext,
    ) -> Result<Self, SecretsError> {
        let key = secret.row.secret_key();
        // Past the cache: what was written under this token decides.
        let known = find_version(view.store, &key, version_id).await.map_err(store_fault)?;
        if let Some(row) = known {
            let known = Opening::prepare(view, secret, &row, request).await?;
            return Ok(Self { known: Some(known), sealing: None, prunable: Vec::new(), is_full: false });
        }
        let sealing = Sealing::prepare(view, &key, &secret.arn, version_id, kms_key, request).await?;
        let (prunable, is_full) = prunable(view, secret, request.received_at).await?;
        Ok(Self { known: None, sealing: Some(sealing), prunable, is_full })
    }

    /// Seals `value`, unless it is there already.
    ///
    /// # Errors
    /// ResourceExistsException for a token that stands for another value, LimitExceededException, what KMS refuses.
    pub(crate) fn write(
        &self,
        value: &SecretValue,
        secret: &Secret,
        version_id: &str,
        env: &Env<'_, Secrets>,
    ) -> Result<Written, SecretsError> {
        if let Some(known) = &self.known {
            let (before, records) = known.open(env)?;
            return match before == *value {
                true => Ok(Written::Before(records)),
                false => {
                    Err(SecretsError::TokenInUse { token: version_id.to_owned(), secret: secret.arn.clone() })
                }
            };
        }
        let Some(sealing) = &self.sealing else {
            return Err(SecretsError::TokenInUse {
                token: version_id.to_owned(),
                secret: secret.arn.clone(),
            });
        };
        if self.is_full {
            return Err(SecretsError::Limit {
                message: format!(
                    "The secret has {VERSIONS_MAX} versions, none of which is without labels and older than a day."
                )
                .into(),
            });
        }
        let (row, mut writes) = sealing.seal(value, env)?;
        writes.insert(&row);
        for old in &self.prunable {
            writes.delete(old);
        }
        Ok(Written::Now(writes))
    }

    /// Whether a version of this id has a value.
    pub(crate) const fn is_known(&self) -> bool {
        self.known.is_some()
    }

    /// To be called once the decision is durable.
    pub(crate) fn done(&self, service: &Secrets) {
        if let Some(known) = &self.known {
            known.done(service);
        }
        if let Some(sealing) = &self.sealing {
            sealing.done(service);
        }
    }
}

/// Puts the labels on the version and notes the change.
pub(crate) fn label(row: &mut SecretRow, labels: &[String], version_id: &str, now: Timestamp) {
    let versions = &mut row.versions.0;
    let placeholder = versions.find(version_id).is_some_and(|version| !version.has_value());
    if placeholder {
        versions.sealed(version_id);
    }
    for label in labels {
        versions.attach(label, version_id, true, now);
    }
    row.changed_at = now;
}

/// The versions that go with the next write, and whether there is no room for it.
pub(crate) async fn prunable(
    view: View<'_, Secrets>,
    secret: &Secret,
    now: Timestamp,
) -> Result<(Vec<Versioned<VersionRow>>, bool), SecretsError> {
    let [account, region, name] = secret.row.secret_key().values();
    let labelled = i64::try_from(secret.versions().len()).unwrap_or(i64::MAX);
    let params = [
        account,
        region,
        name,
        now.minus(PRUNED_AFTER).to_value(),
        PRUNED_AT_ONCE.to_value(),
        (UNLABELLED_KEPT + labelled).to_value(),
    ];
    let count = view
        .store
        .query(
            "secret_versions",
            "SELECT count(*) FROM secret_versions WHERE account = $1 AND region = $2 AND name = $3",
            &params[..3],
        )
        .await
        .map_err(store_fault)?;
    let count: i64 = match count.into_iter().next() {
        Some(mut row) => row.take().map_err(store_fault)?,
        None => 0,
    };
    if count <= UNLABELLED_KEPT + labelled {
        return Ok((Vec::new(), false));
    }
    let mut old = view
        .store
        .select::<VersionRow>(
            "WHERE account = $1 AND region = $2 AND name = $3 AND created_at < $4 \
             ORDER BY created_at DESC LIMIT $5 OFFSET $6",
            &params,
        )
        .await
        .map_err(store_fault)?;
    old.retain(|row| secret.versions().find(&row.row.version_id).is_none());
    let is_full = count >= VERSIONS_MAX && old.is_empty();
    Ok((old, is_full))
}

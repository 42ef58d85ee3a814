//! Reading the census: which key material was used, how much, when last, and by whom.

use crate::census::MaterialCallersRow;
use crate::condition;
use crate::error::KmsError;
use crate::grant::Asked;
use crate::service::{Kms, Resolved};
use keywright_auth::{Check, RequestContext, ServiceError as _, View};
use keywright_policy::{ConditionValue, Grant};
use keywright_store::{Column as _, Store, StoreError, Value};
use keywright_types::{AccountId, KeyArn, KeyId, KeyRef, MaterialId, Region, Timestamp};

/// What whoever asks about one key must be allowed on it.
const ACTION: &str = "kms:DescribeKey";

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct UsageFilter {
    /// Only key material that is not what its key makes new things with.
    pub only_old: bool,
    /// Only what was used at this instant or later.
    pub used_since: Option<Timestamp>,
    pub callers: bool,
}

/// One key material's uses.
#[derive(Debug, Clone)]
pub struct MaterialUsage {
    pub key: KeyArn,
    pub material_id: MaterialId,
    /// What its key makes new things with.
    pub is_current: bool,
    /// None of imported key material that is not there.
    pub made_at: Option<Timestamp>,
    pub produced: u64,
    pub consumed: u64,
    pub last_produced_at: Option<Timestamp>,
    pub last_consumed_at: Option<Timestamp>,
    /// Those who used it last; none if they were not asked for.
    pub callers: Option<Vec<MaterialCallersRow>>,
}

impl MaterialUsage {
    /// Its place in the list.
    #[must_use]
    pub fn position(&self) -> String {
        format!("{}/{}/{}", self.key.region, self.key.key_id, self.material_id)
    }
}

/// Joins that tell of each use whether its key material is current. A key that was followed by another makes nothing new.
const FROM: &str = "FROM material_uses u \
    JOIN keys k ON k.account = u.account AND k.region = u.region AND k.key_id = u.key_id \
    LEFT JOIN key_materials m ON m.account = u.account AND m.region = u.region AND m.key_id = u.key_id \
        AND m.material_id = u.material_id";
const IS_OLD: &str = "(u.material_id <> k.current_material_id OR k.lineage LIKE '%\"superseded\"%')";

/// The key that a request is about, if it names one.
pub struct UsageOfKey {
    key_ref: KeyRef,
    resolved: Resolved,
}

impl UsageOfKey {
    /// # Errors
    /// The store's, or a name of another Region. An absent key is a fact.
    pub async fn find(view: View<'_, Kms>, key: &str, request: &RequestContext) -> Result<Self, KmsError> {
        let key_ref = KeyRef::parse(key, &view.service.regions)?;
        let resolved = view.service.resolve(view, &key_ref, request).await?;
        Ok(Self { key_ref, resolved })
    }

    /// The ARN that the caller's name came to, whether or not there is such a key.
    #[must_use]
    pub fn named_arn(&self) -> String {
        match &self.resolved {
            Resolved::Key(key) => key.arn_text.to_string(),
            Resolved::NoKey(arn) => arn.to_string(),
            Resolved::NoAlias(alias) => alias.to_string(),
        }
    }

    /// The question whether the caller may know of the key.
    #[must_use]
    pub fn check(&self, request: &RequestContext) -> Check {
        self.resolved.check_named(ACTION, &self.key_ref, request)
    }

    /// Whether a grant lets the caller look at the key.
    ///
    /// # Errors
    /// The store's.
    pub async fn granted(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<Grant, KmsError> {
        view.service.granted(view, Some(&self.resolved), Asked::Look, request).await
    }

    /// KMS's own condition keys; `name` is in lower case.
    #[must_use]
    pub fn condition<'a>(&'a self, name: &str) -> ConditionValue<'a> {
        condition::of_key(&self.resolved, Some(&self.key_ref), name)
    }

    /// # Errors
    /// NotFoundException, once the caller may know of the key.
    pub fn get(&self) -> Result<&KeyArn, KmsError> {
        self.resolved.get().map(|key| &key.arn)
    }
}

/// At most `limit` key materials of the account, or of one key, behind the position `after`.
///
/// # Errors
/// The store's.
pub async fn find_usage(
    view: View<'_, Kms>,
    account: AccountId,
    key: Option<&KeyArn>,
    filter: &UsageFilter,
    after: &str,
    limit: i64,
) -> Result<Vec<MaterialUsage>, KmsError> {
    let mut after = after.splitn(3, '/').map(str::to_owned);
    let mut params: Vec<Value> = vec![account.to_value()];
    params.extend((0..3).map(|_| after.next().unwrap_or_default().to_value()));
    let mut conditions = "WHERE u.account = $1 AND (u.region > $2 OR (u.region = $2 AND \
        (u.key_id > $3 OR (u.key_id = $3 AND u.material_id > $4))))"
        .to_owned();
    if let Some(key) = key {
        params.extend([key.region.to_value(), key.key_id.to_value()]);
        conditions.push_str(" AND u.region = $5 AND u.key_id = $6");
    }
    if filter.only_old {
        conditions.push_str(" AND ");
        conditions.push_str(IS_OLD);
    }
    if let Some(since) = filter.used_since {
        params.push(since.to_value());
        let place = params.len();
        conditions
            .push_str(&format!(" AND (u.last_consumed_at >= ${place} OR u.last_produced_at >= ${place})"));
    }
    params.push(limit.to_value());
    let sql = format!(
        "SELECT u.region, u.key_id, u.material_id, CASE WHEN {IS_OLD} THEN 1 ELSE 0 END, m.created_at, u.produced, \
         u.consumed, u.last_produced_at, u.last_consumed_at {FROM} {conditions} \
         ORDER BY u.region, u.key_id, u.material_id LIMIT ${}",
        params.len()
    );
    let rows = view.store.query("material_uses", &sql, &params).await.map_err(KmsError::from_store)?;
    let mut found = Vec::with_capacity(rows.len());
    for mut row in rows {
        let mut read = || -> Result<MaterialUsage, StoreError> {
            let key = KeyArn { region: row.take::<Region>()?, account, key_id: row.take::<KeyId>()? };
            Ok(MaterialUsage {
                key,
                material_id: row.take()?,
                is_current: row.take::<i64>()? == 0,
                made_at: row.take()?,
                produced: row.take()?,
                consumed: row.take()?,
                last_produced_at: row.take()?,
                last_consumed_at: row.take()?,
                callers: None,
            })
        };
        found.push(read().map_err(KmsError::from_store)?);
    }
    if filter.callers {
        for usage in &mut found {
            usage.callers = Some(callers_of(view.store, usage).await.map_err(KmsError::from_store)?);
        }
    }
    Ok(found)
}

async fn callers_of(store: &Store, usage: &MaterialUsage) -> Result<Vec<MaterialCallersRow>, StoreError> {
    let of_material = [
        usage.key.account.to_value(),
        usage.key.region.to_value(),
        usage.key.key_id.to_value(),
        usage.material_id.to_value(),
    ];
    let rows = store
        .select::<MaterialCallersRow>(
            "WHERE account = $1 AND region = $2 AND key_id = $3 AND material_id = $4 \
             ORDER BY last_used_at DESC, caller",
            &of_material,
        )
        .await?;
    Ok(rows.into_iter().map(|stored| stored.row).collect())
}

/// How old the key material in use is, for who watches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OldestInUse {
    /// When the oldest key material was made that opened or verified something since then.
    pub made_at: Option<Timestamp>,
    /// How many key materials that are not current did so.
    pub old_materials: u64,
}

/// Of all accounts: what opened or verified something at `since` or later.
///
/// # Errors
/// The store's.
pub async fn oldest_in_use(store: &Store, since: Timestamp) -> Result<OldestInUse, StoreError> {
    let sql = format!(
        "SELECT MIN(m.created_at), COUNT(CASE WHEN {IS_OLD} THEN 1 END) {FROM} WHERE u.last_consumed_at >= $1"
    );
    let mut rows = store.query("material_uses", &sql, &[since.to_value()]).await?;
    let Some(row) = rows.first_mut() else { return Ok(OldestInUse::default()) };
    Ok(OldestInUse { made_at: row.take()?, old_materials: row.take()? })
}

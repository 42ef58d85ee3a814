//! A page of the secrets of an account and Region: ordered, filtered, and bounded in what it reads.
//!
//! A page reads at most [`EXAMINED_MAX`] secrets, however few fit: it may be shorter than asked for, or empty, and still
//! name the next one (API Reference, ListSecrets: "might be empty"). So a rare filter over 100,000 secrets costs many
//! short calls and none that holds up the rest.

use crate::error::SecretsError;
use crate::filter::Filters;
use crate::secret::{Secret, SecretRow};
use crate::service::{Secrets, store_fault};
use keywright_auth::{Page, RequestContext, View};
use keywright_aws::secretsmanager::{SortByType, SortOrderType};
use keywright_store::{Column as _, Value, Versioned};
use keywright_types::Timestamp;
use std::sync::Arc;

/// Secrets examined for one page.
const EXAMINED_MAX: usize = 1_000;
/// Secrets read at once.
const CHUNK: usize = 200;
/// So many names behind a prefix are sorted in memory by the database.
const NARROW: i64 = 5_000;

/// What a list is to hold.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    pub(crate) name: &'static str,
    pub(crate) filters: Filters,
    pub(crate) with_deleted: bool,
    pub(crate) sort_by: SortByType,
    pub(crate) order: SortOrderType,
    pub(crate) limit: usize,
    pub(crate) next_token: Option<String>,
}

/// A page, and where the next one starts.
pub(crate) struct Listed {
    pub(crate) secrets: Vec<Arc<Secret>>,
    pub(crate) next: Option<String>,
}

/// A place in the list: the value that it is ordered by, and the name.
type Place = (i64, String);

impl Listing {
    fn scope(&self, request: &RequestContext) -> [String; 5] {
        [
            self.name.to_owned(),
            request.region.to_string(),
            self.filters.fingerprint(),
            self.with_deleted.to_string(),
            format!("{} {}", self.sort_by.as_str(), self.order.as_str()),
        ]
    }

    /// The marker of the page behind `next`.
    pub(crate) fn marker(
        &self,
        keyring: &keywright_crypto::Keyring,
        next: &str,
        request: &RequestContext,
    ) -> String {
        let scope = self.scope(request);
        let scope: Vec<&str> = scope.iter().map(String::as_str).collect();
        Page::marker(keyring, request.caller.account, &scope, next)
    }

    /// # Errors
    /// InvalidNextTokenException, and the store's faults.
    pub(crate) async fn read(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<Listed, SecretsError> {
        let scope = self.scope(request);
        let scope: Vec<&str> = scope.iter().map(String::as_str).collect();
        let account = request.caller.account;
        let page = Page::open(view.keyring, account, &scope, self.next_token.as_deref(), self.limit)?;
        let mut after: Option<Place> = match &page.after {
            Some(text) => Some(serde_json::from_str(text).map_err(|_| SecretsError::InvalidNextToken)?),
            None => None,
        };
        let is_narrow = self.is_narrow(view, request).await?;
        let (mut secrets, mut examined) = (Vec::new(), 0);
        loop {
            let rows = self.chunk(view, request, after.as_ref(), is_narrow).await?;
            let read = rows.len();
            for (place, row) in rows {
                examined += 1;
                after = Some(place);
                if self.filters.fit(&row.row) {
                    secrets.push(Arc::new(Secret::from_row(row).map_err(store_fault)?));
                    if secrets.len() == self.limit {
                        break;
                    }
                }
            }
            if read < CHUNK && secrets.len() < self.limit {
                return Ok(Listed { secrets, next: None });
            }
            if secrets.len() == self.limit || examined >= EXAMINED_MAX {
                break;
            }
        }
        // Whether anything is behind the last place is known only when it is read.
        let more = !self.chunk(view, request, after.as_ref(), is_narrow).await?.is_empty();
        let next = after.filter(|_| more).map(|place| serde_json::json!(place).to_string());
        Ok(Listed { secrets, next })
    }

    /// The columns of the order; the database sorts by itself what is few, else it walks an index.
    fn order_columns(&self, is_narrow: bool) -> &'static str {
        match (self.sort_by, is_narrow) {
            (SortByType::CreatedDate, false) => "created_at",
            (SortByType::CreatedDate, true) => "+created_at",
            (SortByType::LastChangedDate, false) => "changed_at",
            (SortByType::LastChangedDate, true) => "+changed_at",
            (SortByType::Name, _) => "0",
            (SortByType::LastAccessedDate, _) => {
                "coalesce((SELECT a.accessed_on FROM secret_access a WHERE a.account = secrets.account AND \
                 a.region = secrets.region AND a.name = secrets.name AND a.version_id = ''), 0)"
            }
        }
    }

    fn name_range(&self, params: &mut Vec<Value>) -> String {
        let Some(prefix) = self.filters.name_prefix() else { return String::new() };
        params.push(prefix.to_owned().to_value());
        let from = params.len();
        // Names are ASCII: this is behind all that begin so.
        params.push(format!("{prefix}\x7f").to_value());
        format!(" AND name >= ${from} AND name < ${}", params.len())
    }

    async fn is_narrow(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<bool, SecretsError> {
        if self.filters.name_prefix().is_none() {
            return Ok(false);
        }
        let mut params = vec![request.caller.account.to_value(), request.region.to_value()];
        let range = self.name_range(&mut params);
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM secrets WHERE account = $1 AND region = $2{range} LIMIT {}) few",
            NARROW + 1
        );
        let rows = view.store.query("secrets", &sql, &params).await.map_err(store_fault)?;
        let count: i64 = match rows.into_iter().next() {
            Some(mut row) => row.take().map_err(store_fault)?,
            None => 0,
        };
        Ok(count <= NARROW)
    }

    async fn chunk(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
        after: Option<&Place>,
        is_narrow: bool,
    ) -> Result<Vec<(Place, Versioned<SecretRow>)>, SecretsError> {
        let mut params = vec![request.caller.account.to_value(), request.region.to_value()];
        let column = self.order_columns(is_narrow);
        let (direction, behind) = match self.order {
            SortOrderType::Asc => ("ASC", ">"),
            SortOrderType::Desc => ("DESC", "<"),
        };
        let mut condition = "WHERE account = $1 AND region = $2".to_owned();
        if !self.with_deleted {
            condition.push_str(" AND deleted_at IS NULL");
        }
        condition.push_str(&self.name_range(&mut params));
        let by_name = self.sort_by == SortByType::Name;
        if let Some((value, name)) = after {
            if by_name {
                params.push(name.to_value());
                condition.push_str(&format!(" AND name {behind} ${}", params.len()));
            } else {
                params.push(value.to_value());
                params.push(name.to_value());
                let (value, name) = (params.len() - 1, params.len());
                condition.push_str(&format!(" AND ({column}, name) {behind} (${value}, ${name})"));
            }
        }
        match by_name {
            true => condition.push_str(&format!(" ORDER BY name {direction} LIMIT {CHUNK}")),
            false => {
                condition
                    .push_str(&format!(" ORDER BY {column} {direction}, name {direction} LIMIT {CHUNK}"));
            }
        }
        let rows = view.store.select::<SecretRow>(&condition, &params).await.map_err(store_fault)?;
        let mut placed = Vec::with_capacity(rows.len());
        for row in rows {
            let value = match self.sort_by {
                SortByType::CreatedDate => row.row.created_at.as_millis(),
                SortByType::LastChangedDate => row.row.changed_at.as_millis(),
                SortByType::Name => 0,
                SortByType::LastAccessedDate => {
                    accessed_on(view, &row.row).await?.map_or(0, Timestamp::as_millis)
                }
            };
            placed.push(((value, row.row.name.clone()), row));
        }
        Ok(placed)
    }
}

/// As the order sees it: what is in the store.
async fn accessed_on(view: View<'_, Secrets>, row: &SecretRow) -> Result<Option<Timestamp>, SecretsError> {
    let [account, region, name] = row.secret_key().values();
    let found = view
        .store
        .find::<crate::access::AccessRow>(&[account, region, name, String::new().to_value()])
        .await
        .map_err(store_fault)?;
    Ok(found.map(|stored| stored.row.accessed_on))
}

//! ListRotations: every key and every secret of the account, in all Regions, with its period, its dates and what keeps it
//! from rotating. Keys come first.

use crate::Inventory;
use crate::error::InventoryError;
use crate::rotation_entry;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Page, Protected, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::keywright::{ListRotationsRequest, ListRotationsResponse, RotationFilter, operations};
use keywright_kms::{Key, KeyRow};
use keywright_policy::{Document, Kind};
use keywright_secrets::{Secret, SecretRow};
use keywright_store::{Column as _, StoreError, Value};
use keywright_types::{AccountId, Timestamp};
use std::sync::Arc;

pub struct ListRotations {
    filter: RotationFilter,
    marker: Option<String>,
    limit: usize,
}

/// One page of keys.
pub struct RotationsPage {
    page: Page,
    lines: Vec<Line>,
}

/// A key or a secret.
enum Line {
    Key(Box<Key>),
    Secret(Box<Secret>),
}

impl ListRotations {
    fn scope(&self) -> [&'static str; 2] {
        ["ListRotations", self.filter.as_str()]
    }

    /// The rows of this list, in the order of its index.
    fn condition(&self) -> &'static str {
        const ALL: &str = "WHERE account = $1 AND (region > $2 OR (region = $2 AND key_id > $3)) \
                           ORDER BY region, key_id LIMIT $4";
        const DUE: &str = "WHERE account = $1 AND (region > $2 OR (region = $2 AND key_id > $3)) \
                           AND state = 'Enabled' AND next_rotation_at <= $4 \
                           AND (key_spec = 'SYMMETRIC_DEFAULT' OR succession_at IS NOT NULL) \
                           ORDER BY region, key_id LIMIT $5";
        const BLOCKED: &str = "WHERE account = $1 AND (region > $2 OR (region = $2 AND key_id > $3)) \
                               AND next_rotation_at IS NOT NULL AND (state <> 'Enabled' \
                               OR (key_spec <> 'SYMMETRIC_DEFAULT' AND succession_at IS NULL)) \
                               ORDER BY region, key_id LIMIT $4";
        match self.filter {
            RotationFilter::All => ALL,
            RotationFilter::Due => DUE,
            RotationFilter::Blocked => BLOCKED,
        }
    }

    /// The same of secrets. A rotation that failed says why in `run`.
    fn condition_of_secrets(&self) -> &'static str {
        const ALL: &str = "WHERE account = $1 AND (region > $2 OR (region = $2 AND name > $3)) \
                           ORDER BY region, name LIMIT $4";
        const DUE: &str = "WHERE account = $1 AND (region > $2 OR (region = $2 AND name > $3)) \
                           AND rotation_at <= $4 AND (run IS NULL OR run NOT LIKE '%\"cause\":\"%') \
                           ORDER BY region, name LIMIT $5";
        const BLOCKED: &str = "WHERE account = $1 AND (region > $2 OR (region = $2 AND name > $3)) \
                               AND run LIKE '%\"cause\":\"%' ORDER BY region, name LIMIT $4";
        match self.filter {
            RotationFilter::All => ALL,
            RotationFilter::Due => DUE,
            RotationFilter::Blocked => BLOCKED,
        }
    }

    fn params(&self, account: AccountId, after: &str, rows: i64, now: Timestamp) -> Vec<Value> {
        let (region, name) = after.split_once('/').unwrap_or_default();
        let mut params: Vec<Value> =
            vec![account.to_value(), region.to_owned().to_value(), name.to_owned().to_value()];
        match self.filter {
            RotationFilter::All | RotationFilter::Blocked => {}
            RotationFilter::Due => params.push(now.to_value()),
        }
        params.push(rows.to_value());
        params
    }
}

fn position(line: &Line) -> String {
    match line {
        Line::Key(key) => format!("key/{}/{}", key.arn.region, key.arn.key_id),
        Line::Secret(secret) => format!("secret/{}/{}", secret.row.region, secret.row.name),
    }
}

impl Operation for ListRotations {
    type Service = Inventory;
    type Input = ListRotationsRequest;
    type Output = ListRotationsResponse;
    type Facts = RotationsPage;
    type Error = InventoryError;
    const MODEL: &'static OperationModel = &operations::LIST_ROTATIONS;
    const READ_ONLY: bool = true;

    fn parse(input: ListRotationsRequest, _service: &Inventory) -> Result<Self, InventoryError> {
        Ok(Self {
            filter: input.filter.unwrap_or(RotationFilter::All),
            marker: input.marker,
            limit: input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(100),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Inventory>,
        request: &RequestContext,
    ) -> Result<RotationsPage, InventoryError> {
        let account = request.caller.account;
        let page = Page::open(view.keyring, account, &self.scope(), self.marker.as_deref(), self.limit)?;
        let after = page.after.clone().unwrap_or_default();
        let (after_key, after_secret) = match (after.strip_prefix("key/"), after.strip_prefix("secret/")) {
            (_, Some(secret)) => (None, secret),
            (Some(key), None) => (Some(key), ""),
            (None, None) => (Some(""), ""),
        };
        let mut lines = Vec::new();
        if let Some(after) = after_key {
            let params = self.params(account, after, page.rows(), view.now);
            let rows = view.store.select::<KeyRow>(self.condition(), &params).await;
            for stored in rows.map_err(InventoryError::from_store)? {
                let policy = Document::parse(&stored.row.policy, Kind::Resource)
                    .map_err(|_| StoreError::Corrupt { table: "keys", column: 0, wanted: "key policy" })
                    .map_err(InventoryError::from_store)?;
                let key = Key::from_row(stored, Arc::new(policy)).map_err(InventoryError::from_store)?;
                lines.push(Line::Key(Box::new(key)));
            }
        }
        let missing = page.rows() - i64::try_from(lines.len()).unwrap_or(i64::MAX);
        if missing > 0 {
            let params = self.params(account, after_secret, missing, view.now);
            let rows = view.store.select::<SecretRow>(self.condition_of_secrets(), &params).await;
            for stored in rows.map_err(InventoryError::from_store)? {
                let secret = Secret::from_row(stored).map_err(InventoryError::from_store)?;
                lines.push(Line::Secret(Box::new(secret)));
            }
        }
        Ok(RotationsPage { page, lines })
    }

    fn checks(&self, _facts: &RotationsPage, _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "keywright:ListRotations", protected }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &RotationsPage,
        env: Env<'_, Inventory>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let mut lines: Vec<&Line> = facts.lines.iter().collect();
        let next_marker =
            facts
                .page
                .close(env.keyring, request.caller.account, &op.scope(), &mut lines, |line| position(line));
        let entry = |line: &Line| match line {
            Line::Key(key) => rotation_entry::of_key(key, env.now),
            Line::Secret(secret) => rotation_entry::of_secret(secret, env.now),
        };
        Ok(Decision::answer(ListRotationsResponse {
            rotations: lines.into_iter().map(entry).collect(),
            truncated: next_marker.is_some(),
            next_marker,
        }))
    }
}

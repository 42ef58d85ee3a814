//! ListRotations: every key of the account, in all Regions, with its period, its dates and what keeps it
//! from rotating.

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
use keywright_store::{Column as _, StoreError, Value};
use std::sync::Arc;

pub struct ListRotations {
    filter: RotationFilter,
    marker: Option<String>,
    limit: usize,
}

/// One page of keys.
pub struct RotationsPage {
    page: Page,
    keys: Vec<Key>,
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
}

fn position(key: &Key) -> String {
    format!("{}/{}", key.arn.region, key.arn.key_id)
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
        let (region, key_id) = after.split_once('/').unwrap_or_default();
        let mut params: Vec<Value> =
            vec![account.to_value(), region.to_owned().to_value(), key_id.to_owned().to_value()];
        match self.filter {
            RotationFilter::All | RotationFilter::Blocked => {}
            RotationFilter::Due => params.push(view.now.to_value()),
        }
        params.push(page.rows().to_value());
        let rows = view.store.select::<KeyRow>(self.condition(), &params).await;
        let keys = rows
            .map_err(InventoryError::from_store)?
            .into_iter()
            .map(|stored| {
                let policy = Document::parse(&stored.row.policy, Kind::Resource)
                    .map_err(|_| StoreError::Corrupt { table: "keys", column: 0, wanted: "key policy" })?;
                Key::from_row(stored, Arc::new(policy))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(InventoryError::from_store)?;
        Ok(RotationsPage { page, keys })
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
        let mut keys: Vec<&Key> = facts.keys.iter().collect();
        let next_marker =
            facts
                .page
                .close(env.keyring, request.caller.account, &op.scope(), &mut keys, |key| position(key));
        Ok(Decision::answer(ListRotationsResponse {
            rotations: keys.into_iter().map(|key| rotation_entry::of_key(key, env.now)).collect(),
            truncated: next_marker.is_some(),
            next_marker,
        }))
    }
}

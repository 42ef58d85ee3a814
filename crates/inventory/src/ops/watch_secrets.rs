//! WatchSecrets: waits until a secret's current version is another one than the caller knows.
//!
//! It tells ids and no values: whoever may read those asks for them afterwards. What it waits for is a change of any secret,
//! here or on another node; nothing is polled.

use crate::Inventory;
use crate::error::InventoryError;
use keywright_auth::{
    Authorised, Checks, Decided, Decision, Env, Operation, RequestContext, View, keeps_right,
};
use keywright_aws::OperationModel;
use keywright_aws::keywright::{
    ChangedSecret, WatchSecretsRequest, WatchSecretsResponse, WatchedSecret, operations,
};
use keywright_policy::ConditionValue;
use keywright_secrets::CURRENT;
use keywright_secrets::rotation::OperatedSecret;
use std::time::Duration;

/// How long a call waits unless the caller says otherwise, in seconds.
const WAIT_SECONDS: u64 = 20;

pub struct WatchSecrets {
    secrets: Vec<WatchedSecret>,
    wait: Duration,
}

const ACTION: &str = "keywright:WatchSecrets";

impl WatchSecrets {
    async fn look(
        &self,
        view: View<'_, Inventory>,
        request: &RequestContext,
    ) -> Result<Vec<OperatedSecret>, InventoryError> {
        let mut found = Vec::with_capacity(self.secrets.len());
        for watched in &self.secrets {
            found.push(OperatedSecret::find(Inventory::of_secrets(view), &watched.secret_id, request).await?);
        }
        Ok(found)
    }

    /// Whether there is something to tell: a change, or that one is missing or not to be watched.
    fn has_news(&self, found: &[OperatedSecret], request: &RequestContext) -> bool {
        let none = |_: &str| ConditionValue::Absent;
        self.secrets.iter().zip(found).any(|(watched, secret)| match secret.get() {
            Err(_) => true,
            Ok(secret) => {
                secret.versions().holder(CURRENT) != watched.version_id.as_deref()
                    || !keeps_right(ACTION, &secret.arn, &secret.policy, request, &none)
            }
        })
    }
}

impl Operation for WatchSecrets {
    type Service = Inventory;
    type Input = WatchSecretsRequest;
    type Output = WatchSecretsResponse;
    type Facts = Vec<OperatedSecret>;
    type Error = InventoryError;
    const MODEL: &'static OperationModel = &operations::WATCH_SECRETS;
    const READ_ONLY: bool = true;

    fn parse(input: WatchSecretsRequest, _service: &Inventory) -> Result<Self, InventoryError> {
        let seconds = input.wait_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        Ok(Self { secrets: input.secrets, wait: Duration::from_secs(seconds.unwrap_or(WAIT_SECONDS)) })
    }

    async fn facts(
        &self,
        view: View<'_, Inventory>,
        request: &RequestContext,
    ) -> Result<Vec<OperatedSecret>, InventoryError> {
        let end = tokio::time::Instant::now() + self.wait;
        loop {
            // What changes from here on is heard of, also while it is looked.
            let change = view.service.secrets.next_change();
            let mut change = std::pin::pin!(change);
            change.as_mut().enable();
            let found = self.look(view, request).await?;
            if self.has_news(&found, request) || view.service.secrets.is_stopping() {
                return Ok(found);
            }
            if tokio::time::timeout_at(end, change).await.is_err() {
                return Ok(found);
            }
        }
    }

    fn checks(&self, facts: &Vec<OperatedSecret>, _request: &RequestContext) -> Checks {
        facts.iter().map(|secret| secret.check(ACTION)).collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Vec<OperatedSecret>,
        _env: Env<'_, Inventory>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let mut changed = Vec::new();
        for (watched, secret) in op.secrets.iter().zip(facts) {
            let secret = secret.get()?;
            if let Some(version_id) = secret.versions().holder(CURRENT)
                && watched.version_id.as_deref() != Some(version_id)
            {
                changed.push(ChangedSecret {
                    secret_id: watched.secret_id.clone(),
                    secret_arn: secret.arn.to_string(),
                    version_id: version_id.to_owned(),
                });
            }
        }
        Ok(Decision::answer(WatchSecretsResponse { changed }))
    }
}

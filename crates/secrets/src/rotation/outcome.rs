//! How a rotation ends, and what is told of it.
//!
//! Source: Secrets Manager User Guide, "Secrets Manager events": RotationStarted, RotationFailed, RotationSucceeded,
//! RotationAbandoned, and Test… of them; `AwsServiceEvent`s, also on the event bus.

use super::log::{LogEntry, note};
use super::{RotationStep, Run, wake};
use crate::PRINCIPAL;
use crate::labels::{CURRENT, PENDING};
use crate::secret::{Secret, SecretRow};
use keywright_auth::{BusEvent, Env, ServiceEvent};
use keywright_store::WriteSet;
use serde_json::json;

/// What there is to tell.
#[derive(Debug, Clone)]
pub enum RotationEvent<'a> {
    Started,
    Failed { step: RotationStep, cause: &'a str },
    Succeeded,
    Abandoned,
}

impl RotationEvent<'_> {
    const fn name(&self, test_only: bool) -> &'static str {
        match (self, test_only) {
            (Self::Started, false) => "RotationStarted",
            (Self::Started, true) => "TestRotationStarted",
            (Self::Failed { .. }, false) => "RotationFailed",
            (Self::Failed { .. }, true) => "TestRotationFailed",
            (Self::Succeeded, false) => "RotationSucceeded",
            (Self::Succeeded, true) => "TestRotationSucceeded",
            (Self::Abandoned, _) => "RotationAbandoned",
        }
    }

    /// The log's entry, the trail's record and the bus's event.
    pub(crate) fn tell<S>(&self, writes: &mut WriteSet, row: &SecretRow, run: &Run, env: &Env<'_, S>) {
        let arn = row.secret_key().arn(&row.suffix);
        let (step, outcome, cause) = match self {
            Self::Started => ("rotation", "started", None),
            Self::Failed { step, cause } => (step.as_str(), "failed", Some(*cause)),
            Self::Succeeded => ("rotation", "succeeded", None),
            Self::Abandoned => ("rotation", "abandoned", None),
        };
        note(writes, row, run, &LogEntry { step, outcome, cause }, env.now, env.rng.array());
        let name = self.name(run.test_only);
        let mut details = json!({
            "SecretId": arn,
            "ClientRequestToken": run.token,
            "RotationRequestId": format!("Rotation-{arn}-{}", run.token),
        });
        if let Self::Failed { step, cause } = self {
            details["Step"] = json!(step.as_str());
            details["errorMessage"] = json!(format!("Error during {} step: {cause}", step.as_str()));
        }
        writes.audit(
            ServiceEvent {
                event_source: PRINCIPAL,
                event_name: name,
                account: row.account,
                region: &row.region,
                resource_type: "AWS::SecretsManager::Secret",
                resource_arn: &arn,
                response_elements: None,
                details: Some(details.clone()),
            }
            .row(env),
        );
        let event = BusEvent {
            source: "aws.secretsmanager",
            detail_type: "AWS Service Event via CloudTrail",
            account: row.account,
            region: row.region.clone(),
            resources: vec![arn],
            detail: json!({
                "eventSource": PRINCIPAL,
                "eventName": name,
                "eventType": "AwsServiceEvent",
                "eventTime": env.now.rfc3339(),
                "awsRegion": row.region.as_str(),
                "sourceIPAddress": PRINCIPAL,
                "userAgent": PRINCIPAL,
                "additionalEventData": details,
            }),
        };
        writes.announce(&event.row(env));
    }
}

/// Ends a rotation that somebody made pointless, by writing another current value or by saying so: AWSPENDING goes from
/// the version that was to be, and the schedule counts from now.
pub(crate) fn abandon<S>(writes: &mut WriteSet, row: &mut SecretRow, env: &Env<'_, S>) {
    let Some(run) = row.run.take() else { return };
    let run = run.0;
    let versions = &mut row.versions.0;
    if versions.holder(PENDING) == Some(run.token.as_str())
        && versions.holder(CURRENT) != Some(run.token.as_str())
    {
        versions.detach(PENDING);
    }
    RotationEvent::Abandoned.tell(writes, row, &run, env);
    wake(row, env.now);
}

/// To be called by whatever may have moved AWSCURRENT beside the rotation machine: a rotation that was under way to another
/// version is abandoned, and the schedule counts from now.
pub(crate) fn written<S>(writes: &mut WriteSet, row: &mut SecretRow, before: &Secret, env: &Env<'_, S>) {
    if row.versions.0.holder(CURRENT) == before.versions().holder(CURRENT) {
        return;
    }
    if let Some(rotation) = &mut row.rotation {
        rotation.0.anchor = env.now.as_millis();
    }
    match &row.run {
        Some(run) if row.versions.0.holder(CURRENT) != Some(run.0.token.as_str()) => {
            abandon(writes, row, env)
        }
        Some(_) | None => wake(row, env.now),
    }
}

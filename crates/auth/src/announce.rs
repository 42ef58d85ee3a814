//! What the service tells by itself: events for the bus and records for the trail.

use crate::context::Env;
use keywright_store::{AuditRecord, OutboxRow};
use keywright_trail::{Record, Resource};
use keywright_types::{AccountId, Region};
use serde_json::{Value, json};

/// An event for the bus. Its row goes into the write set of the change that it tells of.
///
/// Source of the envelope: EventBridge User Guide, "AWS service event metadata".
#[derive(Debug)]
pub struct BusEvent {
    /// Such as `aws.kms`.
    pub source: &'static str,
    pub detail_type: &'static str,
    pub account: AccountId,
    pub region: Region,
    /// ARNs.
    pub resources: Vec<String>,
    pub detail: Value,
}

impl BusEvent {
    /// The outbox row, with a fresh event id.
    #[must_use]
    pub fn row<S>(self, env: &Env<'_, S>) -> OutboxRow {
        let event_id = env.event_id();
        let event = json!({
            "version": "0",
            "id": event_id.to_string(),
            "detail-type": self.detail_type,
            "source": self.source,
            "account": self.account.as_str(),
            "time": env.now.rfc3339(),
            "region": self.region.as_str(),
            "resources": self.resources,
            "detail": self.detail,
        });
        OutboxRow {
            event_id,
            at: env.now,
            account: self.account,
            region: self.region,
            source: self.source.to_owned(),
            detail_type: self.detail_type.to_owned(),
            event: event.to_string(),
            sent_at: None,
        }
    }
}

/// Something that the service did by itself, as CloudTrail records it (`AwsServiceEvent`).
#[derive(Debug)]
pub struct ServiceEvent<'a> {
    /// Such as `kms.amazonaws.com`.
    pub event_source: &'static str,
    pub event_name: &'static str,
    pub account: AccountId,
    pub region: &'a Region,
    /// CloudFormation's name of the type, such as `AWS::KMS::Key`.
    pub resource_type: &'static str,
    pub resource_arn: &'a str,
    pub response_elements: Option<Value>,
    /// `serviceEventDetails`.
    pub details: Option<Value>,
}

impl ServiceEvent<'_> {
    /// The audit record, with a fresh event id.
    #[must_use]
    pub fn row<S>(self, env: &Env<'_, S>) -> AuditRecord {
        let event_id = env.event_id();
        let response = self.response_elements.map(|value| value.to_string());
        let details = self.details.map(|value| value.to_string());
        let record = Record {
            source: self.event_source,
            name: self.event_name,
            region: self.region.as_str(),
            response_elements: response.as_deref(),
            resources: &[Resource {
                account: self.account,
                kind: self.resource_type,
                arn: self.resource_arn,
            }],
            service_event_details: details.as_deref(),
            ..Record::service_event(&self.account, env.now, event_id)
        }
        .to_json();
        AuditRecord { event_id, node_id: env.node, at: env.now, record }
    }
}

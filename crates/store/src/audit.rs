//! Rows that ride along with a write: its audit record and the events it announces.

use crate::row;
use keywright_types::{AccountId, EventId, NodeId, Region, Timestamp};

/// The audit record of a change, on its way into the commit of the change and then into the trail.
#[derive(Debug, Clone)]
pub struct AuditRecord {
    pub event_id: EventId,
    pub node_id: NodeId,
    pub at: Timestamp,
    /// The CloudTrail-shaped record, one JSON object.
    pub record: String,
}

row! {
    /// The write-ahead of a trail record: there from the commit of its change until the record is known to be
    /// durable in its node's trail. See the trail's rule in ARCHITECTURE.md.
    #[derive(Debug, Clone)]
    pub struct AuditRow in "audit" maced false {
        key { event_id: EventId }
        columns {
            node_id: NodeId,
            at: Timestamp,
            /// The trail's last line before the commit: the record, if it is in the trail, comes after it.
            after_seq: u64,
            record: String,
        }
    }
}

row! {
    /// An event for the bus, written in the transaction that it tells of.
    #[derive(Debug, Clone)]
    pub struct OutboxRow in "outbox" maced false {
        key { event_id: EventId }
        columns {
            at: Timestamp,
            account: AccountId,
            region: Region,
            source: String,
            detail_type: String,
            /// The whole EventBridge envelope, one JSON object.
            event: String,
            sent_at: Option<Timestamp>,
        }
    }
}

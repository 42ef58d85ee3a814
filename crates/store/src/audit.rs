//! Rows that ride along with a write: its audit record and the events it announces.

use crate::row;
use keywright_types::{AccountId, EventId, NodeId, Region, Timestamp};

row! {
    /// The write-ahead of a trail record; see the trail's rule in ARCHITECTURE.md.
    #[derive(Debug, Clone)]
    pub struct AuditRow in "audit" maced false {
        key { event_id: EventId }
        columns {
            node_id: NodeId,
            at: Timestamp,
            /// The CloudTrail-shaped record, one JSON object.
            record: String,
        }
    }
}

row! {
    /// Says that an audit row's record is not yet known to be durable in its node's trail.
    #[derive(Debug, Clone)]
    pub struct AuditPendingRow in "audit_pending" maced false {
        key { event_id: EventId }
        columns { node_id: NodeId }
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

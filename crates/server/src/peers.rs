//! The other nodes, as this one last saw them in the store.

use crate::node::NodeRow;
use keywright_store::Versioned;
use keywright_types::{NodeId, Timestamp};
use parking_lot::RwLock;
use std::time::Duration;

/// A node not seen for longer is taken for dead: its share is divided among the others.
pub(crate) const DEAD_AFTER: Duration = Duration::from_secs(20);

/// What the store says of the nodes.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    seen: RwLock<Seen>,
}

#[derive(Debug, Default, Clone)]
struct Seen {
    /// The database's clock when it was asked.
    at: Option<Timestamp>,
    nodes: Vec<Versioned<NodeRow>>,
}

/// How a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    Live,
    Stopped,
    /// Gone without a word.
    Dead,
}

impl Health {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Stopped => "stopped",
            Self::Dead => "dead",
        }
    }

    pub(crate) fn of(node: &NodeRow, now: Timestamp) -> Self {
        if node.stopped_at.is_some() {
            Self::Stopped
        } else if now.since(node.seen_at) > DEAD_AFTER {
            Self::Dead
        } else {
            Self::Live
        }
    }
}

impl Peers {
    pub(crate) fn note(&self, at: Timestamp, nodes: Vec<Versioned<NodeRow>>) {
        *self.seen.write() = Seen { at: Some(at), nodes };
    }

    /// How many nodes live, this one included.
    pub(crate) fn live(&self) -> usize {
        self.all().iter().filter(|(_, health, _)| *health == Health::Live).count()
    }

    /// Every node, how it is, and how long ago it was seen.
    pub(crate) fn all(&self) -> Vec<(NodeRow, Health, Duration)> {
        self.versioned().into_iter().map(|(node, health, ago)| (node.row, health, ago)).collect()
    }

    /// Nodes that will not log their own records any more, as far as one can tell, as they were when this node looked:
    /// whoever relies on it must expect these versions.
    pub(crate) fn gone(&self, me: NodeId) -> Vec<(Versioned<NodeRow>, Duration)> {
        self.versioned()
            .into_iter()
            .filter(|(node, health, _)| node.row.node_id != me && *health != Health::Live)
            .map(|(node, _, ago)| (node, ago))
            .collect()
    }

    fn versioned(&self) -> Vec<(Versioned<NodeRow>, Health, Duration)> {
        let seen = self.seen.read().clone();
        let Some(now) = seen.at else { return Vec::new() };
        let of = |node: Versioned<NodeRow>| {
            let (health, ago) = (Health::of(&node.row, now), now.since(node.row.seen_at));
            (node, health, ago)
        };
        seen.nodes.into_iter().map(of).collect()
    }
}

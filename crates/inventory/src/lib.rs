//! The vendor service `keywright`: what the AWS APIs have no words for.
//!
//! What: lists of what rotates when, and why something did not; used alike by the CLI and the console.
//! Why here: it looks across services, and no service looks at it.
//!
//! Not here: rotation itself (kms), findings and policies over many resources (compliance, later).

mod error;
pub mod ops;
mod rotation_entry;

use std::sync::Arc;

pub use error::InventoryError;

/// The vendor service. It has no state of its own.
#[derive(Debug, Default)]
pub struct Inventory;

impl Inventory {
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self)
    }
}

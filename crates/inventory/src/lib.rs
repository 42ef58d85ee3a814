//! The vendor service `keywright`: what the AWS APIs have no words for.
//!
//! What: lists of what rotates when, and why something did not; what a ciphertext was made with; the server's accounts;
//! why somebody may do something or not; used alike by the CLI and the console.
//! Why here: it looks across services, and no service looks at it.
//!
//! Not here: rotation itself (kms), findings and policies over many resources (compliance, later).

mod error;
pub mod ops;
mod rotation_entry;

use keywright_auth::identities::Identities;
use keywright_auth::{RequestContext, View};
use keywright_kms::Kms;
use keywright_secrets::Secrets;
use keywright_types::AccountId;
use std::sync::Arc;

pub use error::InventoryError;

/// The vendor service. It has no state of its own.
pub struct Inventory {
    kms: Arc<Kms>,
    secrets: Arc<Secrets>,
    identities: Arc<Identities>,
    /// The server's first account, which answers for the others.
    home: AccountId,
}

impl Inventory {
    #[must_use]
    pub fn new(
        home: AccountId,
        kms: Arc<Kms>,
        secrets: Arc<Secrets>,
        identities: Arc<Identities>,
    ) -> Arc<Self> {
        Arc::new(Self { kms, secrets, identities, home })
    }

    /// What KMS may read of what this service may.
    fn of_kms<'a>(view: View<'a, Self>) -> View<'a, Kms> {
        view.of(&*view.service.kms)
    }

    /// The same of the secrets manager.
    fn of_secrets<'a>(view: View<'a, Self>) -> View<'a, Secrets> {
        view.of(&*view.service.secrets)
    }

    /// Accounts are the first account's business: of another one not even the root user may.
    fn check_home(&self, request: &RequestContext, action: &str) -> Result<(), InventoryError> {
        if request.caller.account == self.home {
            return Ok(());
        }
        Err(InventoryError::AccessDenied {
            message: format!(
                "User: {} is not authorized to perform: {action} because only the server's first account may",
                request.caller.arn
            ),
        })
    }
}

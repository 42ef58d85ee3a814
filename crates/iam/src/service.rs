//! The service's settings and what its operations share.

use keywright_auth::identities::Identities;
use std::sync::Arc;

/// Identities and sessions: IAM and STS, which change and use the same rows.
pub struct Iam {
    pub(crate) identities: Arc<Identities>,
}

impl Iam {
    #[must_use]
    pub fn new(identities: Arc<Identities>) -> Arc<Self> {
        Arc::new(Self { identities })
    }
}

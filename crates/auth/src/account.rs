//! Accounts: the owners of everything.

use keywright_store::row;
use keywright_types::{AccountId, Timestamp};

row! {
    /// An account of this server.
    #[derive(Debug, Clone)]
    pub struct AccountRow in "accounts" maced true {
        key { account: AccountId }
        columns { created_at: Timestamp }
    }
}

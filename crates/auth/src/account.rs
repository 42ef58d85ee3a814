//! Accounts: the owners of everything.

use crate::identities::Json;
use keywright_store::row;
use keywright_types::{AccountId, Timestamp};

row! {
    /// An account of this server.
    #[derive(Debug, Clone)]
    pub struct AccountRow in "accounts" maced true {
        key { account: AccountId }
        columns {
            created_at: Timestamp,
            /// The account's name in the address of its console; unique on the server.
            alias: Option<String>,
            /// JSON of what IAM calls the account's password policy.
            password_policy: Option<String>,
            /// Serial numbers of the MFA devices that are switched on for the root user, as in a user's row.
            root_mfa_serials: Option<Json<Vec<String>>>,
        }
    }
}

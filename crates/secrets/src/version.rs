//! A version's value as stored.

use keywright_store::row;
use keywright_types::{AccountId, Region, Timestamp};

row! {
    /// The value of one version, sealed. It needs no MAC: it opens for its secret's ARN and its version's id alone.
    #[derive(Debug, Clone)]
    pub struct VersionRow in "secret_versions" maced false {
        key { account: AccountId, region: Region, name: String, version_id: String }
        columns {
            created_at: Timestamp,
            /// The key that the data key is encrypted under.
            kms_key_arn: String,
            is_default_key: bool,
            data_key: Vec<u8>,
            /// SecretBinary, else SecretString.
            is_binary: bool,
            value: Vec<u8>,
        }
    }
}

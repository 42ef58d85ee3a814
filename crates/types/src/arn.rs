//! ARNs of keys and aliases: `arn:aws:kms:REGION:ACCOUNT:key/ID` and `…:alias/NAME`.

use crate::{AccountId, AliasName, KeyId, Region};
use std::fmt;

/// The one partition that Keywright serves.
pub const PARTITION: &str = "aws";

/// Where a key lives and which it is; two keys with one id in two Regions are two keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyArn {
    pub region: Region,
    pub account: AccountId,
    pub key_id: KeyId,
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{PARTITION}:kms:{}:{}:key/{}", self.region, self.account, self.key_id)
    }
}

/// Where an alias lives and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AliasArn {
    pub region: Region,
    pub account: AccountId,
    pub name: AliasName,
}

impl fmt::Display for AliasArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{PARTITION}:kms:{}:{}:{}", self.region, self.account, self.name)
    }
}

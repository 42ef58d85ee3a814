//! Aliases: names that point at keys.

use keywright_store::row;
use keywright_types::{AccountId, AliasName, KeyId, Region, Timestamp};
use std::collections::BTreeSet;

row! {
    #[derive(Debug, Clone)]
    pub struct AliasRow in "aliases" maced true {
        key { account: AccountId, region: Region, name: AliasName }
        columns { key_id: KeyId, created_at: Timestamp, updated_at: Timestamp }
    }
}

/// The names of one key's aliases.
pub type AliasNames = BTreeSet<String>;

/// AWS's limit of aliases per key.
pub const ALIASES_PER_KEY_MAX: usize = 50;

/// The services of this server that have a service-managed key, `alias/aws/SERVICE`.
pub const SERVICES_WITH_KEYS: &[&str] = &["lambda", "secretsmanager"];

/// The service whose managed key `name` is; none if it is no predefined alias.
#[must_use]
pub fn predefined_service(name: &AliasName) -> Option<&'static str> {
    let service = name.as_str().strip_prefix("alias/aws/")?;
    SERVICES_WITH_KEYS.iter().copied().find(|known| *known == service)
}

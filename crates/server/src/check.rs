//! `keywright trail verify --store`: every row that decides something is looked at, beside a running server or not.

use crate::bootstrap::open_keyring;
use crate::config::Config;
use crate::error::StartError;
use crate::node::NodeRow;
use keywright_auth::identities::{GroupRow, MfaDeviceRow, PolicyRow, RoleRow, UserRow};
use keywright_auth::{AccessKeyRow, AccountRow};
use keywright_iam::CredentialReportRow;
use keywright_kms::{AliasRow, GrantRow, KeyRow, MaterialRow};
use keywright_store::{CheckReport, Row as _, Store, TableSpec};

/// The tables whose rows carry a MAC.
const TABLES: &[&TableSpec] = &[
    AccountRow::TABLE,
    AccessKeyRow::TABLE,
    KeyRow::TABLE,
    MaterialRow::TABLE,
    AliasRow::TABLE,
    NodeRow::TABLE,
    UserRow::TABLE,
    GroupRow::TABLE,
    RoleRow::TABLE,
    PolicyRow::TABLE,
    MfaDeviceRow::TABLE,
    GrantRow::TABLE,
    CredentialReportRow::TABLE,
];

/// Checks the store of a configuration; nothing is written.
///
/// # Errors
/// [`StartError`] when it cannot be read or its keys not be opened; what is wrong in it is in the report.
pub async fn check_store(config: &Config) -> Result<CheckReport, StartError> {
    let store = Store::open_read_only(&config.store_location(), &config.watermarks()).await?;
    let keyring = open_keyring(config, &store).await?;
    store.unlock(keyring.row_mac());
    let mut whole = CheckReport::default();
    for table in TABLES {
        let part = store.check(table).await?;
        whole.rows += part.rows;
        whole.findings.extend(part.findings);
    }
    store.close().await;
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::TABLES;

    /// A table with MACs that is not looked at would be a place to hide.
    #[test]
    fn every_table_with_macs_is_looked_at() {
        let schema = concat!(
            include_str!("../../store/migrations/0001_initial.sql"),
            include_str!("../../store/migrations/0002_identities.sql")
        );
        let mut with_macs: Vec<&str> = schema
            .split("CREATE TABLE ")
            .skip(1)
            .filter(|table| table.split(");").next().is_some_and(|columns| columns.contains(" mac {blob}")))
            .filter_map(|table| table.split_whitespace().next())
            .collect();
        let mut looked_at: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
        with_macs.sort_unstable();
        looked_at.sort_unstable();
        assert_eq!(looked_at, with_macs);
        assert!(TABLES.iter().all(|table| table.maced));
    }
}

//! The schema's history: numbered files, applied in order, each in one transaction.

use crate::StoreError;
use crate::dialect::Dialect;

/// One step of the schema.
pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    template: &'static str,
}

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "initial", template: include_str!("../migrations/0001_initial.sql") },
    Migration { version: 2, name: "identities", template: include_str!("../migrations/0002_identities.sql") },
    Migration {
        version: 3,
        name: "imported_and_multi_region",
        template: include_str!("../migrations/0003_imported_and_multi_region.sql"),
    },
    Migration { version: 4, name: "successors", template: include_str!("../migrations/0004_successors.sql") },
    Migration { version: 5, name: "census", template: include_str!("../migrations/0005_census.sql") },
    Migration { version: 6, name: "secrets", template: include_str!("../migrations/0006_secrets.sql") },
];

impl Migration {
    /// The statements in that dialect.
    pub(crate) fn sql(&self, dialect: &Dialect) -> String {
        dialect.fill(self.template)
    }

    /// Fingerprint of the template, the same on both engines; FNV-1a is enough to notice an edited
    /// file, which is all it is for.
    pub(crate) fn checksum(&self) -> i64 {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in self.template.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        i64::from_be_bytes(hash.to_be_bytes())
    }
}

/// The steps still to apply, given those already applied as (version, checksum) in order.
pub(crate) fn pending(applied: &[(i64, i64)]) -> Result<&'static [Migration], StoreError> {
    let known = MIGRATIONS.last().map_or(0, |last| last.version);
    if let Some(&(found, _)) = applied.iter().find(|(version, _)| *version > known) {
        return Err(StoreError::NewerSchema { found, known });
    }
    for (&(version, checksum), ours) in applied.iter().zip(MIGRATIONS) {
        if version != ours.version || checksum != ours.checksum() {
            return Err(StoreError::ForeignSchema { version });
        }
    }
    Ok(&MIGRATIONS[applied.len()..])
}

//! What a decision wants written, with what it relied on.

use crate::changes::Change;
use crate::leases::Lease;
use crate::row::{Row, RowVersion, TableSpec, Versioned};
use crate::sql::ROW_VERSION;
use crate::value::Value;
use crate::{AuditRecord, AuditRow, Column as _, OutboxRow};
use keywright_crypto::RowMac;
use keywright_types::EventId;

/// One change of one row.
#[derive(Debug)]
pub(crate) enum Write {
    Insert { table: &'static TableSpec, values: Vec<Value> },
    Update { table: &'static TableSpec, values: Vec<Value>, expected: RowVersion },
    Delete { table: &'static TableSpec, key: Vec<Value>, expected: RowVersion },
    Expect { table: &'static TableSpec, key: Vec<Value>, expected: RowVersion },
    Put { table: &'static TableSpec, values: Vec<Value>, newest_by: Option<&'static str> },
    Accumulate { table: &'static TableSpec, values: Vec<Value>, sums: &'static [&'static str] },
    DeleteChildren { table: &'static TableSpec, parent: Vec<Value> },
    KeepNewestChildren { table: &'static TableSpec, parent: Vec<Value>, newest_by: &'static str, kept: usize },
    Fence { lease: Lease },
}

/// Rows to write in one transaction, the row versions relied on, audit rows and events.
#[derive(Debug, Default)]
#[must_use = "a write set does nothing until it is committed"]
pub struct WriteSet {
    pub(crate) writes: Vec<Write>,
    audits: Vec<AuditRecord>,
}

impl WriteSet {
    /// A row that must not exist yet; if it does, the commit is a conflict.
    pub fn insert<R: Row>(&mut self, row: &R) {
        self.writes.push(Write::Insert { table: R::TABLE, values: row.to_values() });
    }

    /// A row that must still have the version it was read with.
    pub fn update<R: Row>(&mut self, row: &R, read_as: RowVersion) {
        self.writes.push(Write::Update { table: R::TABLE, values: row.to_values(), expected: read_as });
    }

    /// A row that must still have the version it was read with.
    pub fn delete<R: Row>(&mut self, row: &Versioned<R>) {
        self.writes.push(Write::Delete { table: R::TABLE, key: row.row.key_values(), expected: row.version });
    }

    /// A row that is not changed but was relied on.
    pub fn expect<R: Row>(&mut self, row: &R, read_as: RowVersion) {
        self.writes.push(Write::Expect { table: R::TABLE, key: row.key_values(), expected: read_as });
    }

    /// An observation: insert or replace, the last writer is right.
    pub fn put<R: Row>(&mut self, row: &R) {
        self.writes.push(Write::Put { table: R::TABLE, values: row.to_values(), newest_by: None });
    }

    /// An observation that several nodes make: the one with the largest value in `column` stays.
    pub fn put_newest<R: Row>(&mut self, row: &R, column: &'static str) {
        debug_assert!(R::TABLE.columns.contains(&column), "a column of the table");
        self.writes.push(Write::Put { table: R::TABLE, values: row.to_values(), newest_by: Some(column) });
    }

    /// Counts that several nodes make: the columns `sums` are added to those of the row that is there, of every other
    /// one the larger value stays. The row is inserted if there is none.
    pub fn accumulate<R: Row>(&mut self, row: &R, sums: &'static [&'static str]) {
        debug_assert!(!R::TABLE.maced, "what decides is never added up blindly");
        debug_assert!(sums.iter().all(|column| R::TABLE.columns.contains(column)), "columns of the table");
        self.writes.push(Write::Accumulate { table: R::TABLE, values: row.to_values(), sums });
    }

    /// Deletes of the rows whose primary key starts with `parent` all but the `kept` ones with the largest values in
    /// the column `newest_by`.
    pub fn keep_newest_children<R: Row>(&mut self, parent: Vec<Value>, newest_by: &'static str, kept: usize) {
        debug_assert!(!R::TABLE.maced, "no row that decides goes unnamed");
        self.writes.push(Write::KeepNewestChildren { table: R::TABLE, parent, newest_by, kept });
    }

    /// This is done under a lease: if another node took it over meanwhile, nothing is written.
    pub fn under(&mut self, lease: &Lease) {
        self.writes.push(Write::Fence { lease: lease.clone() });
    }

    /// All rows whose primary key starts with `parent`, however many. The caller relies on the parent's
    /// version: every change of a child must change or expect its parent's row.
    pub fn delete_children<R: Row>(&mut self, parent: Vec<Value>) {
        self.writes.push(Write::DeleteChildren { table: R::TABLE, parent });
    }

    /// The audit record of what this write set does; it is committed with it.
    pub fn audit(&mut self, record: AuditRecord) {
        self.audits.push(record);
    }

    /// Turns the audit records into their write-ahead rows, and gives them out in order: whoever commits this
    /// write set appends them to the trail afterwards. `after_seq` is the trail's last line by now.
    pub fn write_ahead(&mut self, after_seq: u64) -> Vec<AuditRecord> {
        let records = std::mem::take(&mut self.audits);
        for record in &records {
            self.insert(&AuditRow {
                event_id: record.event_id,
                node_id: record.node_id,
                at: record.at,
                after_seq,
                record: record.record.clone(),
            });
        }
        records
    }

    /// The record is durable in the trail; its write-ahead row goes.
    pub fn audit_logged(&mut self, event_id: EventId) {
        self.delete_children::<AuditRow>(vec![event_id.to_value()]);
    }

    pub fn announce(&mut self, event: &OutboxRow) {
        self.insert(event);
    }

    /// Whether no row is written or relied on; there may be records of what was read.
    #[must_use]
    pub fn changes_nothing(&self) -> bool {
        self.writes.is_empty()
    }

    /// The audit records of a write set that changes nothing: they go to the trail alone.
    pub fn take_audits(&mut self) -> Vec<AuditRecord> {
        debug_assert!(self.writes.is_empty(), "records of a change are written ahead of it");
        std::mem::take(&mut self.audits)
    }

    /// Joins what another service decided to this write set: both are committed together.
    pub fn merge(&mut self, other: WriteSet) {
        self.writes.extend(other.writes);
        self.audits.extend(other.audits);
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.audits.is_empty()
    }

    /// The changed rows that decide something, which caches must hear of; without those only relied on. Asked of a
    /// finished write set.
    pub(crate) fn changes(&self) -> Vec<Change> {
        let change = |table: &TableSpec, key: &[Value], version: i64, deleted| {
            table.maced.then(|| Change { table: table.name.into(), key: key.to_vec(), deleted, version })
        };
        self.writes
            .iter()
            .filter_map(|write| match write {
                Write::Insert { table, values }
                | Write::Update { table, values, .. }
                | Write::Put { table, values, .. }
                | Write::Accumulate { table, values, .. } => {
                    let version = match values.get(table.columns.len()) {
                        Some(Value::Int(version)) => *version,
                        _ => 0,
                    };
                    change(table, &values[..table.key_len], version, false)
                }
                Write::Delete { table, key, expected } => change(table, key, expected.next().0, true),
                // Whoever caches children follows their parent.
                Write::Expect { .. }
                | Write::DeleteChildren { .. }
                | Write::KeepNewestChildren { .. }
                | Write::Fence { .. } => None,
            })
            .collect()
    }

    /// Appends to each row its version and, where the table wants one, its MAC. `first` is the version of a row that
    /// is new.
    pub(crate) fn finish(
        &mut self,
        mac: Option<&RowMac>,
        first: impl Fn(&TableSpec, &[Value]) -> RowVersion,
    ) {
        debug_assert!(self.audits.is_empty(), "audit records are written ahead before the commit");
        for write in &mut self.writes {
            match write {
                Write::Insert { table, values }
                | Write::Put { table, values, .. }
                | Write::Accumulate { table, values, .. } => {
                    let version = first(table, &values[..table.key_len]);
                    finish_row(table, values, version, mac);
                }
                Write::Update { table, values, expected } => {
                    finish_row(table, values, expected.next(), mac);
                }
                Write::Delete { .. }
                | Write::Expect { .. }
                | Write::DeleteChildren { .. }
                | Write::KeepNewestChildren { .. }
                | Write::Fence { .. } => {}
            }
        }
    }
}

fn finish_row(table: &TableSpec, values: &mut Vec<Value>, version: RowVersion, mac: Option<&RowMac>) {
    values.push(Value::Int(version.0));
    if table.maced {
        let mac = mac.expect("MACed tables are written only after the store was unlocked");
        values.push(Value::Blob(row_mac(mac, table, values).to_vec()));
    }
}

/// The MAC of a row: table name, then name and content of every column that is not null, the row version
/// last. A null says nothing, so that a release which adds a column that may be null leaves the rows before
/// it sound, also for the release before.
pub(crate) fn row_mac(mac: &RowMac, table: &TableSpec, with_version: &[Value]) -> [u8; 32] {
    let names = table.columns.iter().copied().chain(std::iter::once(ROW_VERSION));
    let parts: Vec<Vec<u8>> = names
        .zip(with_version)
        .filter(|(_, value)| **value != Value::Null)
        .flat_map(|(name, value)| [name.as_bytes().to_vec(), value.mac_bytes()])
        .collect();
    mac.mac(table.name, parts.iter().map(Vec::as_slice))
}

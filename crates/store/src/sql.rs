//! The statements of the store, made from a table's description in the SQL that both engines share.
//!
//! Parameters are `$1`, `$2`, … in the order of their first appearance: PostgreSQL counts by number,
//! SQLite by first appearance, so that order makes them agree.

use crate::row::TableSpec;
use std::fmt::Write as _;

/// The column that counts a row's updates.
pub(crate) const ROW_VERSION: &str = "row_version";

fn stored_columns(table: &TableSpec) -> impl Iterator<Item = &'static str> {
    let mac = table.maced.then_some("mac");
    table.columns.iter().copied().chain(std::iter::once(ROW_VERSION)).chain(mac)
}

/// `SELECT` of all stored columns; the caller appends a condition.
pub(crate) fn select(table: &TableSpec) -> String {
    let columns: Vec<_> = stored_columns(table).collect();
    format!("SELECT {} FROM {}", columns.join(", "), table.name)
}

pub(crate) fn select_by_key(table: &TableSpec) -> String {
    format!("{} WHERE {}", select(table), key_condition(table, 1))
}

/// The next rows in the order of the primary key; with `after`, those behind the key in the parameters.
pub(crate) fn page(table: &TableSpec, after: bool, rows: usize) -> String {
    let key = table.columns[..table.key_len].join(", ");
    let places: Vec<_> = (1..=table.key_len).map(|n| format!("${n}")).collect();
    let behind = if after { format!(" WHERE ({key}) > ({})", places.join(", ")) } else { String::new() };
    format!("{}{behind} ORDER BY {key} LIMIT {rows}", select(table))
}

pub(crate) fn insert(table: &TableSpec) -> String {
    let columns: Vec<_> = stored_columns(table).collect();
    let places: Vec<_> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    format!(
        "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING",
        table.name,
        columns.join(", "),
        places.join(", ")
    )
}

/// Parameters: new values of all stored columns behind the key, then the key, then the expected version.
pub(crate) fn update(table: &TableSpec) -> String {
    let assigned: Vec<_> = stored_columns(table)
        .skip(table.key_len)
        .enumerate()
        .map(|(at, column)| format!("{column} = ${}", at + 1))
        .collect();
    let key_at = assigned.len() + 1;
    format!(
        "UPDATE {} SET {} WHERE {} AND row_version = ${}",
        table.name,
        assigned.join(", "),
        key_condition(table, key_at),
        key_at + table.key_len
    )
}

/// Parameters: the key, then the expected version.
pub(crate) fn delete(table: &TableSpec) -> String {
    format!(
        "DELETE FROM {} WHERE {} AND row_version = ${}",
        table.name,
        key_condition(table, 1),
        table.key_len + 1
    )
}

/// Parameters: the key, then the expected version. One row if it is still there in that version.
pub(crate) fn expect(table: &TableSpec) -> String {
    format!(
        "SELECT 1 FROM {} WHERE {} AND row_version = ${}",
        table.name,
        key_condition(table, 1),
        table.key_len + 1
    )
}

/// One row as long as nobody else took the lease; its time does not matter, only who held it last.
pub(crate) const FENCE: &str = "SELECT 1 FROM leases WHERE name = $1 AND token = $2";

/// Insert or replace, without an expected version: for observations. The last writer is right, or, with
/// `newest_by`, whoever has the larger value in that column.
pub(crate) fn put(table: &TableSpec, newest_by: Option<&str>) -> String {
    let columns: Vec<_> = stored_columns(table).collect();
    let places: Vec<_> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    let replaced: Vec<_> =
        columns.iter().skip(table.key_len).map(|column| format!("{column} = excluded.{column}")).collect();
    let condition = newest_by.map(|column| format!(" WHERE excluded.{column} >= {}.{column}", table.name));
    format!(
        "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}{}",
        table.name,
        columns.join(", "),
        places.join(", "),
        table.columns[..table.key_len].join(", "),
        replaced.join(", "),
        condition.unwrap_or_default()
    )
}

/// Insert, or add to what is there: the columns `sums` are added up, of every other one the larger value stays, and
/// any value is larger than none.
pub(crate) fn accumulate(table: &TableSpec, sums: &[&str]) -> String {
    let columns: Vec<_> = stored_columns(table).collect();
    let places: Vec<_> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    let name = table.name;
    let joined: Vec<_> = columns
        .iter()
        .skip(table.key_len)
        .map(|column| {
            if sums.contains(column) {
                format!("{column} = {name}.{column} + excluded.{column}")
            } else {
                format!(
                    "{column} = CASE WHEN {name}.{column} IS NULL OR excluded.{column} > {name}.{column} \
                     THEN excluded.{column} ELSE {name}.{column} END"
                )
            }
        })
        .collect();
    format!(
        "INSERT INTO {name} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}",
        columns.join(", "),
        places.join(", "),
        table.columns[..table.key_len].join(", "),
        joined.join(", ")
    )
}

/// Parameters: the first `parent_len` columns of the key. Where there are no more rows than are kept, nothing is compared
/// and nothing goes.
pub(crate) fn keep_newest_children(
    table: &TableSpec,
    parent_len: usize,
    newest_by: &str,
    kept: usize,
) -> String {
    let name = table.name;
    let of_parent = columns_equal(&table.columns[..parent_len], 1);
    let order: Vec<_> =
        std::iter::once(newest_by).chain(table.columns[parent_len..table.key_len].iter().copied()).collect();
    let newest_first: Vec<_> = order.iter().map(|column| format!("{column} DESC")).collect();
    format!(
        "DELETE FROM {name} WHERE {of_parent} AND ({order}) < \
         (SELECT {order} FROM {name} WHERE {of_parent} ORDER BY {} LIMIT 1 OFFSET {})",
        newest_first.join(", "),
        kept.saturating_sub(1),
        order = order.join(", "),
    )
}

/// Parameters: the first `parent_len` columns of the key.
pub(crate) fn delete_children(table: &TableSpec, parent_len: usize) -> String {
    format!("DELETE FROM {} WHERE {}", table.name, columns_equal(&table.columns[..parent_len], 1))
}

fn key_condition(table: &TableSpec, first: usize) -> String {
    columns_equal(&table.columns[..table.key_len], first)
}

fn columns_equal(columns: &[&str], first: usize) -> String {
    let mut condition = String::new();
    for (at, column) in columns.iter().enumerate() {
        let and = if at == 0 { "" } else { " AND " };
        write!(condition, "{and}{column} = ${}", first + at).expect("writing to a String cannot fail");
    }
    condition
}

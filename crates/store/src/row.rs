//! Typed rows: what a table's columns are, said once.

use crate::value::{Record, Value};
use crate::{Column, StoreError};

/// Grows by one with every update of a row; the base of optimistic concurrency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowVersion(pub(crate) i64);

impl RowVersion {
    /// The version of a row that is not in the store yet, and of new rows of tables without MACs.
    pub const FIRST: Self = Self(1);

    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The number as stored, for records that name it.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl Column for RowVersion {
    fn to_value(&self) -> Value {
        Value::Int(self.0)
    }
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value).map(Self)
    }
}

/// A row and the version it had when it was read.
#[derive(Debug, Clone)]
pub struct Versioned<R> {
    pub row: R,
    pub version: RowVersion,
}

/// A table: its name, its columns (the first `key_len` are the primary key) and whether rows are MACed.
/// `row_version` and `mac` come after the columns and belong to the store.
#[derive(Debug)]
pub struct TableSpec {
    pub name: &'static str,
    pub columns: &'static [&'static str],
    pub key_len: usize,
    pub maced: bool,
}

/// A struct that is one row of one table. Made by [`row!`](crate::row).
pub trait Row: Sized + Send + 'static {
    const TABLE: &'static TableSpec;

    /// All columns in the table's order.
    fn to_values(&self) -> Vec<Value>;

    /// The primary key's columns in the table's order.
    fn key_values(&self) -> Vec<Value>;

    /// # Errors
    /// [`StoreError::Corrupt`] if a column does not hold what it should.
    fn from_record(record: &mut Record) -> Result<Self, StoreError>;
}

/// Declares a row struct and its table in one place:
/// `row! { pub struct AliasRow in "aliases" maced true { key { account: AccountId, … } columns { … } } }`.
#[macro_export]
macro_rules! row {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident in $table:literal maced $maced:literal {
            key { $($(#[$kmeta:meta])* $key:ident : $ktype:ty),* $(,)? }
            columns { $($(#[$cmeta:meta])* $column:ident : $ctype:ty),* $(,)? }
        }
    ) => {
        $(#[$meta])*
        $vis struct $name {
            $($(#[$kmeta])* pub $key: $ktype,)*
            $($(#[$cmeta])* pub $column: $ctype,)*
        }

        impl $crate::Row for $name {
            const TABLE: &'static $crate::TableSpec = &$crate::TableSpec {
                name: $table,
                columns: &[$(stringify!($key),)* $(stringify!($column),)*],
                key_len: [$(stringify!($key)),*].len(),
                maced: $maced,
            };

            fn to_values(&self) -> Vec<$crate::Value> {
                vec![
                    $($crate::Column::to_value(&self.$key),)*
                    $($crate::Column::to_value(&self.$column),)*
                ]
            }

            fn key_values(&self) -> Vec<$crate::Value> {
                vec![$($crate::Column::to_value(&self.$key),)*]
            }

            fn from_record(record: &mut $crate::Record) -> Result<Self, $crate::StoreError> {
                Ok(Self {
                    $($key: record.take()?,)*
                    $($column: record.take()?,)*
                })
            }
        }
    };
}

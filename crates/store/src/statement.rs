//! What a write becomes for an engine: one statement, and what must come of it.

use crate::sql;
use crate::value::Value;
use crate::write_set::Write;
use std::borrow::Cow;

/// What a statement must have done for its commit to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Must {
    /// Written exactly one row; otherwise somebody else was first.
    WriteOne,
    /// Seen exactly one row, which stays as it is until the commit.
    SeeOne,
    /// Nothing: any number of rows will do.
    Run,
}

pub(crate) struct Statement<'a> {
    pub(crate) sql: Cow<'static, str>,
    pub(crate) params: Cow<'a, [Value]>,
    pub(crate) must: Must,
}

impl Write {
    pub(crate) fn statement(&self) -> Statement<'_> {
        let (sql, params, must) = match self {
            Self::Insert { table, values } => {
                (sql::insert(table).into(), Cow::Borrowed(values.as_slice()), Must::WriteOne)
            }
            Self::Put { table, values, newest_by } => {
                (sql::put(table, *newest_by).into(), Cow::Borrowed(values.as_slice()), Must::Run)
            }
            Self::Accumulate { table, values, sums } => {
                (sql::accumulate(table, sums).into(), Cow::Borrowed(values.as_slice()), Must::Run)
            }
            Self::Update { table, values, expected } => {
                let mut params = values[table.key_len..].to_vec();
                params.extend_from_slice(&values[..table.key_len]);
                params.push(Value::Int(expected.0));
                (sql::update(table).into(), Cow::Owned(params), Must::WriteOne)
            }
            Self::Delete { table, key, expected } => {
                (sql::delete(table).into(), Cow::Owned(with(key, expected.0)), Must::WriteOne)
            }
            Self::DeleteChildren { table, parent } => {
                let sql = sql::delete_children(table, parent.len());
                (sql.into(), Cow::Borrowed(parent.as_slice()), Must::Run)
            }
            Self::KeepNewestChildren { table, parent, newest_by, kept } => {
                let sql = sql::keep_newest_children(table, parent.len(), newest_by, *kept);
                (sql.into(), Cow::Borrowed(parent.as_slice()), Must::Run)
            }
            Self::Expect { table, key, expected } => {
                (sql::expect(table).into(), Cow::Owned(with(key, expected.0)), Must::SeeOne)
            }
            Self::Fence { lease } => {
                let params = vec![Value::Text(lease.name.clone()), Value::Int(lease.token)];
                (Cow::Borrowed(sql::FENCE), Cow::Owned(params), Must::SeeOne)
            }
        };
        Statement { sql, params, must }
    }
}

fn with(key: &[Value], version: i64) -> Vec<Value> {
    let mut params = key.to_vec();
    params.push(Value::Int(version));
    params
}

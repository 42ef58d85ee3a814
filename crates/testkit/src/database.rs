//! The store of a test, on either engine, and the way behind the service's back.

use crate::postgres;
use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::types::ValueRef;
use std::path::{Path, PathBuf};

/// The engines; what touches the store is tested on each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Where a test's data is.
#[derive(Debug, Clone)]
pub enum Database {
    File(PathBuf),
    Url(String),
}

impl Database {
    /// A new, empty database; `file` is its place if it is a file.
    #[must_use]
    pub fn new(engine: Engine, file: &Path) -> Self {
        match engine {
            Engine::Sqlite => Self::File(file.to_owned()),
            Engine::Postgres => Self::Url(postgres::database()),
        }
    }

    /// Runs statements of the SQL that both engines share. Gives the rows of the last, one a line, columns parted
    /// by `|`, as psql prints them without decoration.
    ///
    /// # Panics
    /// If a statement fails.
    pub fn sql(&self, statements: &str) -> String {
        match self {
            Self::File(path) => {
                let database = rusqlite::Connection::open(path).expect("the database opens");
                database.busy_timeout(std::time::Duration::from_secs(10)).expect("a setting");
                in_sqlite(&database, statements)
            }
            Self::Url(url) => postgres::sql(url, statements),
        }
    }

    /// The one number that a query gives.
    ///
    /// # Panics
    /// If it gives something else.
    pub fn number(&self, query: &str) -> i64 {
        self.sql(query).parse().expect("one number")
    }
}

fn in_sqlite(database: &rusqlite::Connection, statements: &str) -> String {
    let mut batch = rusqlite::Batch::new(database, statements);
    let mut lines = Vec::new();
    while let Some(mut statement) = batch.next().expect("the statement is SQL") {
        lines.clear();
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().expect("the statement runs") {
            let values: Vec<String> = (0..columns)
                .map(|at| match row.get_ref(at).expect("a column") {
                    ValueRef::Null => String::new(),
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Real(number) => number.to_string(),
                    ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    ValueRef::Blob(blob) => {
                        let digits: String = blob.iter().map(|byte| format!("{byte:02x}")).collect();
                        format!("\\x{digits}")
                    }
                })
                .collect();
            lines.push(values.join("|"));
        }
    }
    lines.join("\n")
}

/// Makes each async function, which takes an [`Engine`], a test on SQLite and a test on PostgreSQL.
#[macro_export]
macro_rules! on_both_engines {
    ($($check:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $check() { super::$check($crate::Engine::Sqlite).await; })*
        }
        mod postgres {
            $(#[tokio::test] async fn $check() { super::$check($crate::Engine::Postgres).await; })*
        }
    };
}

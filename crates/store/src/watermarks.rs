//! What this node remembers of row versions, so that rows rolled back behind the service's back are not believed.
//!
//! A row's MAC says that the service wrote it, not that it is the latest it wrote: whoever can write the database can
//! put an old row back, with its old MAC. So each node keeps, outside the database, the highest version it has seen
//! of every row that decides something, and whether the row was deleted. A row below its watermark is refused.
//!
//! The memory is a file in the data folder, written behind within a second and never fsynced: what a kill takes of it
//! is the last second. A node remembers what it wrote, read or heard of; a new one knows nothing yet.

use crate::row::TableSpec;
use crate::value::Value;
use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Rows of these tables never change once written, so that there is nothing to roll back to.
const NEVER_CHANGED: &[&str] = &["key_materials"];
/// Tables whose rows go with a row of another one, whose key is the beginning of theirs: when that one is deleted, nobody
/// says of each of them that it is gone.
const CHILDREN: &[(&str, &str, usize)] = &[("grants", "keys", 3)];
/// How long a watermark waits in memory.
const WRITTEN_WITHIN: Duration = Duration::from_millis(500);

/// So many do not wait any longer, so that memory does not grow with a burst.
const UNWRITTEN_MANY: usize = 1000;

/// The latest that is known of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watermark {
    pub(crate) version: i64,
    pub(crate) deleted: bool,
}

/// Name of a row: its table and its primary key as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RowName {
    pub(crate) table: String,
    pub(crate) key: String,
}

impl RowName {
    pub(crate) fn new(table: &str, key: &[Value]) -> Self {
        Self { table: table.to_owned(), key: key_text(key) }
    }
}

/// A primary key as JSON, for the watermarks' file, for change rows and for messages.
pub(crate) fn key_text(key: &[Value]) -> String {
    let parts: Vec<serde_json::Value> = key.iter().map(Value::to_json).collect();
    serde_json::Value::Array(parts).to_string()
}

/// The memory; clones share it.
#[derive(Clone)]
pub(crate) struct Watermarks {
    shared: Arc<Shared>,
}

struct Shared {
    file: Mutex<Connection>,
    unwritten: Mutex<Unwritten>,
    wake: Condvar,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
}

#[derive(Default)]
struct Unwritten {
    marks: HashMap<RowName, Watermark>,
    closing: bool,
}

/// The memory cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error(
    "the watermarks in {path} cannot be used: {cause}. They can be removed; rows rolled back before are then not noticed"
)]
pub struct WatermarksError {
    path: PathBuf,
    cause: rusqlite::Error,
}

impl Watermarks {
    pub(crate) fn open(path: &Path) -> Result<Self, WatermarksError> {
        let opened = || -> rusqlite::Result<Connection> {
            let file = Connection::open(path)?;
            file.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
            file.pragma_update(None, "synchronous", "NORMAL")?;
            file.pragma_update(None, "cache_size", -1024)?;
            file.execute_batch(
                "CREATE TABLE IF NOT EXISTS watermarks (
                     \"table\" TEXT NOT NULL, \"key\" TEXT NOT NULL, version INTEGER NOT NULL, deleted INTEGER NOT NULL,
                     PRIMARY KEY (\"table\", \"key\")) WITHOUT ROWID",
            )?;
            Ok(file)
        };
        let failed = |cause| WatermarksError { path: path.to_owned(), cause };
        // For the owner alone, before there is anything in it.
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .and_then(|file| {
                use std::os::unix::fs::PermissionsExt as _;
                file.set_permissions(std::fs::Permissions::from_mode(0o600))
            })
            .map_err(|cause| failed(rusqlite::Error::ToSqlConversionFailure(cause.into())))?;
        let made = Self::of(opened().map_err(failed)?);
        let writing = Arc::clone(&made.shared);
        let writer =
            std::thread::Builder::new().name("watermarks".to_owned()).spawn(move || write_behind(&writing));
        *made.shared.writer.lock() = writer.ok();
        Ok(made)
    }

    /// For whoever only looks, beside a server that writes.
    pub(crate) fn open_read_only(path: &Path) -> Result<Self, WatermarksError> {
        let failed = |cause| WatermarksError { path: path.to_owned(), cause };
        if !path.exists() {
            let nothing = Connection::open_in_memory().map_err(failed)?;
            let table = "CREATE TABLE watermarks (\"table\", \"key\", version, deleted)";
            nothing.execute_batch(table).map_err(failed)?;
            return Ok(Self::of(nothing));
        }
        let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
        Ok(Self::of(file))
    }

    fn of(file: Connection) -> Self {
        let shared = Shared {
            file: Mutex::new(file),
            unwritten: Mutex::default(),
            wake: Condvar::new(),
            writer: Mutex::new(None),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Whether anything is remembered of rows of that table.
    pub(crate) fn concern(table: &TableSpec) -> bool {
        table.maced && Self::concern_named(table.name)
    }

    /// The same of a table of a change, which is one with MACs.
    pub(crate) fn concern_named(table: &str) -> bool {
        !NEVER_CHANGED.contains(&table)
    }

    /// Whether the row went with the one that it belonged to.
    pub(crate) fn went_with_its_parent(&self, name: &RowName) -> bool {
        CHILDREN.iter().filter(|(table, ..)| *table == name.table).any(|(_, parent, key_len)| {
            let Ok(mut key) = serde_json::from_str::<Vec<serde_json::Value>>(&name.key) else { return false };
            key.truncate(*key_len);
            let parent =
                RowName { table: (*parent).to_owned(), key: serde_json::Value::Array(key).to_string() };
            self.find(&parent).is_some_and(|known| known.deleted)
        })
    }

    pub(crate) fn find(&self, name: &RowName) -> Option<Watermark> {
        if let Some(mark) = self.shared.unwritten.lock().marks.get(name) {
            return Some(*mark);
        }
        let file = self.shared.file.lock();
        let found = file
            .prepare_cached("SELECT version, deleted FROM watermarks WHERE \"table\" = ?1 AND \"key\" = ?2")
            .and_then(|mut statement| {
                statement
                    .query_row(params![name.table, name.key], |row| {
                        Ok(Watermark { version: row.get(0)?, deleted: row.get(1)? })
                    })
                    .optional()
            });
        found.unwrap_or_else(|fault| {
            tracing::error!(%fault, "the watermarks cannot be read: rows rolled back would not be noticed");
            None
        })
    }

    /// Remembers, unless something later is remembered already.
    pub(crate) fn raise(&self, name: RowName, mark: Watermark) {
        let known = self.find(&name);
        if known.is_some_and(|known| known.version >= mark.version) {
            return;
        }
        let mut unwritten = self.shared.unwritten.lock();
        unwritten.marks.insert(name, mark);
        if unwritten.marks.len() == UNWRITTEN_MANY {
            self.shared.wake.notify_one();
        }
    }

    /// Every row remembered as there; for whoever looks for what is missing.
    pub(crate) fn live(&self, table: &str) -> Vec<RowName> {
        let read = || -> rusqlite::Result<BTreeMap<String, bool>> {
            let file = self.shared.file.lock();
            let mut statement =
                file.prepare("SELECT \"key\", deleted FROM watermarks WHERE \"table\" = ?1")?;
            let found = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
            found.collect()
        };
        let mut rows = read().unwrap_or_default();
        for (name, mark) in &self.shared.unwritten.lock().marks {
            if name.table == table {
                rows.insert(name.key.clone(), mark.deleted);
            }
        }
        let there = rows.into_iter().filter(|(_, deleted)| !deleted);
        there.map(|(key, _)| RowName { table: table.to_owned(), key }).collect()
    }

    /// Writes what waits, and ends the writing.
    pub(crate) fn close(&self) {
        self.shared.unwritten.lock().closing = true;
        self.shared.wake.notify_all();
        let writer = self.shared.writer.lock().take();
        if let Some(writer) = writer {
            let _ended = writer.join();
        }
    }
}

fn write_behind(shared: &Shared) {
    loop {
        let (marks, closing) = {
            let mut unwritten = shared.unwritten.lock();
            if !unwritten.closing {
                shared.wake.wait_for(&mut unwritten, WRITTEN_WITHIN);
            }
            (unwritten.marks.clone(), unwritten.closing)
        };
        if !marks.is_empty() {
            match write(&mut shared.file.lock(), &marks) {
                // What was raised again meanwhile stays for the next time.
                Ok(()) => shared.unwritten.lock().marks.retain(|name, mark| marks.get(name) != Some(mark)),
                Err(fault) => tracing::warn!(%fault, "watermarks could not be written; they are tried again"),
            }
        }
        if closing {
            return;
        }
    }
}

fn write(file: &mut Connection, marks: &HashMap<RowName, Watermark>) -> rusqlite::Result<()> {
    let transaction = file.transaction()?;
    {
        let mut statement = transaction.prepare_cached(
            "INSERT INTO watermarks VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET version = excluded.version, deleted = excluded.deleted",
        )?;
        for (name, mark) in marks {
            statement.execute(params![name.table, name.key, mark.version, mark.deleted])?;
        }
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::{RowName, Watermark, Watermarks};

    #[test]
    fn a_watermark_only_rises_and_outlives_the_process() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("watermarks.db");
        let name = RowName { table: "keys".to_owned(), key: "[\"a\"]".to_owned() };
        let mark = |version, deleted| Watermark { version, deleted };
        let watermarks = Watermarks::open(&path).expect("it opens");
        assert_eq!(watermarks.find(&name), None);
        watermarks.raise(name.clone(), mark(5, false));
        watermarks.raise(name.clone(), mark(4, true));
        assert_eq!(watermarks.find(&name), Some(mark(5, false)));
        watermarks.close();
        let again = Watermarks::open(&path).expect("it opens");
        assert_eq!(again.find(&name), Some(mark(5, false)));
        assert_eq!(again.live("keys"), std::slice::from_ref(&name));
        again.raise(name.clone(), mark(6, true));
        again.close();
        let read_only = Watermarks::open_read_only(&path).expect("it opens");
        assert_eq!(read_only.find(&name), Some(mark(6, true)));
        assert!(read_only.live("keys").is_empty());
    }
}
